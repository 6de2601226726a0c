import { Inject, Injectable } from '@nestjs/common';
import { systemActor } from '../../context.js';
import { Database } from '../../database/database.js';
import { actEntry } from '../act.js';
import type { PolicyWitness, WitnessPolicy } from '../core/witness-policy.js';
import { Log } from '../log.js';
import { uuidText, uuidv7Bytes } from '../uuid.js';
import { WITNESS_POLICY } from './published.js';

/** A witness has seen a log that this one does not continue. */
export interface Contradiction {
  /** Name of the witness in the policy. */
  readonly witness: string;
  readonly kind: 'inconsistent' | 'ahead';
  readonly detail: string;
  readonly since: Date;
}

/** What witnesses hold against this log: kept, since it is the one alarm that must not be lost with a process. */
@Injectable()
export class Contradictions {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(WITNESS_POLICY) private readonly policy: WitnessPolicy | null,
  ) {}

  /** Makes it an entry, unless it is known and still stands. */
  async note(witness: PolicyWitness, kind: Contradiction['kind'], detail: string): Promise<void> {
    if ((await this.active()).some((known) => known.witness === witness.name && known.kind === kind)) return;
    const { name, keyId } = witness.verifier;
    await this.log.transact(async ({ transaction, now, append }) => {
      await transaction.query(
        `INSERT INTO log_witness_contradiction (id, key_name, key_id, kind, detail, found_at) VALUES ($1, $2, $3, $4, $5, $6)`,
        [uuidText(uuidv7Bytes(now.getTime())), name, keyId, kind, detail, now],
      );
      await append(
        actEntry('log.witness_contradicts', systemActor, { witness: witness.name, key: name, kind, detail }),
      );
    });
  }

  /** The last of each witness of the policy, unless it has cosigned since. */
  async active(): Promise<Contradiction[]> {
    const witnesses = this.policy?.witnesses ?? [];
    if (witnesses.length === 0) return [];
    const rows = await this.database.query<{
      key_name: string;
      key_id: string;
      kind: Contradiction['kind'];
      detail: string;
      found_at: Date;
    }>(
      `SELECT DISTINCT ON (w.key_name, w.key_id) w.key_name, w.key_id, w.kind, w.detail, w.found_at
       FROM log_witness_contradiction w WHERE NOT EXISTS (
         SELECT 1 FROM log_cosignature c WHERE c.key_name = w.key_name AND c.key_id = w.key_id AND c.cosigned_at > w.found_at)
       ORDER BY w.key_name, w.key_id, w.found_at DESC`,
    );
    return witnesses.flatMap(({ name, verifier }) => {
      const row = rows.find((one) => one.key_name === verifier.name && one.key_id === verifier.keyId);
      return row === undefined ? [] : [{ witness: name, kind: row.kind, detail: row.detail, since: row.found_at }];
    });
  }
}
