import type { Database } from '../database/database.js';
import { anchoredNotes } from './anchored-notes.js';
import { CheckpointError, openCheckpoint, type Checkpoint } from './core/checkpoint.js';
import { NoteError, type Verifier } from './core/note.js';
import { SecondPathError, type SecondPath } from './second-path.js';
import type { KnownState, SigningState, Stop } from './signing-state.js';

export interface PriorStatesOptions {
  readonly database: Database;
  readonly origin: string;
  readonly verifiers: () => readonly Verifier[];
  /** What was signed last, kept outside the database; null where nothing needs to be remembered. */
  readonly state: SigningState | null;
  /** Folder of anchored checkpoints. */
  readonly anchorDirectory?: string | undefined;
  readonly onError?: (error: unknown) => void;
}

/** What the log was when it was signed before, as far as it is known outside the database: the log is held against it. */
export class PriorStates {
  /** States that an operator decided to give up. */
  givenUp: readonly KnownState[];
  private readonly options: PriorStatesOptions;
  private readonly secondPath: SecondPath;

  constructor(options: PriorStatesOptions, secondPath: SecondPath) {
    this.options = options;
    this.secondPath = secondPath;
    this.givenUp = options.state?.read(options.origin).givenUp ?? [];
  }

  /** What the signer remembers beside its key. */
  lastSigned(): KnownState | null {
    return this.options.state?.read(this.options.origin).last ?? null;
  }

  /** Why the log is not the one that was signed before; null when it goes on from it. */
  async contradiction(): Promise<Pick<Stop, 'reason' | 'detail'> | null> {
    for (const known of await this.known(null)) {
      const judged = await this.judge(known);
      if (judged !== null) return judged;
    }
    return null;
  }

  /** All that is known and that a log of this size does not bear out. */
  async contradicted(size: number): Promise<KnownState[]> {
    const states: KnownState[] = [];
    for (const known of await this.known(size)) if ((await this.judge(known)) !== null) states.push(known);
    return states;
  }

  private async judge(known: KnownState): Promise<Pick<Stop, 'reason' | 'detail'> | null> {
    const [row] = await this.options.database.query<{ size: string }>('SELECT size FROM log_head');
    const size = Number(row?.size ?? 0);
    if (known.size > size) return { reason: 'rolled_back', detail: rolledBack(known.size, size) };
    const root = await this.storedRootAt(known.size);
    if (root === known.root) return null;
    return {
      reason: 'rewritten',
      detail: `the root signed for ${known.size} entries is ${known.root}, the log has ${root} there: it was rewritten, or is another one`,
    };
  }

  private async storedRootAt(size: number): Promise<string> {
    try {
      return (await this.secondPath.storedRootAt(size)).toString('base64');
    } catch (error) {
      if (error instanceof SecondPathError) return `none (${error.message})`;
      throw error;
    }
  }

  /** The state remembered, and the newest anchored checkpoint; given a size, also the anchored ones above it. */
  private async known(size: number | null): Promise<KnownState[]> {
    const { origin, anchorDirectory, onError } = this.options;
    const last = this.lastSigned();
    const states = last === null || this.isGivenUp(last) ? [] : [last];
    if (anchorDirectory === undefined) return states;
    try {
      for await (const { note } of anchoredNotes(anchorDirectory)) {
        const checkpoint = this.open(note);
        if (checkpoint === null || checkpoint.origin !== origin) continue;
        const known = { size: checkpoint.size, root: checkpoint.root.toString('base64') };
        if (this.isGivenUp(known)) continue;
        states.push(known);
        if (size === null || known.size <= size) break;
      }
    } catch (error) {
      // A folder that cannot be read says nothing about the log.
      onError?.(error);
    }
    return states;
  }

  private open(note: string): Checkpoint | null {
    try {
      return openCheckpoint(note, this.options.verifiers());
    } catch (error) {
      // Cut short by a crash, or by a key that is not known: says nothing about the log.
      if (error instanceof NoteError || error instanceof CheckpointError) return null;
      throw error;
    }
  }

  private isGivenUp({ size, root }: KnownState): boolean {
    return this.givenUp.some((known) => known.size === size && known.root === root);
  }
}

/** How a log says that it is shorter than it was. */
export function rolledBack(signed: number, size: number): string {
  return `${signed} entries were signed, the log has ${size}: an older copy was restored, or it was cut`;
}
