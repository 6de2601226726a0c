import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Actor } from '../context.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { actEntry } from '../log/act.js';
import { Log } from '../log/log.js';
import { SecretBox } from './secret-box.js';
import { signatureSchemes, type WebhookSecret } from './webhook-signatures.js';

export const SignatureSchemeName = z.enum(signatureSchemes);

export const NewSecret = z
  .object({
    scheme: SignatureSchemeName,
    /** As the sender shows it; `whsec_…` or `whpk_…` for Standard Webhooks. */
    secret: z.string().min(8, 'at least 8 characters').max(500),
  })
  .refine(
    ({ scheme, secret }) =>
      scheme !== 'standard-webhooks' || /^(?:wh(?:sec|pk)_)?[A-Za-z0-9+/_-]+={0,2}$/u.test(secret),
    { path: ['secret'], message: 'a secret of Standard Webhooks is base64 behind "whsec_" or "whpk_"' },
  );
export type NewSecret = z.infer<typeof NewSecret>;

/** A secret as it is shown: never itself. */
export const SecretView = z.object({ id: z.string(), scheme: SignatureSchemeName, createdAt: z.string() });
export type SecretView = z.infer<typeof SecretView>;

/** The secrets with which the sender of a source signs; several are valid at once, so that they can be replaced. */
@Injectable()
export class SourceSecrets {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(SecretBox) private readonly box: SecretBox,
  ) {}

  /** @throws Problem `not_found` for a source that is not there. */
  async add(actor: Actor, source: string, { scheme, secret }: NewSecret): Promise<SecretView> {
    const id = randomUUID();
    const sealed = this.box.seal(secret, `${source}/${id}`);
    return await this.log.transact(async ({ transaction, now, append }) => {
      const known = await transaction.query('SELECT 1 FROM source WHERE name = $1', [source]);
      if (known.length === 0) throw new Problem('not_found', `There is no source ${source}.`);
      await transaction.query(
        'INSERT INTO source_secret (id, source, scheme, sealed, created_at) VALUES ($1, $2, $3, $4, $5)',
        [id, source, scheme, sealed, now],
      );
      await append(actEntry('source.secret_added', actor, { source, scheme, id }));
      return { id, scheme, createdAt: now.toISOString() };
    });
  }

  /** @throws Problem `not_found` */
  async revoke(actor: Actor, source: string, id: string): Promise<void> {
    await this.log.transact(async ({ transaction, now, append }) => {
      const ended = await transaction.query(
        'UPDATE source_secret SET revoked_at = $3 WHERE source = $1 AND id = $2 AND revoked_at IS NULL RETURNING id',
        [source, id, now],
      );
      if (ended.length === 0) throw new Problem('not_found', `The source ${source} has no valid secret ${id}.`);
      await append(actEntry('source.secret_revoked', actor, { source, id }));
    });
  }

  async list(source: string): Promise<SecretView[]> {
    const rows = await this.database.query<{ id: string; scheme: string; created_at: Date }>(
      'SELECT id, scheme, created_at FROM source_secret WHERE source = $1 AND revoked_at IS NULL ORDER BY created_at, id',
      [source],
    );
    return rows.map((row) => ({
      id: row.id,
      scheme: SignatureSchemeName.parse(row.scheme),
      createdAt: row.created_at.toISOString(),
    }));
  }

  /** The valid secrets themselves. */
  async open(source: string): Promise<WebhookSecret[]> {
    const rows = await this.database.query<{ id: string; scheme: string; sealed: Buffer }>(
      'SELECT id, scheme, sealed FROM source_secret WHERE source = $1 AND revoked_at IS NULL',
      [source],
    );
    return rows.map(({ id, scheme, sealed }) => ({
      scheme: SignatureSchemeName.parse(scheme),
      secret: this.box.open(sealed, `${source}/${id}`),
    }));
  }
}
