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

/** Wire formats, one adapter each in `formats/`. */
export const formatNames = [
  'hubble',
  'kubernetes-audit',
  'calico-flow',
  'aws-vpc-flow',
  'aws-cloudtrail',
  'azure-flow',
  'azure-activity',
  'azure-firewall',
  'gcp-flow',
  'gcp-audit',
  'envoy',
  'illumio',
  'guardicore',
  'cef',
  'leef',
  'pan-os',
  'fortigate',
  'check-point',
  'iptables',
  'nsx',
  'ovn-acl',
  'antrea',
  'zeek',
  'suricata',
  'ocsf',
  'ecs',
  'alertmanager',
  'azure-alert',
  'splunk-alert',
  'elastic-alert',
  'falco',
  'github',
  'aws-sns',
  'cloudevents',
  'otlp',
] as const;
export const FormatName = z.enum(formatNames);
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
  /** First and last moment of an aggregated record, as `eventTime`; null where it is one moment. */
  interval: z.object({ start: z.string(), end: z.string() }).nullable(),
  /** Bytes and packets from source to destination and back, decimal; null is not 0. */
  traffic: z
    .object({
      bytes: z.string().nullable(),
      packets: z.string().nullable(),
      replyBytes: z.string().nullable(),
      replyPackets: z.string().nullable(),
    })
    .nullable(),
  /** Syslog scale (RFC 5424): 0 emergency to 7 debug. */
  severity: z.number().int().min(0).max(7).nullable(),
  severityRaw: z.string().nullable(),
  /** Records known to be lost, for loss notices. */
  lostCount: z.string().nullable(),
  policies: z.array(PolicyRef),
  policyChange: PolicyChange.nullable(),
  /**
   * Everything worth keeping that has no field of its own (HTTP method, DNS query, ICMP type).
   *
   * Two names are reserved for finding lost records. `sequence`: a number of the sender's counter that rises by one with
   * every record (RFC 5424 section 7.3.1 `sequenceId`), decimal text or a safe integer, 0 to 2^64 - 1. `stream`: text
   * that names the counter within the source (host, process, blade), left out where the source has one. An adapter sets
   * neither for ids that only rise, or that count what is not sent.
   */
  attributes: z.record(z.string(), z.json()),
  /**
   * Where in the record the main fields stand: field (`eventTime`, `verdict`, `source.ip`, …) to a JSON
   * pointer (RFC 6901), the key of a pair, or `column N` counted from 1.
   */
  places: z.record(z.string(), z.string()),
  /** What carried the record, outermost first: `syslog`, or the JSON pointer of the member that held it. */
  carriers: z.array(z.string()),
  /** What was guessed or is missing, as stable words: `workload_from_pod_name`, `no_event_time`. */
  flags: z.array(z.string()),
});
export type NormalForm = z.infer<typeof NormalForm>;

/** Why a record could not be read. The raw bytes are kept with it. */
export const QuarantineReason = z.enum([
  'empty',
  'too_large',
  'not_utf8',
  'invalid_json',
  'not_an_object',
  'unknown_format',
  'missing_field',
  'invalid_field',
]);
export type QuarantineReason = z.infer<typeof QuarantineReason>;

/** Not every record is one fact: a delivery of flow tuples is as many as it has tuples; at least one. */
export type Normalised =
  | { readonly ok: true; readonly records: readonly [NormalForm, ...NormalForm[]] }
  | { readonly ok: false; readonly reason: QuarantineReason; readonly detail: string };

/** What is known of a record beside its bytes: what its source is set to, and what the protocol said of it. */
export const RecordContext = z.strictObject({
  /** The only format the source sends; without it each record is recognised. */
  format: FormatName.optional(),
  /** IANA zone or offset (`Europe/Oslo`, `+02:00`) of times that name none; without it they are taken as UTC and flagged. */
  zone: z.string().optional(),
  /** Verdicts of words that the format leaves to the administrator: the first prefix that fits decides. */
  verdicts: z.array(z.object({ prefix: z.string(), verdict: Verdict })).optional(),
  /** Names of the columns, where the record has none: an AWS flow log format string, or the header lines of the file. */
  columns: z.string().optional(),
  /** Times that the protocol gave, RFC 3339, best first. */
  times: z.array(z.string()).optional(),
  /** Id that the protocol gave (`webhook-id`, `ce-id`, `_id`). */
  nativeId: z.string().optional(),
  /** Index of the entry in quarantine that this record was made of, once it could be read. */
  reprocessOf: z.number().int().optional(),
  /** Whatever else the protocol said: host, sourcetype, resource attributes, headers. */
  attributes: z.record(z.string(), z.json()).optional(),
});
export type RecordContext = z.infer<typeof RecordContext>;
