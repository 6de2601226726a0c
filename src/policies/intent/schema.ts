/** Intents: our own statement of who may talk to whom, independent of the system that enforces it. */

import { z } from 'zod';
import { isDnsLabel, isDnsSubdomain, isLabelKey, isLabelValue, isPortName } from '../kubernetes/syntax.js';
import { parseCidr } from '../simulation/address.js';

export const intentVersion = 'segproof.dev/v1';

const name = z.string().refine(isDnsLabel, 'expected up to 63 lower-case letters, digits and "-"');
const labels = z.record(
  z.string().refine(isLabelKey, 'expected a label key'),
  z.string().refine(isLabelValue, 'expected a label value'),
);
const cidr = z.string().refine((text) => parseCidr(text) !== null, 'expected a CIDR such as 10.0.0.0/8');

/** A day (to its end, in UTC) or an instant with its offset. */
const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: 'expected a day such as 2027-01-31, or an instant with its offset',
});

const requirement = z
  .strictObject({
    key: z.string().refine(isLabelKey, 'expected a label key'),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: z.array(z.string().refine(isLabelValue, 'expected a label value')).optional(),
  })
  .refine(
    ({ operator, values = [] }) => (operator === 'In' || operator === 'NotIn') === values.length > 0,
    'expected values for In and NotIn, and none for Exists and DoesNotExist',
  );

const members = { labels: labels.optional(), expressions: z.array(requirement).optional() };

/**
 * Who is meant: pods of named namespaces, which policies can be written for; pods of namespaces by label, addresses, or
 * anything at all, which can only be the far side.
 */
const tier = z.union(
  [
    z.strictObject({ namespaces: z.array(name).min(1), isolate: z.boolean().optional(), ...members }),
    z.strictObject({ namespaceLabels: labels, ...members }),
    z.strictObject({ cidrs: z.array(cidr).min(1) }),
    z.strictObject({ any: z.literal(true) }),
  ],
  { error: 'expected one of namespaces, namespaceLabels, cidrs, any: true, and no unknown fields' },
);
export type IntentTier = z.infer<typeof tier>;

const portText = /^(?:(\d{1,5})(?:-(\d{1,5}))?|([a-z0-9-]{1,15}))(?:\/(TCP|UDP|SCTP))?$/;

/** A destination port as written, `8443`, `8000-8100/UDP` or `https/TCP`, taken apart; `null` when it is none. */
export function parsePort(written: string | number) {
  const match = portText.exec(String(written));
  if (match === null) return null;
  const protocol = (match[4] ?? 'TCP') as 'TCP' | 'UDP' | 'SCTP'; // one of the words of the pattern
  if (match[1] === undefined) return isPortName(match[3] ?? '') ? { protocol, name: match[3] ?? '' } : null;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first >= 1 && first <= last && last <= 65535 ? { protocol, first, last } : null;
}

const port = z
  .union([z.string(), z.number()])
  .refine(
    (written) => parsePort(written) !== null,
    'expected a port such as 8443, 8000-8100/UDP or https/TCP, from 1 to 65535',
  );

const stewardship = {
  owner: z.string().min(1).optional(),
  reason: z.string().min(1).optional(),
  expires: moment.optional(),
  review: moment.optional(),
};

const oneOrMore = z.union([name.transform((one) => [one]), z.array(name).min(1)], {
  error: 'expected the name of a tier, or a list of names',
});

/** `from` may open connections to `to`; without ports, on every port of every protocol. */
const rule = z.strictObject({
  name: z.string().max(100).optional(),
  from: oneOrMore,
  to: oneOrMore,
  ports: z.array(port).min(1).optional(),
  ...stewardship,
});
export type IntentRule = z.infer<typeof rule>;

/**
 * `enforce` names the halves that are enforced: `ingress` at the tiers a rule leads to, `egress` at those it starts
 * from. A tier that a rule is enforced at may do nothing else in that direction.
 */
export const intentSpec = z.strictObject({
  owner: z.string().min(1),
  reason: z.string().min(1),
  expires: moment.optional(),
  review: moment.optional(),
  enforce: z
    .array(z.enum(['ingress', 'egress']))
    .min(1)
    .default(['ingress']),
  tiers: z.record(name, tier),
  rules: z.array(rule),
});
export type IntentSpec = z.infer<typeof intentSpec>;

const metadata = z.object({ name: z.string().refine(isDnsSubdomain, 'expected an RFC 1123 subdomain') });

const parameterValue = z.union([z.string(), z.number(), z.array(z.union([z.string(), z.number()]))]);
export type ParameterValue = z.infer<typeof parameterValue>;

/** An intent, written out or made from a template. */
export const intentObject = z.object({
  apiVersion: z.literal(intentVersion),
  kind: z.literal('Intent'),
  metadata,
  spec: z.unknown(),
});

/** `spec` of an intent made from a template: what it says besides the template goes over what the template says. */
export const templatedSpec = z.strictObject({
  template: name,
  parameters: z.record(z.string(), parameterValue).default({}),
  owner: z.string().min(1),
  reason: z.string().min(1),
  expires: moment.optional(),
  review: moment.optional(),
});

/** A template: an intent's `tiers`, `rules` and `enforce` with `${parameter}` in its texts. */
export const templateObject = z.object({
  apiVersion: z.literal(intentVersion),
  kind: z.literal('IntentTemplate'),
  metadata: z.object({ name }),
  spec: z.strictObject({
    description: z.string().optional(),
    parameters: z.array(
      z.strictObject({
        name: z.string().regex(/^[a-z][A-Za-z0-9]{0,62}$/, 'expected letters and digits, a small letter first'),
        description: z.string().optional(),
        default: parameterValue.optional(),
        oneOf: z.array(z.union([z.string(), z.number()])).optional(),
      }),
    ),
    intent: z.unknown(),
  }),
});
export type IntentTemplate = z.infer<typeof templateObject>;

/** An intent with its template filled in. */
export interface Intent {
  readonly name: string;
  readonly spec: IntentSpec;
}
