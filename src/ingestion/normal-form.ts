import { z } from 'zod';

/**
 * The normal form of a record: what Segproof makes of the raw bytes a source sent.
 * One schema for storage, API, search and export. Field meanings follow the field's own
 * standards; times are RFC 3339 in UTC with as many fraction digits as the source gave
 * (nanoseconds survive), numbers that may exceed 2^53 are strings.
 */

export const recordKinds = ['flow', 'policy_change', 'admin', 'signal', 'unknown'] as const;
export const RecordKind = z.enum(recordKinds);
export type RecordKind = z.infer<typeof RecordKind>;

/**
 * What the enforcing system decided. `would_deny` is an audit or staged verdict; `none` is an
 * observation without a decision and is never counted as an allow.
 */
export const verdicts = ['allow', 'deny', 'would_deny', 'error', 'none', 'unknown'] as const;
export const Verdict = z.enum(verdicts);
export type Verdict = z.infer<typeof Verdict>;

/** Where the event time came from, best first. */
export const TimeSource = z.enum(['record', 'envelope', 'header', 'received']);
export type TimeSource = z.infer<typeof TimeSource>;

export const FormatName = z.enum(['hubble', 'kubernetes-audit']);
export type FormatName = z.infer<typeof FormatName>;

/** A thing that talks. `key` is its stable identity across records, e.g. `k8s:payments/api`, `ip:10.0.0.7`, `reserved:world`. */
export const WorkloadRef = z.object({
  key: z.string().min(1),
  kind: z.string().nullable(),
  namespace: z.string().nullable(),
  name: z.string(),
  /** Labels without their source prefix (`app`, not `k8s:app`). */
  labels: z.record(z.string(), z.string()),
});
export type WorkloadRef = z.infer<typeof WorkloadRef>;

export const Endpoint = z.object({
  ip: z.string().nullable(),
  port: z.number().int().min(0).max(65535).nullable(),
  workload: WorkloadRef.nullable(),
  /** Pod, instance or host name as the source gave it. */
  instance: z.string().nullable(),
  /** Numeric security identity, as text. */
  identity: z.string().nullable(),
  dnsNames: z.array(z.string()),
  /** Cluster, zone or VPC. */
  zone: z.string().nullable(),
});
export type Endpoint = z.infer<typeof Endpoint>;

export const PolicyRef = z.object({
  system: z.string(),
  kind: z.string().nullable(),
  namespace: z.string().nullable(),
  name: z.string(),
  tier: z.string().nullable(),
  rule: z.string().nullable(),
  revision: z.string().nullable(),
  effect: z.enum(['allow', 'deny', 'pass', 'none']),
  staged: z.boolean(),
});
export type PolicyRef = z.infer<typeof PolicyRef>;

export const Actor = z.object({
  /** Who is held to have done it (the impersonated user where there is one). */
  name: z.string(),
  /** The authenticated user when it impersonated `name`. */
  realName: z.string().nullable(),
  groups: z.array(z.string()),
  addresses: z.array(z.string()),
  userAgent: z.string().nullable(),
});
export type Actor = z.infer<typeof Actor>;

/** A change to a policy object, as the enforcing system recorded it. */
export const PolicyChange = z.object({
  action: z.enum(['create', 'update', 'delete', 'delete_collection']),
  /** The request succeeded (2xx): the change is in force. */
  applied: z.boolean(),
  /** A server-side dry run: nothing changed. */
  dryRun: z.boolean(),
  resource: z.object({
    system: z.string(),
    apiVersion: z.string(),
    kind: z.string(),
    namespace: z.string().nullable(),
    /** Null where the source does not say (a create with generateName and no response body). */
    name: z.string().nullable(),
    uid: z.string().nullable(),
  }),
  /** The whole object after the change; null for deletes or where the audit level left it out. */
  after: z.json().nullable(),
  /** The object as sent (for a patch: the patch itself). */
  requested: z.json().nullable(),
  statusCode: z.number().int().nullable(),
});
export type PolicyChange = z.infer<typeof PolicyChange>;

export const NormalForm = z.object({
  kind: RecordKind,
  format: FormatName,
  /** Raised whenever the adapter's output for the same bytes changes. */
  parserVersion: z.number().int().positive(),
  /** RFC 3339, UTC, `Z`, 0 to 9 fraction digits as received; null when the record carries none. */
  eventTime: z.string().nullable(),
  timeSource: TimeSource,
  timeGuessed: z.boolean(),
  /** The format's own unique id, for deduplication; null where there is none. */
  nativeId: z.string().nullable(),
  /** One line a person can read. */
  summary: z.string(),
  actor: Actor.nullable(),
  verdict: Verdict,
  verdictRaw: z.string().nullable(),
  /** Why, in the source's words (drop reason, authorization reason). */
  reason: z.string().nullable(),
  /** As seen by the enforcing endpoint. */
  direction: z.enum(['ingress', 'egress', 'unknown']),
  reporter: z.enum(['src', 'dst', 'node', 'device', 'control-plane']),
  reporterName: z.string().nullable(),
  source: Endpoint.nullable(),
  destination: Endpoint.nullable(),
  protocol: z.object({ number: z.number().int().nullable(), name: z.string() }).nullable(),
  /** True for reply packets, which are not connection attempts; null where the source does not say. */
  isReply: z.boolean().nullable(),
  /** Number of observations this record stands for; null is not 0. */
  count: z.number().int().nullable(),
  /** Records known to be lost, for loss notices. */
  lostCount: z.string().nullable(),
  policies: z.array(PolicyRef),
  policyChange: PolicyChange.nullable(),
  /** Everything worth keeping that has no field of its own (HTTP method, DNS query, ICMP type). */
  attributes: z.record(z.string(), z.json()),
  /** What was guessed or is missing, as stable words: `workload_from_pod_name`, `no_event_time`. */
  flags: z.array(z.string()),
});
export type NormalForm = z.infer<typeof NormalForm>;

/** Why a record could not be read. The raw bytes are kept with it. */
export const RejectReason = z.enum([
  'empty',
  'too_large',
  'not_utf8',
  'invalid_json',
  'not_an_object',
  'unknown_format',
  'missing_field',
  'invalid_field',
]);
export type RejectReason = z.infer<typeof RejectReason>;

export type Normalised =
  | { readonly ok: true; readonly record: NormalForm }
  | { readonly ok: false; readonly reason: RejectReason; readonly detail: string };

/**
 * Reads one wire format. Pure: no clock, no database, never throws on any JSON value.
 * One file per format in `formats/`, registered in `formats/registry.ts`.
 */
export interface FormatAdapter {
  readonly name: FormatName;
  readonly version: number;
  /** Is this value of my format? Cheap, and true only for values `normalise` should be asked about. */
  detect(value: unknown): boolean;
  normalise(value: unknown): Normalised;
}
