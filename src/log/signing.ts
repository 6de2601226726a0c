import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Actor } from '../context.js';
import { Database } from '../database/database.js';
import { actEntry } from './act.js';
import { parseVerifierKey } from './core/note.js';
import { registerDecidedKey } from './keys.js';
import { Log } from './log.js';
import { describeStop, type SigningGuard } from './signing-guard.js';
import { KnownState, Stop } from './signing-state.js';
import { uuidText, uuidv7Bytes } from './uuid.js';

export const SigningView = z.object({
  /** Why nothing is signed; null while signing goes on. */
  stopped: Stop.extend({ text: z.string() }).nullable(),
  /** What was signed last, as far as it is remembered outside the database; root in base64. */
  lastSigned: KnownState.nullable(),
});
export type SigningView = z.infer<typeof SigningView>;

export const Resume = z.object({
  reason: z.string().trim().min(3, 'say why the log stands as it is').max(2000),
});
export type Resume = z.infer<typeof Resume>;

/** Whether the log is signed, and the decision to go on when it is not. */
@Injectable()
export class Signing {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
  ) {}

  private get guard(): SigningGuard {
    return this.log.signing;
  }

  state(): SigningView {
    const { stopped } = this.guard;
    return {
      stopped: stopped === null ? null : { ...stopped, text: describeStop(stopped) },
      lastSigned: this.guard.lastSigned(),
    };
  }

  /**
   * Goes on signing: somebody has looked and stands by the log as it is now. The decision is an entry, with who, why and the state at
   * that moment.
   * @throws Problem `conflict` when signing is not stopped, or head and tiles contradict each other.
   */
  async resume(actor: Actor, { reason }: Resume): Promise<SigningView> {
    const head = await this.log.head();
    const [last] = await this.database.query<{ problems: unknown }>(
      'SELECT problems FROM log_verification ORDER BY finished_at DESC, id DESC LIMIT 1',
    );
    const problems = z.array(z.string()).parse(last?.problems ?? []);
    await this.guard.resume(
      head,
      { by: { id: actor.id, name: actor.name }, reason, problems },
      async ({ stops, decision, statement, signNote }) => {
        await this.log.transact(async ({ transaction, now, append }) => {
          for (const stop of stops) {
            await transaction.query(
              `INSERT INTO log_signing_event (id, kind, statement, stop, happened_at) VALUES ($1, 'resumed', $2, $3, $4)`,
              [uuidText(uuidv7Bytes(now.getTime())), statement, JSON.stringify(stop), now],
            );
          }
          const index = await append(actEntry('log.signing_resumed', actor, { stops, decision }));
          // After a lost or exchanged key, the decision is what makes the new one the log's.
          const key = { verifier: parseVerifierKey(this.log.verifierKey), signNote };
          await registerDecidedKey(transaction, key, index, now);
        });
      },
    );
    return this.state();
  }
}
