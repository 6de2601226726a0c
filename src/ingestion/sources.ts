import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { newToken, tokenHash } from '../access/tokens.js';
import type { Actor } from '../context.js';
import { Database, type Transaction } from '../database/database.js';
import { Problem } from '../errors.js';
import { actEntry } from '../log/act.js';
import { Log } from '../log/log.js';
import { FormatName } from './normal-form.js';
import { SourceRefusals } from './refusals.js';
import { silentSince } from './silence.js';
import { Balance, balanceOf, SourceHealths } from './source-health.js';
import { SourceSettings } from './source-settings.js';

/** Names go into URLs and leaves. */
export const SourceName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/u, 'lower-case letters, digits and "-", at most 63, not starting with "-"');

export const NewSource = z.object({
  // The service's own acts stand in the log under this name.
  name: SourceName.refine((name) => name !== 'segproof', 'the name "segproof" is the service\'s own'),
  description: z.string().trim().max(500).default(''),
  /** Null detects the format of each record. */
  format: FormatName.nullable().default(null),
  /** Silence longer than this is a finding; null does not watch the source. */
  silenceAfterSeconds: z
    .number()
    .int()
    .min(60)
    .max(90 * 86_400)
    .nullable()
    .default(null),
  settings: SourceSettings.prefault({}),
});
export type NewSource = z.infer<typeof NewSource>;

/** What of a source can be changed; what is left out stays. Settings are replaced as a whole. */
export const SourceChange = z.strictObject({
  description: NewSource.shape.description.unwrap().optional(),
  format: NewSource.shape.format.unwrap().optional(),
  silenceAfterSeconds: NewSource.shape.silenceAfterSeconds.unwrap().optional(),
  settings: SourceSettings.optional(),
});
export type SourceChange = z.infer<typeof SourceChange>;

export const SourceView = NewSource.extend({
  createdAt: z.string(),
  ...Balance.shape,
  /** When a record last came, by the clock of the service. */
  lastReceivedAt: z.string().nullable(),
  /** The latest time that its records tell of. */
  lastEventTime: z.string().nullable(),
  lastIndex: z.number().int().nullable(),
  /** Since when it has been silent for longer than is normal for it; null while it is not, or nobody watches. */
  silentSince: z.string().nullable(),
});
export type SourceView = z.infer<typeof SourceView>;

/** The token is shown once, here; the service keeps its hash. */
export const IssuedToken = z.object({ name: z.string(), token: z.string() });
export type IssuedToken = z.infer<typeof IssuedToken>;

/** A token as it can be shown: its last four characters, never itself. */
export const TokenView = z.object({ hint: z.string(), createdAt: z.string(), revokedAt: z.string().nullable() });
export type TokenView = z.infer<typeof TokenView>;

/** What an authenticated sender may write as. */
export interface IngestSource {
  readonly name: string;
  readonly format: FormatName | null;
  readonly settings: SourceSettings;
}

