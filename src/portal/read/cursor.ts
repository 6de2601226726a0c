import { Problem } from '../../errors.js';
import type { Paging } from '../views.js';

/** A place in a list and the way to go from it. */
export interface Cursor {
  readonly way: 'older' | 'newer';
  readonly place: string;
}

/**
 * The cursor of a list's address; null for its first page.
 * @throws Problem `invalid_input`
 */
export function readCursor(text: string | null): Cursor | null {
  if (text === null) return null;
  const [, way, place] = /^(older|newer)\.(.{1,500})$/u.exec(text) ?? [];
  if ((way !== 'older' && way !== 'newer') || place === undefined) throw wrongCursor();
  return { way, place };
}

export function wrongCursor(): Problem {
  return new Problem(
    'invalid_input',
    'The page of the list that the address names cannot be read; start from the first page.',
  );
}

/** Addresses' cursors for the pages beside one, from the places of its first and last row; null where there is nothing further. */
export function pagingOf({ older, newer }: Paging): Paging {
  return { older: older === null ? null : `older.${older}`, newer: newer === null ? null : `newer.${newer}` };
}

export interface Slice<Row> {
  readonly rows: readonly Row[];
  readonly paging: Paging;
}

/**
 * A page of a list out of the rows found from `cursor` on, going its way and asked for one more than the page holds.
 * The page itself always runs from newer to older.
 */
export function slice<Row>(
  found: readonly Row[],
  size: number,
  cursor: Cursor | null,
  placeOf: (row: Row) => string,
): Slice<Row> {
  const further = found.length > size;
  const shown = found.slice(0, size);
  const backwards = cursor?.way === 'newer';
  const rows = backwards ? shown.toReversed() : shown;
  const [first, last] = [rows[0], rows.at(-1)];
  return {
    rows,
    paging: pagingOf({
      older: last !== undefined && (backwards || further) ? placeOf(last) : null,
      newer: first !== undefined && (backwards ? further : cursor !== null) ? placeOf(first) : null,
    }),
  };
}

/** The same for a list that is whole in memory, from newer to older. */
export function sliceOf<Row>(
  all: readonly Row[],
  size: number,
  cursor: Cursor | null,
  placeOf: (row: Row) => string,
): Slice<Row> {
  if (cursor === null) return slice(all.slice(0, size + 1), size, null, placeOf);
  const at = all.findIndex((row) => placeOf(row) === cursor.place);
  if (at === -1) throw wrongCursor();
  const found = cursor.way === 'older' ? all.slice(at + 1) : all.slice(0, at).toReversed();
  return slice(found.slice(0, size + 1), size, cursor, placeOf);
}
