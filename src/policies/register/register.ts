import { Inject, Injectable } from '@nestjs/common';
import { Clock, type Actor } from '../../context.js';
import { Database } from '../../database/database.js';
import { Problem } from '../../errors.js';
import { Segments } from '../../inventory/segments.js';
import { actEntry } from '../../log/act.js';
import { Log } from '../../log/log.js';
import { readTemplate, type IntentTemplates } from '../intent/read.js';
import { policyIdText } from '../model.js';
import { policyKeyText, type PolicyKey } from '../policy-key.js';
import { entryOf, fits, lineOf, stewardshipOf, type EntryRow, type LatestRow, type Surroundings } from './entries.js';
import type { PolicyEntry, PolicyLine, RegisterQuery } from './register-view.js';
import { contradicted, type HeldStewardship, type Stewardship } from './stewardship.js';

/** The register of policies: what the records show of each, and what people answer for. */
@Injectable()
export class PolicyRegister {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Segments) private readonly segments: Segments,
  ) {}

  /** All policies that fit the query, by system, kind, namespace and name. */
  async list(query: RegisterQuery = {}): Promise<PolicyLine[]> {
    const [rows, entries] = await Promise.all([this.latest(null), this.entries(null)]);
    const surroundings = await this.surroundings(rows);
    const byPolicy = new Map<string, EntryRow[]>();
    for (const entry of entries) {
      const key = policyKeyText(entry);
      byPolicy.set(key, [...(byPolicy.get(key) ?? []), entry]);
    }
    return rows
      .map((row) => lineOf(entryOf(row, byPolicy.get(policyKeyText(row)) ?? [], surroundings)))
      .filter((line) => fits(line, query));
  }

  /** @throws Problem `not_found` */
  async get(policy: PolicyKey): Promise<PolicyEntry> {
    const [[row], entries] = await Promise.all([this.latest(policy), this.entries(policy)]);
    if (row === undefined)
      throw new Problem('not_found', `No record shows a ${policyIdText(policy)} of the system ${policy.system}.`);
    return entryOf(row, entries, await this.surroundings([row]));
  }

  /** Templates in force, by name. */
  async templates(): Promise<IntentTemplates> {
    const rows = await this.database.query<{ object: unknown }>(
      `SELECT object FROM (
         SELECT DISTINCT ON (namespace, name) action, object FROM policy_version
         WHERE system = 'segproof' AND kind = 'IntentTemplate' ORDER BY namespace, name, version DESC) latest
       WHERE action <> 'delete' AND object IS NOT NULL`,
    );
    const read = rows.map(({ object }) => readTemplate(object)).flatMap((one) => (one.ok ? [one.value] : []));
    return new Map(read.map((template) => [template.metadata.name, template]));
  }

  /**
   * Sets what the register says of a policy, or of the rule with this digest; what was there before is in the entry.
   *
   * @throws Problem `not_found`; `invalid_input` where the object itself says something else, which is changed there
   */
  async set(actor: Actor, policy: PolicyKey, rule: string | null, input: Stewardship): Promise<PolicyEntry> {
    const entry = await this.get(policy);
    const ruleEntry = rule === null ? null : (entry.rules?.find(({ digest }) => digest === rule) ?? null);
    if (rule !== null && ruleEntry === null)
      throw new Problem('not_found', `${policyIdText(policy)} has no rule with the digest ${rule}.`);
    refuseContradictions(input, ruleEntry?.held ?? entry.held);
    await this.log.transact(async ({ transaction, now, append }) => {
      // Two people who set the same entry at once: the second one has what the first one set before it.
      await transaction.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 21))', [policyKeyText(policy)]);
      const [before] = await transaction.query<EntryRow>(
        `SELECT * FROM policy_register WHERE system = $1 AND kind = $2 AND namespace IS NOT DISTINCT FROM $3 AND name = $4
           AND rule IS NOT DISTINCT FROM $5`,
        [...partsOf(policy), rule],
      );
      const index = await append(
        actEntry('policy.register_set', actor, {
          policy: { system: policy.system, kind: policy.kind, namespace: policy.namespace, name: policy.name },
          rule: ruleEntry === null ? null : { digest: ruleEntry.digest, text: ruleEntry.text },
          set: input,
          before: before === undefined ? null : stewardshipOf(before),
        }),
      );
      await transaction.query(
        `INSERT INTO policy_register (system, kind, namespace, name, rule, rule_direction, rule_text, owner, reason, expires, review, labels,
           set_at, set_by, set_index)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (system, kind, namespace, name, rule) DO UPDATE SET rule_text = excluded.rule_text, owner = excluded.owner,
           reason = excluded.reason, expires = excluded.expires, review = excluded.review, labels = excluded.labels,
           set_at = excluded.set_at, set_by = excluded.set_by, set_index = excluded.set_index`,
        [
          ...partsOf(policy),
          rule,
          ruleEntry?.direction ?? null,
          ruleEntry?.text ?? null,
          input.owner,
          input.reason,
          input.expires,
          input.review,
          JSON.stringify(input.labels),
          now,
          actor.name,
          index,
        ],
      );
    });
    return await this.get(policy);
  }

  private async surroundings(rows: readonly LatestRow[]): Promise<Surroundings> {
    const intents = rows.some(({ system }) => system === 'segproof');
    const templates: IntentTemplates = intents ? await this.templates() : new Map();
    const segments = await this.segments.list();
    return { templates, segments, now: this.clock.now() };
  }

  private async latest(policy: PolicyKey | null): Promise<LatestRow[]> {
    return await this.database.query<LatestRow>(
      `SELECT DISTINCT ON (system, kind, namespace, name) system, kind, namespace, name, action, version, event_time_text,
         author, digest, object
       FROM policy_version
       WHERE $1::text IS NULL OR (system = $1 AND kind = $2 AND namespace IS NOT DISTINCT FROM $3 AND name = $4)
       ORDER BY system, kind, namespace, name, version DESC`,
      policy === null ? [null, null, null, null] : partsOf(policy),
    );
  }

  private async entries(policy: PolicyKey | null): Promise<EntryRow[]> {
    return await this.database.query<EntryRow>(
      `SELECT * FROM policy_register
       WHERE $1::text IS NULL OR (system = $1 AND kind = $2 AND namespace IS NOT DISTINCT FROM $3 AND name = $4)`,
      policy === null ? [null, null, null, null] : partsOf(policy),
    );
  }
}

function partsOf({ system, kind, namespace, name }: PolicyKey): (string | null)[] {
  return [system, kind, namespace, name];
}

function refuseContradictions(input: Stewardship, held: HeldStewardship): void {
  const labels = held.labels.filter(({ from }) => from === 'object').map(({ key, value }) => [key, value] as const);
  const said = (field: 'owner' | 'reason' | 'expires' | 'review') =>
    held[field]?.from === 'object' ? held[field].value : null;
  const stated = {
    owner: said('owner'),
    reason: said('reason'),
    expires: said('expires'),
    review: said('review'),
    labels: Object.fromEntries(labels),
  };
  const fields = contradicted(input, stated);
  if (fields.length === 0) return;
  throw new Problem('invalid_input', `The object itself says its ${fields.join(', ')}; change it there.`, {
    errors: fields.map((field) => ({
      pointer: `/${field}`,
      message:
        field === 'labels'
          ? 'the object has a label of this name'
          : `the object itself says ${stated[field] ?? ''}; change it there`,
    })),
  });
}
