import { z } from 'zod';
import type { Database } from '../database/database.js';
import { NoteError, openNote, type Verifier } from './core/note.js';
import { KnownState, Stop } from './signing-state.js';

/** Somebody's decision that the log stands as it is and is signed again. */
export const Decision = z.object({
  origin: z.string(),
  /** Ids of the stops it lifts. */
  stops: z.array(z.uuid()),
  at: z.string(),
  by: z.object({ id: z.string().nullable(), name: z.string() }),
  reason: z.string(),
  /** The log at that moment; root in base64. */
  size: z.number().int().min(0),
  root: z.string(),
  /** States signed before that this log does not continue. */
  givenUp: z.array(KnownState),
  /** Problems of the last verification, which stop the signer no more. */
  problems: z.array(z.string()),
});
export type Decision = z.infer<typeof Decision>;

const kind = 'segproof decision to go on signing';

/** Text to be signed; names its kind first, so that it can never pass for a checkpoint. */
export function decisionBody(decision: Decision): string {
  return `${kind}\n${JSON.stringify(decision)}\n`;
}

/** Stops of the signer and decisions to go on, as the database has them for all processes. */
export class SigningEvents {
  private readonly database: Database;
  private readonly origin: string;
  private readonly verifiers: () => readonly Verifier[];

  constructor(database: Database, origin: string, verifiers: () => readonly Verifier[]) {
    this.database = database;
    this.origin = origin;
    this.verifiers = verifiers;
  }

  async stops(): Promise<Stop[]> {
    const rows = await this.database.query<{ stop: unknown }>(
      `SELECT stop FROM log_signing_event WHERE kind = 'stopped' ORDER BY happened_at, id`,
    );
    return rows.flatMap(({ stop }) => Stop.safeParse(stop).data ?? []);
  }

  /** Stops that no decision has lifted. */
  async openStops(): Promise<Stop[]> {
    const lifted = new Set((await this.decisions()).flatMap((decision) => decision.stops));
    return (await this.stops()).filter(({ id }) => !lifted.has(id));
  }

  /** Oldest first. Only what the log's key signed is a decision: a row can be made by whoever has the database. */
  async decisions(): Promise<Decision[]> {
    const rows = await this.database.query<{ statement: string }>(
      `SELECT DISTINCT statement FROM log_signing_event WHERE kind = 'resumed'`,
    );
    return rows.flatMap(({ statement }) => this.decisionIn(statement) ?? []).toSorted((a, b) => (a.at < b.at ? -1 : 1));
  }

  private decisionIn(statement: string): Decision | null {
    try {
      const [first, json = ''] = openNote(statement, this.verifiers()).body.split('\n');
      if (first !== kind) return null;
      const decision = Decision.parse(JSON.parse(json));
      return decision.origin === this.origin ? decision : null;
    } catch (error) {
      if (error instanceof NoteError) return null;
      throw error;
    }
  }
}
