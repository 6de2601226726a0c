import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CONFIG, type Config } from '../config.js';
import { Clock, Role, systemActor, type Actor } from '../context.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { actEntry } from '../log/act.js';
import { Log } from '../log/log.js';
import { AttemptLimit } from './attempt-limit.js';
import { newToken, tokenHash } from './tokens.js';
import { Users } from './users.js';

export const SignIn = z.object({ name: z.string().min(1).max(100), password: z.string().min(1).max(200) });
export type SignIn = z.infer<typeof SignIn>;

export const SessionView = z.object({ token: z.string(), expiresAt: z.string() });
export type SessionView = z.infer<typeof SessionView>;

/** Sessions are kept on the server; the token is only with its holder. */
@Injectable()
export class Sessions {
  private readonly attempts = new AttemptLimit({ most: 10, windowSeconds: 15 * 60 });

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(Users) private readonly users: Users,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Signs in and records it; a refused attempt is recorded too.
   * @throws Problem `wrong_credentials`, `too_many_requests` after ten refused attempts for a name or address in 15 minutes.
   */
  async signIn(input: SignIn, address: string): Promise<SessionView> {
    const name = input.name.trim().toLowerCase();
    const now = this.clock.now();
    for (const key of [`name:${name}`, `address:${address}`]) {
      const wait = this.attempts.secondsToWait(key, now);
      if (wait > 0) {
        throw new Problem(
          'too_many_requests',
          `Too many refused sign-ins. Try again in ${Math.ceil(wait / 60)} minutes.`,
          {
            retryAfter: wait,
          },
        );
      }
    }
    const user = await this.users.verify(name, input.password);
    if (user === null) {
      this.attempts.count(`name:${name}`, now);
      this.attempts.count(`address:${address}`, now);
      await this.log.transact(async ({ append }) => {
        await append(actEntry('access.sign_in_refused', systemActor, { name, address }));
      });
      throw new Problem('wrong_credentials', 'Name or password is wrong.');
    }
    this.attempts.forget(`name:${name}`);
    const token = newToken('sgs');
    const expiresAt = new Date(now.getTime() + this.config.SESSION_HOURS * 3_600_000);
    await this.log.transact(async ({ transaction, append }) => {
      await transaction.query('DELETE FROM session WHERE expires_at < $1', [now]);
      await transaction.query(
        'INSERT INTO session (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)',
        [tokenHash(token), user.id, now, expiresAt],
      );
      const actor: Actor = {
        id: user.id,
        name: user.name,
        displayName: user.displayName,
        roles: z.array(Role).parse(user.roles),
      };
      await append(actEntry('access.signed_in', actor, { address }));
    });
    return { token, expiresAt: expiresAt.toISOString() };
  }

  /** Who holds this token, or null when it is unknown, expired or its user disabled. */
  async actorOf(token: string): Promise<Actor | null> {
    const [row] = await this.database.query<{ id: string; name: string; display_name: string; roles: string[] }>(
      `SELECT u.id, u.name, u.display_name, u.roles FROM session s JOIN users u ON u.id = s.user_id
       WHERE s.token_hash = $1 AND s.expires_at > $2 AND u.disabled_at IS NULL`,
      [tokenHash(token), this.clock.now()],
    );
    if (row === undefined) return null;
    return { id: row.id, name: row.name, displayName: row.display_name, roles: z.array(Role).parse(row.roles) };
  }

  /** Ends a session; an unknown token is no error. */
  async signOut(actor: Actor, token: string): Promise<void> {
    await this.log.transact(async ({ transaction, append }) => {
      await transaction.query('DELETE FROM session WHERE token_hash = $1', [tokenHash(token)]);
      await append(actEntry('access.signed_out', actor, {}));
    });
  }
}
