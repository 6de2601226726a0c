import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { Database } from '../database/database.js';
import { Problem } from '../errors.js';

/** What each figure of a simulation counts, kept as pages of lines. */

const deflate = promisify<Buffer, { level: number }, Buffer>(deflateRaw);
const inflate = promisify<Buffer, Buffer>(inflateRaw);

const linesInPage = 2000;
const pagesOnTheWay = 4;

/** Writes lists of one simulation, several at once; pages go out as they fill, so memory does not grow with the lists. */
export class PageWriter {
  private readonly lists = new Map<string, { lines: string[]; number: number }>();
  private readonly onTheWay = new Set<Promise<void>>();
  private failure: Error | null = null;

  constructor(
    private readonly database: Database,
    private readonly simulationId: string,
  ) {}

  /** True when the caller should wait for `settle` before it goes on. Lines MUST hold no line break. */
  add(list: string, line: string): boolean {
    let open = this.lists.get(list);
    if (open === undefined) this.lists.set(list, (open = { lines: [], number: 0 }));
    open.lines.push(line);
    if (open.lines.length >= linesInPage) this.send(list, open);
    return this.onTheWay.size > pagesOnTheWay;
  }

  /** Waits until there is room for more; throws what went wrong on the way. */
  async settle(): Promise<void> {
    while (this.onTheWay.size > pagesOnTheWay) await Promise.race(this.onTheWay);
    if (this.failure !== null) throw this.failure;
  }

  /** Writes what is left. */
  async finish(): Promise<void> {
    for (const [list, open] of this.lists) if (open.lines.length > 0) this.send(list, open);
    await Promise.all(this.onTheWay);
    if (this.failure !== null) throw this.failure;
  }

  private send(list: string, open: { lines: string[]; number: number }): void {
    const { lines, number } = open;
    open.lines = [];
    open.number++;
    const written = this.write(list, number, lines)
      .catch((error: unknown) => {
        this.failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => this.onTheWay.delete(written));
    this.onTheWay.add(written);
  }

  private async write(list: string, number: number, lines: readonly string[]): Promise<void> {
    const content = await deflate(Buffer.from(lines.join('\n')), { level: 1 });
    await this.database.query(
      'INSERT INTO simulation_page (simulation_id, list, number, items, content) VALUES ($1, $2, $3, $4, $5)',
      [this.simulationId, list, number, lines.length, content],
    );
  }
}

/** Lines of a list from a place on, with the place of the line after each. */
export interface PlacedLine {
  readonly list: string;
  readonly line: string;
  readonly next: string;
}

/**
 * Lines of the lists, one list after the other. `cursor` is a place given before, null for the beginning.
 * @throws Problem `invalid_input` for a cursor of other lists
 */
export async function* readLines(
  database: Database,
  simulationId: string,
  lists: readonly string[],
  cursor: string | null,
): AsyncGenerator<PlacedLine> {
  const start = placeOf(cursor, lists.length);
  for (const [at, list] of lists.entries()) {
    if (at < start.list) continue;
    let number = at === start.list ? start.page : 0;
    let skip = at === start.list ? start.line : 0;
    for (;;) {
      const [page] = await database.query<{ content: Buffer }>(
        'SELECT content FROM simulation_page WHERE simulation_id = $1 AND list = $2 AND number = $3',
        [simulationId, list, number],
      );
      if (page === undefined) break;
      const lines = (await inflate(page.content)).toString('utf8').split('\n');
      for (let line = skip; line < lines.length; line++) {
        yield { list, line: lines[line] ?? '', next: `${at}.${number}.${line + 1}` };
      }
      skip = 0;
      number++;
    }
  }
}

function placeOf(cursor: string | null, lists: number): { list: number; page: number; line: number } {
  if (cursor === null) return { list: 0, page: 0, line: 0 };
  const [, list, page, line] = /^(\d{1,3})\.(\d{1,8})\.(\d{1,8})$/u.exec(cursor) ?? [];
  const place = { list: Number(list), page: Number(page), line: Number(line) };
  if (list === undefined || place.list >= lists) {
    throw new Problem('invalid_input', 'The cursor is not one of this list; start from the first page.');
  }
  return place;
}
