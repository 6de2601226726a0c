import type { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import type { Head } from './append.js';
import type { Verifier } from './core/note.js';
import { PriorStates, rolledBack, type PriorStatesOptions } from './prior-states.js';
import { SecondPath, SecondPathError, type AppendedLeaves } from './second-path.js';
import { decisionBody, SigningEvents, type Decision } from './signing-events.js';
import type { KnownState, Stop } from './signing-state.js';
import { uuidText, uuidv7Bytes } from './uuid.js';

export interface SigningGuardOptions extends PriorStatesOptions {
  readonly database: Database;
  readonly origin: string;
  readonly now: () => Date;
  /** Keys whose checkpoints and decisions are believed. */
  readonly verifiers: () => readonly Verifier[];
  /** Told when signing stops, and with null when it goes on. */
  readonly onChange?: (stop: Stop | null) => void;
  /** Called every second, before the guard looks around. */
  readonly onPoll?: () => Promise<void>;
  /** Told of what could not be read or written; signing is not affected. */
  readonly onError?: (error: unknown) => void;
}

/** What the guard needs of the log it guards. */
export interface Guarded {
  /** Makes a stop an entry of the log and an event of the database, in one transaction. */
  readonly recordStop: (stop: Stop) => Promise<void>;
  /** Signs a text with the log's key, also while signing is stopped. */
  readonly signNote: (body: string) => string;
}

/** A decision to be recorded, and what it lifts. */
export interface Recording {
  readonly stops: readonly Stop[];
  readonly decision: Decision;
  /** The decision, signed. */
  readonly statement: string;
  readonly signNote: (body: string) => string;
}

const pollMilliseconds = 1000;
/** What was signed last is written down at most this often. */
const writeMilliseconds = 1000;

/**
 * Stands before the signing key. Before a checkpoint leaves, its root is computed a second time; at the start, and when the
 * head goes back, the log is held against what was signed before. A contradiction, or a verification that fails, stops
 * the signer until an operator decides: entries go on being stored, nothing is signed.
 */
export class SigningGuard {
  readonly secondPath: SecondPath;
  private readonly options: SigningGuardOptions;
  private readonly events: SigningEvents;
  private readonly prior: PriorStates;
  private guarded: Guarded | null = null;
  private inForce: Stop | null = null;
  /** The largest size signed by this process, or by any as it remembers from its start. */
  private highest = 0;
  private unwritten: { readonly head: Head; readonly note: string } | null = null;
  private writing: Promise<void> = Promise.resolve();
  private lastWrite = 0;
  private timer: NodeJS.Timeout | null = null;
  private polling: Promise<void> | null = null;

  constructor(options: SigningGuardOptions) {
    this.options = options;
    this.secondPath = new SecondPath(options.database, options.verifiers);
    this.events = new SigningEvents(options.database, options.origin, options.verifiers);
    this.prior = new PriorStates(options, this.secondPath);
  }

  /** Called by the log that this guard is of. */
  attach(guarded: Guarded): void {
    this.guarded = guarded;
  }

  /** Why nothing is signed; null while signing goes on. */
  get stopped(): Stop | null {
    return this.inForce;
  }

  /** Holds the log against what was signed before, and watches what other processes decide from then on. */
  async open(): Promise<void> {
    await this.poll();
    if (this.inForce === null) {
      const contradiction = await this.prior.contradiction();
      if (contradiction !== null) await this.stop(contradiction.reason, contradiction.detail);
      else this.highest = this.prior.lastSigned()?.size ?? 0;
    }
    this.timer = setInterval(() => {
      this.polling ??= this.poll()
        .catch((error: unknown) => this.options.onError?.(error))
        .finally(() => (this.polling = null));
    }, pollMilliseconds);
    this.timer.unref();
  }

  /** Writes down what was signed last and stops watching. */
  async close(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.polling;
    this.writeDown();
    await this.writing;
  }

  /**
   * Assures that a committed head may be signed.
   * @throws Problem `unavailable` when signing is stopped, or stops now because its root is not the one of the second path.
   */
  async check(head: Head, own?: AppendedLeaves): Promise<void> {
    this.assertGoingOn();
    if (head.size < this.highest) await this.assertNotRolledBack();
    await this.compare(head, async () => await this.secondPath.rootAt(head.size, own));
  }

  /**
   * As {@link check}, with the second root from the stored rows since the last kept checkpoint.
   * @throws Problem `unavailable`
   */
  async checkRows(head: Head): Promise<void> {
    await this.check(head);
    await this.compare(head, async () => await this.secondPath.rootOfRows(head.size));
  }

  /** @throws Problem `unavailable` when signing is stopped. */
  assertGoingOn(): void {
    if (this.inForce !== null) throw new Problem('unavailable', describeStop(this.inForce), { retryAfter: 60 });
  }

  /** Takes note of a checkpoint that was signed. */
  signed(head: Head, note: string): void {
    if (head.size < this.highest) return;
    this.highest = head.size;
    this.unwritten = { head, note };
    if (performance.now() - this.lastWrite >= writeMilliseconds) this.writeDown();
  }

  /** Stops signing. Resolves when that is on disk and, if the database lets it, an entry of the log. */
  async stop(reason: Stop['reason'], detail: string): Promise<void> {
    if (this.inForce !== null) return;
    const at = this.options.now();
    const stop: Stop = { id: uuidText(uuidv7Bytes(at.getTime())), reason, detail, at: at.toISOString() };
    await this.take(stop);
    await this.record(stop);
  }

  /**
   * Goes on signing from a head that an operator decided to stand by. `record` commits the signed decision, as events of
   * the database and an entry.
   * @throws Problem `conflict` when signing is not stopped, or the stored tree contradicts itself.
   */
  async resume(
    head: Head,
    decided: Pick<Decision, 'by' | 'reason' | 'problems'>,
    record: (decided: Recording) => Promise<void>,
  ): Promise<Decision> {
    await this.poll();
    const stops = await this.events.openStops();
    const { inForce, guarded } = this;
    if (inForce !== null && !stops.some(({ id }) => id === inForce.id)) stops.push(inForce);
    if (stops.length === 0) throw new Problem('conflict', 'Signing is not stopped; there is nothing to decide.');
    if (guarded === null) throw new Error('the guard is attached to no log');
    try {
      await this.secondPath.restartAt(head.size, head.root);
    } catch (cause) {
      if (!(cause instanceof SecondPathError)) throw cause;
      throw new Problem('conflict', `Signing cannot go on: ${cause.message}.`, { cause });
    }
    const decision: Decision = {
      origin: this.options.origin,
      stops: stops.map(({ id }) => id),
      at: this.options.now().toISOString(),
      size: head.size,
      root: head.root.toString('base64'),
      givenUp: [...this.prior.givenUp, ...(await this.prior.contradicted(head.size))],
      ...decided,
    };
    const statement = guarded.signNote(decisionBody(decision));
    await record({ stops, decision, statement, signNote: guarded.signNote });
    await this.goOn(decision);
    return decision;
  }

  /** The last decision to go on signing; null when there never was one. */
  async lastDecision(): Promise<Decision | null> {
    return (await this.events.decisions()).at(-1) ?? null;
  }

  /** What the log was when it was last signed, as far as this is remembered outside the database. */
  lastSigned(): KnownState | null {
    return this.prior.lastSigned();
  }

  private async compare(head: Head, second: () => Promise<Buffer>): Promise<void> {
    let found: string | null = null;
    try {
      const root = await second();
      if (!root.equals(head.root)) {
        found = `the root of ${head.size} entries is ${head.root.toString('base64')} by the tiles, ${root.toString('base64')} by the second path`;
      }
    } catch (error) {
      if (!(error instanceof SecondPathError)) throw error;
      found = error.message;
    }
    // Another task may have stopped it meanwhile.
    this.assertGoingOn();
    if (found === null) return;
    await this.stop('second_path', found);
    this.assertGoingOn();
  }

  /** A head below what was signed may have been read before others moved on; or the database is an older copy. */
  private async assertNotRolledBack(): Promise<void> {
    // Other tasks sign larger heads while this one asks.
    const signed = this.highest;
    const [row] = await this.options.database.query<{ size: string }>('SELECT size FROM log_head');
    const size = Number(row?.size ?? 0);
    if (size >= signed) return;
    await this.stop('rolled_back', rolledBack(signed, size));
    this.assertGoingOn();
  }

  /** Sees what other processes of the service, and commands, have decided. */
  private async poll(): Promise<void> {
    const { state, origin } = this.options;
    if (performance.now() - this.lastWrite >= writeMilliseconds) this.writeDown();
    await this.options.onPoll?.();
    const [events, decisions] = [await this.events.stops(), await this.events.decisions()];
    const lifted = new Map(decisions.flatMap((decision) => decision.stops.map((id) => [id, decision] as const)));
    const current = this.inForce ?? state?.stopped(origin) ?? null;
    if (current !== null) {
      const decision = lifted.get(current.id);
      if (decision !== undefined) return await this.follow(decision);
      if (this.inForce === null) await this.take(current);
      if (!events.some(({ id }) => id === current.id)) await this.record(current);
      return;
    }
    const open = events.find(({ id }) => !lifted.has(id));
    if (open !== undefined) await this.take(open);
  }

  private async follow(decision: Decision): Promise<void> {
    await this.secondPath.restartAt(decision.size, Buffer.from(decision.root, 'base64'));
    await this.goOn(decision);
  }

  private async goOn(decision: Decision): Promise<void> {
    const { state, origin } = this.options;
    this.prior.givenUp = decision.givenUp;
    this.highest = decision.size;
    this.unwritten = null;
    await this.inWriting(async () => {
      // Whoever decided has written it down already where both share the folder, and may have signed more since.
      if (state === null || state.stopped(origin) === null) return;
      const last = { size: decision.size, root: decision.root };
      await state.write(origin, { last, checkpoint: null, givenUp: decision.givenUp }, true);
      await state.clearStop(origin);
    });
    this.inForce = null;
    this.options.onChange?.(null);
  }

  private async take(stop: Stop): Promise<void> {
    this.inForce = stop;
    this.unwritten = null;
    this.options.onChange?.(stop);
    const { state, origin, onError } = this.options;
    await this.inWriting(async () => await state?.writeStop(origin, stop)).catch((error: unknown) => onError?.(error));
  }

  private async record(stop: Stop): Promise<void> {
    // What cannot be recorded now is tried again with the next poll.
    await this.guarded?.recordStop(stop).catch((error: unknown) => this.options.onError?.(error));
  }

  private writeDown(): void {
    const { state, origin, onError } = this.options;
    const { unwritten } = this;
    if (state === null || unwritten === null || this.inForce !== null) return;
    this.unwritten = null;
    this.lastWrite = performance.now();
    const { size, root } = unwritten.head;
    const last = { size, root: root.toString('base64') };
    const givenUp = [...this.prior.givenUp];
    this.inWriting(async () => await state.write(origin, { last, checkpoint: unwritten.note, givenUp })).catch(
      (error: unknown) => onError?.(error),
    );
  }

  /** One write after the other. */
  private async inWriting(work: () => Promise<void> | undefined): Promise<void> {
    const result = this.writing.then(work);
    this.writing = result.catch(() => {});
    await result;
  }
}

/** One sentence for receipts, problems and logs. */
export function describeStop({ reason, detail, at }: Stop): string {
  return `Signing is stopped since ${at} (${reason}: ${detail}). Entries are stored; an operator decides with segproof resume-signing.`;
}
