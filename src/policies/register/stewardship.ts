/** Who answers for a policy or a rule, why it is there, until when, and when it is looked at again. */

import { z } from 'zod';
import type { IntentRule } from '../intent/schema.js';

/** A day, which holds to its end in UTC, or an instant with its offset. */
export const Moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: 'expected a day such as 2027-01-31, or an instant with its offset',
});

const Owner = z.string().trim().min(1).max(200);
const Reason = z.string().trim().min(1).max(5000);
const LabelKey = z.string().trim().min(1).max(100);

/** What is set in the register. Null means that the register says nothing of it. */
export const Stewardship = z.object({
  owner: Owner.nullable().default(null),
  reason: Reason.nullable().default(null),
  expires: Moment.nullable().default(null),
  review: Moment.nullable().default(null),
  labels: z
    .record(LabelKey, z.string().trim().max(253))
    .refine((labels) => Object.keys(labels).length <= 50, 'expected at most 50 labels')
    .default({}),
});
export type Stewardship = z.infer<typeof Stewardship>;

/** What an object says of itself. */
export type Stated = Stewardship;

export const unstated: Stated = { owner: null, reason: null, expires: null, review: null, labels: {} };

/** Where a value comes from: the object, the register, the policy a rule belongs to, or the segment the policy lies in. */
export const origins = ['object', 'register', 'policy', 'segment'] as const;
const Origin = z.enum(origins);
export type Origin = z.infer<typeof Origin>;

const Said = z.object({ value: z.string(), from: Origin }).nullable();
export type Said = z.infer<typeof Said>;

/**
 * - `no_owner`: nobody answers for it, and no segment gives an owner
 * - `no_reason`: neither the object nor the register says why it is there
 * - `expired`: it was to be gone by now
 * - `review_overdue`: it was to be looked at by now
 */
export const stewardshipFlags = ['no_owner', 'no_reason', 'expired', 'review_overdue'] as const;
export const StewardshipFlag = z.enum(stewardshipFlags);
export type StewardshipFlag = z.infer<typeof StewardshipFlag>;

/** What holds for a policy or a rule, and where each part of it is said. */
export const HeldStewardship = z.object({
  owner: Said,
  reason: Said,
  expires: Said,
  review: Said,
  labels: z.array(z.object({ key: z.string(), value: z.string(), from: Origin })),
  flags: z.array(StewardshipFlag),
});
export type HeldStewardship = z.infer<typeof HeldStewardship>;

const prefix = 'segproof.dev/';
const KubernetesMetadata = z.object({
  metadata: z.object({
    annotations: z.record(z.string(), z.unknown()).nullish(),
    labels: z.record(z.string(), z.unknown()).nullish(),
  }),
});
const IntentStated = z.object({
  apiVersion: z.string().startsWith('segproof.dev/'),
  kind: z.literal('Intent'),
  spec: z.looseObject({}),
});

function textOf(value: unknown, schema: z.ZodType<string>): string | null {
  return schema.safeParse(value).data ?? null;
}

function statedIn(fields: Readonly<Record<string, unknown>>, at: (field: string) => string): Omit<Stated, 'labels'> {
  return {
    owner: textOf(fields[at('owner')], Owner),
    reason: textOf(fields[at('reason')], Reason),
    expires: textOf(fields[at('expires')], Moment),
    review: textOf(fields[at('review')], Moment),
  };
}

/**
 * What a policy object says of itself: the annotations `segproof.dev/owner`, `/reason`, `/expires` and `/review` of any
 * object of a cluster, the fields of the same names of an intent, and its labels. What cannot be read is not said.
 */
export function statedByObject(object: unknown): Stated {
  const read = KubernetesMetadata.safeParse(object);
  if (!read.success) return unstated;
  const { annotations, labels } = read.data.metadata;
  const texts = Object.entries(labels ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const annotated = statedIn(annotations ?? {}, (field) => `${prefix}${field}`);
  const intent = IntentStated.safeParse(object);
  const own = intent.success ? statedIn(intent.data.spec, (field) => field) : null;
  return {
    owner: own?.owner ?? annotated.owner,
    reason: own?.reason ?? annotated.reason,
    expires: own?.expires ?? annotated.expires,
    review: own?.review ?? annotated.review,
    labels: Object.fromEntries(texts),
  };
}

/** What a rule of an intent says of itself. */
export function statedByRule(rule: IntentRule): Stated {
  return {
    owner: rule.owner ?? null,
    reason: rule.reason ?? null,
    expires: rule.expires ?? null,
    review: rule.review ?? null,
    labels: {},
  };
}

/** The last millisecond of a moment: a day holds to its end in UTC. */
export function endOf(moment: string): number {
  return Date.parse(moment.length === 'yyyy-mm-dd'.length ? `${moment}T23:59:59.999Z` : moment);
}

/** What is known about a policy or rule, from the nearest word to the farthest. */
export interface StewardshipSources {
  readonly object: Stated;
  readonly register: Stewardship | null;
  /** Of the policy that a rule belongs to. */
  readonly policy?: HeldStewardship;
  /** Owner of the segment that a policy lies in. */
  readonly segmentOwner?: string | null;
}

/**
 * What holds at `now`. The object itself has the first word, then the register; a rule has the owner, reason, expiry
 * and review of its policy where it has none of its own, a policy the owner of its segment.
 */
export function heldStewardship(sources: StewardshipSources, now: Date): HeldStewardship {
  const { object, register, policy, segmentOwner = null } = sources;
  const held = (field: 'owner' | 'reason' | 'expires' | 'review'): Said => {
    const own = object[field];
    if (own !== null) return { value: own, from: 'object' };
    const set = register?.[field] ?? null;
    if (set !== null) return { value: set, from: 'register' };
    const above = policy?.[field] ?? null;
    if (above !== null) return { value: above.value, from: above.from === 'segment' ? 'segment' : 'policy' };
    return field === 'owner' && segmentOwner !== null ? { value: segmentOwner, from: 'segment' } : null;
  };
  const labels = new Map<string, { readonly key: string; readonly value: string; readonly from: Origin }>();
  for (const [key, value] of Object.entries(register?.labels ?? {})) labels.set(key, { key, value, from: 'register' });
  for (const [key, value] of Object.entries(object.labels)) labels.set(key, { key, value, from: 'object' });
  const [owner, reason, expires, review] = [held('owner'), held('reason'), held('expires'), held('review')];
  const past = (said: Said) => said !== null && endOf(said.value) < now.getTime();
  const flags: Readonly<Record<StewardshipFlag, boolean>> = {
    no_owner: owner === null,
    no_reason: reason === null,
    expired: past(expires),
    review_overdue: past(review),
  };
  return {
    owner,
    reason,
    expires,
    review,
    labels: [...labels.values()].sort((a, b) => (a.key < b.key ? -1 : 1)),
    flags: stewardshipFlags.filter((flag) => flags[flag]),
  };
}

/** The fields that `set` would say though the object says them already. */
export function contradicted(
  set: Stewardship,
  object: Stated,
): ('owner' | 'reason' | 'expires' | 'review' | 'labels')[] {
  const fields = (['owner', 'reason', 'expires', 'review'] as const).filter(
    (field) => set[field] !== null && object[field] !== null,
  );
  const labels = Object.keys(set.labels).some((key) => Object.hasOwn(object.labels, key));
  return labels ? [...fields, 'labels'] : fields;
}
