import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Why nothing is signed any more. */
export const stopReasons = ['second_path', 'verification', 'rolled_back', 'rewritten', 'unknown_key'] as const;

export const Stop = z.object({
  id: z.uuid(),
  reason: z.enum(stopReasons),
  /** What was expected, what was found. */
  detail: z.string(),
  /** RFC 3339. */
  at: z.string(),
});
export type Stop = z.infer<typeof Stop>;

/** A tree state that is known from outside the database. */
export const KnownState = z.object({ size: z.number().int().min(0), root: z.string() });
export type KnownState = z.infer<typeof KnownState>;

const LogState = z.object({
  /** What was signed last, at most a second ago when the process was ended. */
  last: KnownState.nullable(),
  /** The checkpoint of it. */
  checkpoint: z.string().nullable(),
  /** States signed earlier that an operator decided to give up. */
  givenUp: z.array(KnownState),
});
export type LogState = z.infer<typeof LogState>;

const StateFile = z.object({ logs: z.record(z.string(), LogState) });
const StopFile = z.record(z.string(), Stop);

/** The files beside the signing key cannot be used. */
export class SigningStateError extends Error {
  override readonly name = 'SigningStateError';
}

const stateFile = 'log-signing-state.json';
const stopFile = 'log-signing-stopped.json';

/**
 * What the signer must not forget when the database does: the last signed size and root of each log, and that it was
 * stopped. Two small files beside the key, out of reach of the database, each replaced as a whole.
 */
export class SigningState {
  private readonly folder: string;

  /** The folder is made when something is to be remembered. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** @throws SigningStateError when the file is there and makes no sense. */
  read(origin: string): LogState {
    const logs = this.parse(stateFile, StateFile)?.logs ?? {};
    return logs[origin] ?? { last: null, checkpoint: null, givenUp: [] };
  }

  /** Names of the logs of which something was signed. */
  origins(): string[] {
    return Object.keys(this.parse(stateFile, StateFile)?.logs ?? {});
  }

  /** Remembers for good; what other logs and processes have written stays, and a size never goes back unless `anew` says so. */
  async write(origin: string, state: LogState, anew = false): Promise<void> {
    const logs = this.parse(stateFile, StateFile)?.logs ?? {};
    const there = logs[origin];
    const older = (state.last?.size ?? 0) <= (there?.last?.size ?? -1);
    if (there !== undefined && older && !anew) return;
    await this.replace(stateFile, { logs: { ...logs, [origin]: state } });
  }

  /** @throws SigningStateError when the file is there and makes no sense. */
  stopped(origin: string): Stop | null {
    return this.parse(stopFile, StopFile)?.[origin] ?? null;
  }

  async writeStop(origin: string, stop: Stop): Promise<void> {
    await this.replace(stopFile, { ...this.parse(stopFile, StopFile), [origin]: stop });
  }

  async clearStop(origin: string): Promise<void> {
    const { [origin]: _, ...others } = this.parse(stopFile, StopFile) ?? {};
    if (Object.keys(others).length > 0) await this.replace(stopFile, others);
    else rmSync(join(this.folder, stopFile), { force: true });
  }

  private parse<T>(name: string, schema: z.ZodType<T>): T | null {
    const path = join(this.folder, name);
    if (!existsSync(path)) return null;
    try {
      return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
    } catch (cause) {
      throw new SigningStateError(
        `${path} is damaged (${cause instanceof Error ? cause.message : String(cause)}); it says what was signed last. Put back a copy, or move it away: then nothing shows this time whether the database is older than what was signed.`,
        { cause },
      );
    }
  }

  /** Atomic and durable: after a crash the file is the new one in full, or the old one. */
  private async replace(name: string, content: unknown): Promise<void> {
    const path = join(this.folder, name);
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const draft = `${path}.${randomBytes(4).toString('hex')}.draft`;
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(content)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    const folder = await open(this.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}
