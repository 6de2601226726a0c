import type { PoolClient } from 'pg';
import { openCheckpoint, type Checkpoint } from '../core/checkpoint.js';
import { NoteError, type Verifier } from '../core/note.js';
import { problemsAt, spanText, type FsckProblem, type Span } from './problem.js';

/** What a verified checkpoint says the log was. */
export interface SignedState {
  readonly size: number;
  readonly root: Buffer;
  /** Kept in the database, or given from outside. */
  readonly from: 'database' | 'outside';
}

/** Sizes from the first to the last, and how many of them. */
interface Sizes extends Span {
  readonly count: number;
}

function countSize(sizes: Map<string, Sizes>, name: string, size: number): void {
  const known = sizes.get(name);
  sizes.set(name, { first: known?.first ?? size, last: size, count: (known?.count ?? 0) + 1 });
}

const perPage = 500;
/** Told of one by one; the places of more are not kept. */
const mostDamaged = 100_000;

/**
 * The checkpoints to judge the log by, smallest first: those kept in the database, read as they are needed, and those
 * given. Only what a known key has signed comes out; the rest is told of as problems.
 */
export class SignedCheckpoints {
  /** Checkpoints looked at. */
  count = 0;
  private readonly client: PoolClient;
  private readonly verifiers: readonly Verifier[];
  private readonly origin: string | null;
  private readonly given: SignedState[] = [];
  private readonly ready: SignedState[] = [];
  private after: number;
  private exhausted = false;
  private readonly notes: FsckProblem[] = [];
  private readonly damaged: { readonly span: Span; readonly message: string }[] = [];
  /** By what is not known about them. */
  private readonly unknown = new Map<string, Sizes>();
  /** By the log they name. */
  private readonly foreign = new Map<string, Sizes>();
  private ours = 0;

  /** `origin` is the log's name as the head has it; checkpoints of sizes up to `since` are left out. */
  constructor(
    client: PoolClient,
    options: {
      readonly verifiers: readonly Verifier[];
      readonly given: readonly string[];
      readonly origin: string | null;
      readonly since: number;
    },
  ) {
    this.client = client;
    this.verifiers = options.verifiers;
    this.origin = options.origin;
    this.after = options.since === 0 ? -1 : options.since;
    options.given.forEach((note, number) => this.takeGiven(note, `given ${number + 1}`));
    this.given.sort((a, b) => a.size - b.size);
  }

  /** Size of the next checkpoint; null when there is none any more. */
  async nextSize(): Promise<number | null> {
    while (this.ready.length === 0 && !this.exhausted) await this.readPage();
    const sizes = [this.ready[0], this.given[0]].flatMap((state) => (state === undefined ? [] : [state.size]));
    return sizes.length === 0 ? null : Math.min(...sizes);
  }

  /** Takes the checkpoints of the size that {@link nextSize} named. */
  take(size: number): SignedState[] {
    const taken: SignedState[] = [];
    for (const list of [this.ready, this.given]) {
      while (list[0]?.size === size) taken.push(...list.splice(0, 1));
    }
    return taken;
  }

  /** What is wrong with checkpoints themselves; complete once all have been taken. */
  problems(): FsckProblem[] {
    const found = [...this.notes];
    const messages = new Map(this.damaged.map(({ span, message }) => [span.first, message]));
    found.push(
      ...problemsAt(
        'checkpoint_damaged',
        this.damaged.map(({ span }) => span),
        (span, count) =>
          count === 1
            ? `the checkpoint kept for size ${span.first} is damaged: ${messages.get(span.first) ?? ''}`
            : `${count} checkpoints kept for the sizes ${span.first} to ${span.last} are damaged, the first: ${messages.get(span.first) ?? ''}`,
      ),
    );
    for (const [reason, sizes] of this.unknown) {
      found.push({
        class: 'unknown_key',
        position: spanText(sizes),
        message: `cannot verify ${sizes.count} kept checkpoint(s): ${reason}; give the key with --key`,
      });
    }
    for (const [origin, sizes] of this.foreign) found.push(this.foreignProblem(origin, sizes));
    return found;
  }

  private foreignProblem(origin: string, sizes: Sizes): FsckProblem {
    if (this.ours === 0) {
      return {
        class: 'head_damaged',
        position: 'head/origin',
        message: `the head names the log ${this.origin ?? ''}, the kept checkpoints name it ${origin}`,
      };
    }
    return {
      class: 'checkpoint_damaged',
      position: spanText(sizes),
      message: `${sizes.count} kept checkpoint(s) are of the log ${origin}, this is ${this.origin ?? ''}`,
    };
  }

  private takeGiven(note: string, position: string): void {
    this.count++;
    const opened = this.open(note);
    if (opened.checkpoint === undefined) {
      const cannot = opened.unknownKey;
      this.notes.push({
        class: cannot ? 'unknown_key' : 'checkpoint_damaged',
        position,
        message: cannot ? `cannot verify: ${opened.failure}` : `the checkpoint given is damaged: ${opened.failure}`,
      });
    } else if (this.origin !== null && opened.checkpoint.origin !== this.origin) {
      const message = `cannot verify: the checkpoint given is of the log ${opened.checkpoint.origin}, this is ${this.origin}`;
      this.notes.push({ class: 'unknown_key', position, message });
    } else {
      this.given.push({ size: opened.checkpoint.size, root: opened.checkpoint.root, from: 'outside' });
    }
  }

  private async readPage(): Promise<void> {
    const { rows } = await this.client.query<{ size: string; root: Buffer; note: string }>(
      'SELECT size, root, note FROM log_checkpoint WHERE size > $1 ORDER BY size LIMIT $2',
      [this.after, perPage],
    );
    for (const row of rows) this.takeKept(Number(row.size), row.root, row.note);
    this.after = Number(rows.at(-1)?.size ?? this.after);
    if (rows.length < perPage) this.exhausted = true;
  }

  private takeKept(size: number, root: Buffer, note: string): void {
    this.count++;
    const opened = this.open(note);
    if (opened.checkpoint === undefined) {
      if (opened.unknownKey) countSize(this.unknown, opened.failure, size);
      else this.noteDamage(size, opened.failure);
      return;
    }
    const { checkpoint } = opened;
    if (checkpoint.size !== size || !checkpoint.root.equals(root)) {
      this.noteDamage(size, 'size or root beside the note differ from those that were signed');
      return;
    }
    if (this.origin !== null && checkpoint.origin !== this.origin) {
      countSize(this.foreign, checkpoint.origin, size);
      if (this.ours > 0) return;
    } else {
      this.ours++;
    }
    this.ready.push({ size, root, from: 'database' });
  }

  private noteDamage(size: number, message: string): void {
    if (this.damaged.length < mostDamaged) this.damaged.push({ span: { first: size, last: size }, message });
  }

  private open(
    note: string,
  ): { checkpoint: Checkpoint } | { checkpoint?: never; failure: string; unknownKey: boolean } {
    try {
      return { checkpoint: openCheckpoint(note, this.verifiers) };
    } catch (error) {
      return {
        failure: error instanceof Error ? error.message : String(error),
        unknownKey: error instanceof NoteError && error.code === 'unknown_key',
      };
    }
  }
}
