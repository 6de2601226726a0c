/** Policies as the register lists them, from what the records show and what people set. */

import type { SegmentView } from '../../inventory/segments.js';
import { importObject } from '../import.js';
import type { IntentTemplates } from '../intent/read.js';
import type { PolicyKey } from '../policy-key.js';
import {
  PolicyEntry,
  type PolicyLine,
  type RegisterMark,
  type RegisterQuery,
  type RegisterRule,
} from './register-view.js';
import { rulesOf } from './rules.js';
import { ownerOf, segmentsOf } from './segments.js';
import { heldStewardship, statedByObject, Stewardship, unstated } from './stewardship.js';

export interface LatestRow extends PolicyKey {
  readonly action: string;
  readonly version: number;
  readonly event_time_text: string;
  readonly author: string;
  readonly digest: string | null;
  readonly object: unknown;
}

export interface EntryRow extends PolicyKey {
  readonly rule: string | null;
  readonly rule_direction: RegisterRule['direction'];
  readonly rule_text: string | null;
  readonly owner: string | null;
  readonly reason: string | null;
  readonly expires: string | null;
  readonly review: string | null;
  readonly labels: unknown;
  readonly set_at: Date;
  readonly set_by: string;
  readonly set_index: string;
}

/** What the entries of the register are read against. */
export interface Surroundings {
  readonly templates: IntentTemplates;
  readonly segments: readonly SegmentView[];
  readonly now: Date;
}

export function stewardshipOf({ owner, reason, expires, review, labels }: EntryRow): Stewardship {
  return Stewardship.parse({ owner, reason, expires, review, labels });
}

function markOf(row: EntryRow | undefined): RegisterMark | null {
  return row === undefined ? null : { by: row.set_by, at: row.set_at.toISOString(), index: Number(row.set_index) };
}

export function entryOf(
  row: LatestRow,
  entries: readonly EntryRow[],
  { templates, segments, now }: Surroundings,
): PolicyEntry {
  const inForce = row.action !== 'delete';
  const imported = row.object === null ? null : importObject(row.object);
  const subjects = imported?.ok === true ? imported.policies.map(({ subject }) => subject) : [];
  const own = segmentsOf(row.namespace, subjects, segments);
  const ownEntry = entries.find(({ rule }) => rule === null);
  const held = heldStewardship(
    {
      object: row.object === null ? unstated : statedByObject(row.object),
      register: ownEntry === undefined ? null : stewardshipOf(ownEntry),
      segmentOwner: ownerOf(own),
    },
    now,
  );
  const rules = row.object === null ? null : rulesOf(row.object, templates);
  const ofRule = (digest: string) => entries.find(({ rule }) => rule === digest);
  const ruleEntry = (
    rule: Pick<RegisterRule, 'digest' | 'direction' | 'text' | 'name' | 'present'>,
    stated = unstated,
  ) => {
    const entry = ofRule(rule.digest);
    const register = entry === undefined ? null : stewardshipOf(entry);
    const ruleHeld = heldStewardship({ object: stated, register, policy: held }, now);
    return { ...rule, held: rule.present ? ruleHeld : { ...ruleHeld, flags: [] }, set: register, mark: markOf(entry) };
  };
  const gone = entries.filter(({ rule }) => rule !== null && rules?.some(({ digest }) => digest === rule) !== true);
  return PolicyEntry.parse({
    system: row.system,
    kind: row.kind,
    namespace: row.namespace,
    name: row.name,
    inForce,
    versions: row.version,
    changedAt: row.event_time_text,
    changedBy: row.author,
    digest: row.digest,
    segments: own.map(({ name }) => name),
    // What is gone needs nobody any more.
    held: inForce ? held : { ...held, flags: [] },
    set: ownEntry === undefined ? null : stewardshipOf(ownEntry),
    mark: markOf(ownEntry),
    rules:
      rules === null && gone.length === 0
        ? null
        : [
            ...(rules ?? []).map(({ digest, direction, who, ports, name, stated }) =>
              ruleEntry({ digest, direction, text: `${who} on ${ports}`, name, present: true }, stated),
            ),
            ...gone.map(({ rule, rule_direction: direction, rule_text: text }) =>
              ruleEntry({ digest: rule ?? '', direction, text: text ?? '', name: null, present: false }),
            ),
          ],
  });
}

export function lineOf({ rules, set: _set, mark: _mark, ...line }: PolicyEntry): PolicyLine {
  const flagged = (rules ?? []).filter(({ held }) =>
    [held.expires, held.review].some(
      (said, at) =>
        said !== null && said.from !== 'policy' && held.flags.includes(at === 0 ? 'expired' : 'review_overdue'),
    ),
  );
  return { ...line, rulesFlagged: flagged.length };
}

export function fits(line: PolicyLine, { system, namespace, inForce, owner, label, flag }: RegisterQuery): boolean {
  const [key, value] = label === undefined ? [] : label.split(/=(.*)/su);
  return (
    (system === undefined || line.system === system) &&
    (namespace === undefined || line.namespace === namespace) &&
    (inForce === undefined || line.inForce === inForce) &&
    (owner === undefined || line.held.owner?.value.toLowerCase() === owner.toLowerCase()) &&
    (key === undefined ||
      line.held.labels.some((one) => one.key === key && (value === undefined || one.value === value))) &&
    (flag === undefined ||
      line.held.flags.includes(flag) ||
      (line.rulesFlagged > 0 && (flag === 'expired' || flag === 'review_overdue')))
  );
}
