import { z } from 'zod';
import { PolicySummary } from '../policies.js';
import { HeldStewardship, Stewardship, StewardshipFlag } from './stewardship.js';

/** Who set an entry of the register, when, and in which entry of the log. */
export const RegisterMark = z.object({ by: z.string(), at: z.string(), index: z.number().int() });
export type RegisterMark = z.infer<typeof RegisterMark>;

export const RegisterRule = z.object({
  /** What it is addressed by: unchanged as long as the rule says the same, wherever it stands. */
  digest: z.string(),
  direction: z.enum(['ingress', 'egress']).nullable(),
  /** `allow from pods app=web on TCP 8443` */
  text: z.string(),
  name: z.string().nullable(),
  /** False for a rule that has an entry and is no longer in the policy. */
  present: z.boolean(),
  held: HeldStewardship,
  /** What the register itself says; null where nothing was set. */
  set: Stewardship.nullable(),
  mark: RegisterMark.nullable(),
});
export type RegisterRule = z.infer<typeof RegisterRule>;

/** A policy in the register. */
export const PolicyEntry = PolicySummary.extend({
  /** Segments it lies in. */
  segments: z.array(z.string()),
  held: HeldStewardship,
  set: Stewardship.nullable(),
  mark: RegisterMark.nullable(),
  /** Null where the object is not known, or its kind not modelled. */
  rules: z.array(RegisterRule).nullable(),
});
export type PolicyEntry = z.infer<typeof PolicyEntry>;

/** A line of the register: what needs attention is counted, also in the rules. */
export const PolicyLine = PolicyEntry.omit({ rules: true, set: true, mark: true }).extend({
  /** Rules of it with one of these flags of their own: expired, or past their review. */
  rulesFlagged: z.number().int(),
});
export type PolicyLine = z.infer<typeof PolicyLine>;

export const RegisterQuery = z.object({
  system: z.string().optional(),
  namespace: z.string().optional(),
  /** Only policies in force (`true`), or only those that are gone (`false`). */
  inForce: z
    .enum(['true', 'false'])
    .transform((word) => word === 'true')
    .optional(),
  owner: z.string().optional(),
  /** `key`, or `key=value`. */
  label: z.string().optional(),
  flag: StewardshipFlag.optional(),
});
export type RegisterQuery = z.infer<typeof RegisterQuery>;