@Injectable()
export class Sources {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(SourceRefusals) private readonly refusals: SourceRefusals,
    @Inject(SourceHealths) private readonly healths: SourceHealths,
  ) {}

  /** @throws Problem `conflict` when the name is taken. */
  async create(actor: Actor, input: NewSource): Promise<IssuedToken> {
    return await this.log.transact(async ({ transaction, now, append }) => {
      const inserted = await transaction.query<{ name: string }>(
        `INSERT INTO source (name, description, format, silence_after_seconds, created_at, settings)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING name`,
        [input.name, input.description, input.format, input.silenceAfterSeconds, now, JSON.stringify(input.settings)],
      );
      if (inserted.length === 0)
        throw new Problem('conflict', `There is a source ${input.name} already; choose another name.`);
      const token = await this.issue(transaction, input.name, now);
      await append(actEntry('source.created', actor, { source: input, token: hintOf(token) }));
      return { name: input.name, token };
    });
  }

  /**
   * Changes how a source is read from now on; what it sent before stays as it was read.
   * @throws Problem `not_found`
   */
  async change(actor: Actor, name: string, change: SourceChange): Promise<SourceView> {
    await this.log.transact(async ({ transaction, append }) => {
      const [row] = await transaction.query<SettingsRow>(
        'SELECT description, format, silence_after_seconds, settings FROM source WHERE name = $1 FOR UPDATE',
        [name],
      );
      if (row === undefined) throw new Problem('not_found', `There is no source ${name}.`);
      const before = {
        description: row.description,
        format: FormatName.nullable().parse(row.format),
        silenceAfterSeconds: row.silence_after_seconds,
        settings: SourceSettings.parse(row.settings),
      };
      const after = { ...before, ...change };
      await transaction.query(
        'UPDATE source SET description = $2, format = $3, silence_after_seconds = $4, settings = $5 WHERE name = $1',
        [name, after.description, after.format, after.silenceAfterSeconds, JSON.stringify(after.settings)],
      );
      await append(actEntry('source.changed', actor, { source: name, before, after }));
    });
    return await this.get(name);
  }

  /** @throws Problem `not_found` */
  async get(name: string): Promise<SourceView> {
    const source = (await this.list()).find((one) => one.name === name);
    if (source === undefined) throw new Problem('not_found', `There is no source ${name}.`);
    return source;
  }

  /** Issues another token; earlier ones stay valid, so that a rotation has an overlap. */
  async issueToken(actor: Actor, name: string): Promise<IssuedToken> {
    return await this.log.transact(async ({ transaction, now, append }) => {
      const known = await transaction.query('SELECT 1 FROM source WHERE name = $1', [name]);
      if (known.length === 0) throw new Problem('not_found', `There is no source ${name}.`);
      const token = await this.issue(transaction, name, now);
      await append(actEntry('source.token_issued', actor, { source: name, token: hintOf(token) }));
      return { name, token };
    });
  }

  /**
   * The tokens of a source, the newest first.
   * @throws Problem `not_found`
   */
  async tokens(name: string): Promise<TokenView[]> {
    const rows = await this.database.query<{ hint: string | null; created_at: Date | null; revoked_at: Date | null }>(
      `SELECT t.hint, t.created_at, t.revoked_at FROM source s LEFT JOIN source_token t ON t.source = s.name
       WHERE s.name = $1 ORDER BY t.created_at DESC, t.hint`,
      [name],
    );
    if (rows.length === 0) throw new Problem('not_found', `There is no source ${name}.`);
    return rows.flatMap(({ hint, created_at, revoked_at }) =>
      hint === null || created_at === null
        ? []
        : [{ hint, createdAt: created_at.toISOString(), revokedAt: revoked_at?.toISOString() ?? null }],
    );
  }

  /** Ends the tokens of a source whose last four characters are `hint`. */
  async revokeToken(actor: Actor, name: string, hint: string): Promise<void> {
    await this.log.transact(async ({ transaction, now, append }) => {
      const ended = await transaction.query(
        'UPDATE source_token SET revoked_at = $3 WHERE source = $1 AND hint = $2 AND revoked_at IS NULL RETURNING source',
        [name, hint, now],
      );
      if (ended.length === 0)
        throw new Problem('not_found', `The source ${name} has no valid token ending in ${hint}.`);
      await append(actEntry('source.token_revoked', actor, { source: name, token: hint }));
    });
  }

  private async issue(transaction: Transaction, name: string, now: Date): Promise<string> {
    const token = newToken('sgt');
    await transaction.query('INSERT INTO source_token (token_hash, source, hint, created_at) VALUES ($1, $2, $3, $4)', [
      tokenHash(token),
      name,
      hintOf(token),
      now,
    ]);
    return token;
  }

  /**
   * The source a token may write to.
   * @throws Problem `not_signed_in` without a token, `wrong_credentials` for an unknown or revoked one, `not_permitted`
   * for a token of another source, `unavailable` while the database is away.
   */
  async authenticate(name: string, token: string | null): Promise<IngestSource> {
    const found = token === null ? null : await this.findToken(token);
    if (found?.source.name === name && !found.revoked) return found.source;
    // The attempt was on the source that is named, if there is one.
    const aimed = found?.source.name === name ? null : await this.find(name);
    if (found === null || found.revoked) {
      if (aimed !== null) this.refusals.count(name, token === null ? 'not_signed_in' : 'wrong_credentials', 1);
      throw noValidToken(token);
    }
    if (aimed !== null) this.refusals.count(name, 'not_permitted', 1);
    throw new Problem('not_permitted', `The token belongs to another source than ${name}.`);
  }

  /** As {@link authenticate}, for routes that name no source: the token does. */
  async authenticateToken(token: string | null): Promise<IngestSource> {
    const found = token === null ? null : await this.findToken(token);
    if (found === null || found.revoked) throw noValidToken(token);
    return found.source;
  }

  /** The source of a token and whether the token has been revoked, which is counted; null for one that was never issued. */
  async findToken(token: string): Promise<{ readonly source: IngestSource; readonly revoked: boolean } | null> {
    const [row] = await this.whileAway(
      this.database.query<SourceSetting & { revoked: boolean }>(
        `SELECT s.name, s.format, s.settings, t.revoked_at IS NOT NULL AS revoked FROM source_token t JOIN source s ON s.name = t.source
         WHERE t.token_hash = $1`,
        [tokenHash(token)],
      ),
    );
    if (row?.revoked === true) this.refusals.count(row.name, 'revoked_token', 1);
    return row === undefined ? null : { source: ingestSource(row), revoked: row.revoked };
  }

  /** A source by its name, for senders that prove otherwise who they are; null when there is none. */
  async find(name: string): Promise<IngestSource | null> {
    const [row] = await this.whileAway(
      this.database.query<SourceSetting>('SELECT name, format, settings FROM source WHERE name = $1', [name]),
    );
    return row === undefined ? null : ingestSource(row);
  }

  /** A sender is told to come again when the database is away, never that it did something wrong. */
  private async whileAway<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (cause) {
      throw new Problem('unavailable', 'The database does not answer.', { cause, retryAfter: 2 });
    }
  }

  async list(): Promise<SourceView[]> {
    const rows = await this.database.query<{
      name: string;
      description: string;
      format: string | null;
      silence_after_seconds: number | null;
      created_at: Date;
      settings: unknown;
      appended: string;
      duplicate: string;
      quarantined: string;
      refused: string;
      last_received: Date | null;
      last_event_time: Date | null;
      last_index: string | null;
    }>(
      `SELECT s.name, s.description, s.format, s.silence_after_seconds, s.created_at, s.settings::text,
              coalesce(h.appended, 0) AS appended, coalesce(h.quarantined, 0) AS quarantined,
              coalesce((SELECT sum(records) FROM log_duplicate WHERE source = s.name), 0) AS duplicate,
              coalesce((SELECT sum(records) FROM source_refusal WHERE source = s.name), 0) AS refused,
              h.last_received, h.last_event_time, h.last_index
       FROM source s LEFT JOIN source_heard h ON h.source = s.name ORDER BY s.name`,
    );
    const asOf = await this.healths.asOf();
    return rows.map((row) => ({
      name: row.name,
      description: row.description,
      format: FormatName.nullable().parse(row.format),
      silenceAfterSeconds: row.silence_after_seconds,
      createdAt: row.created_at.toISOString(),
      settings: SourceSettings.parse(JSON.parse(String(row.settings))),
      ...balanceOf(row),
      lastReceivedAt: row.last_received?.toISOString() ?? null,
      silentSince: silentSince(
        {
          silenceAfterSeconds: row.silence_after_seconds,
          lastReceivedAt: row.last_received?.toISOString() ?? null,
          createdAt: row.created_at.toISOString(),
        },
        asOf,
      ),
      lastEventTime: row.last_event_time?.toISOString() ?? null,
      lastIndex: row.last_index === null ? null : Number(row.last_index),
    }));
  }
}

interface SettingsRow {
  readonly description: string;
  readonly format: string | null;
  readonly silence_after_seconds: number | null;
  readonly settings: unknown;
}

interface SourceSetting {
  readonly name: string;
  readonly format: string | null;
  readonly settings: unknown;
}

function ingestSource({ name, format, settings }: SourceSetting): IngestSource {
  return { name, format: FormatName.nullable().parse(format), settings: SourceSettings.parse(settings) };
}

function noValidToken(token: string | null): Problem {
  return token === null
    ? new Problem('not_signed_in', 'Send the token of the source as "Authorization: Bearer".')
    : new Problem('wrong_credentials', 'The token is not valid for any source.');
}

function hintOf(token: string): string {
  return token.slice(-4);
}
