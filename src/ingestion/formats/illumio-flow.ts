import type { NormalForm, Verdict } from '../normal-form.js';
import { severityOf } from './cef.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readEpoch, readTime, readTimeText, type ReadTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { isObject, type JsonObject, type JsonValue, nameOf, textOf, unsignedOf } from './json-value.js';
import { emptyRecord, type Wire } from './wire.js';

const adapter = { name: 'illumio', version: 2 } as const;

/** Policy decision: 0 allowed, 1 potentially blocked, 2 blocked, 3 unknown. */
const decisions: readonly Verdict[] = ['allow', 'would_deny', 'deny', 'unknown'];
/** What makes a flow blocked or potentially blocked. */
export const qualifiers = ['missing rule', 'enforcement boundary', 'override deny rule', 'another firewall'];

export interface IllumioFlow {
  readonly verdict: Verdict;
  readonly verdictRaw: string | null;
  readonly source: { readonly ip: unknown; readonly host: unknown; readonly labels: unknown; readonly href: unknown };
  readonly destination: {
    readonly ip: unknown;
    readonly host: unknown;
    readonly labels: unknown;
    readonly href: unknown;
    readonly port: unknown;
    /** What the address was looked up as; no name of a workload. */
    readonly fqdn: unknown;
  };
  readonly protocol: unknown;
  /** `I` the destination reports, `O` the source. */
  readonly way: 'I' | 'O' | null;
  readonly time: ReadTime | string | null;
  readonly seconds: number | null;
  readonly count: number | null;
  readonly bytes: string | null;
  readonly replyBytes: string | null;
  readonly reason: string | null;
  readonly name: string | null;
  readonly severityRaw: string | null;
  readonly attributes: Record<string, JsonValue>;
  readonly places: Readonly<Record<string, string>>;
}

export function flowRecord(flow: IllumioFlow, wire: Wire): NormalForm {
  const flags: string[] = [];
  const protocol = protocolOf(flow.protocol);
  const icmp = !hasPorts(protocol);
  const end = (side: IllumioFlow['source'], port: number | null, fqdn: string | null): NormalForm['source'] => {
    const labels = labelsOf(side.labels);
    const host = nameOf(side.host);
    const known = host !== null || Object.keys(labels).length > 0;
    const name = host ?? textOf(side.ip) ?? '';
    return endpointOf(
      {
        ip: side.ip,
        port,
        instance: host,
        identity: textOf(side.href),
        dnsNames: fqdn === null ? [] : [fqdn],
        ...(known && name !== ''
          ? { workload: { key: `illumio:${name}`, kind: 'Workload', namespace: null, name, labels } }
          : {}),
      },
      flags,
    );
  };
  const source = end(flow.source, null, null);
  const destination = end(
    flow.destination,
    icmp ? null : portOf(flow.destination.port, flags),
    nameOf(flow.destination.fqdn),
  );
  const direction: NormalForm['direction'] = flow.way === 'I' ? 'ingress' : flow.way === 'O' ? 'egress' : 'unknown';
  const told = {
    verdict: flow.verdict,
    source,
    destination,
    protocol,
    direction,
    isReply: null,
    reason: flow.reason,
  } as const;
  const time = chooseTime([flow.time], wire, flags);
  const start = time.eventTime;
  return {
    ...emptyRecord('flow', adapter),
    ...told,
    ...time,
    summary: flowSummary(told),
    verdictRaw: flow.verdictRaw,
    reporter: flow.way === 'I' ? 'dst' : flow.way === 'O' ? 'src' : 'device',
    reporterName: flow.name ?? wire.syslog?.host ?? null,
    count: flow.count,
    interval: start === null || flow.seconds === null ? null : intervalFrom(start, flow.seconds),
    traffic:
      flow.bytes === null && flow.replyBytes === null
        ? null
        : { bytes: flow.bytes, packets: null, replyBytes: flow.replyBytes, replyPackets: null },
    severity: flow.severityRaw === null ? (wire.syslog?.severity ?? null) : severityOf(flow.severityRaw),
    severityRaw: flow.severityRaw,
    attributes: { ...flow.attributes, ...sequenceOf(wire) },
    places: flow.places,
    flags,
  };
}

/** The time of a summary is that of its first flow; all others were seen within the interval. */
function intervalFrom(start: string, seconds: number): NormalForm['interval'] {
  const end = new Date(Date.parse(start) + seconds * 1000);
  return Number.isNaN(end.getTime()) || end.getUTCFullYear() > 9999 ? null : { start, end: end.toISOString() };
}

/** The PCE numbers its messages in the structured data: gaps are losses. */
export function sequenceOf({ syslog }: Wire): Record<string, JsonValue> {
  const number = /sequenceId="(\d{1,18})"/.exec(syslog?.structuredData ?? '')?.[1];
  return number === undefined
    ? {}
    : { sequence: number, stream: [syslog?.host, syslog?.app].filter(Boolean).join(' ') };
}

function labelsOf(value: unknown): Record<string, string> {
  if (typeof value === 'string') {
    try {
      return labelsOf(JSON.parse(value));
    } catch {
      return {};
    }
  }
  // Labels as the API of the PCE lists them.
  if (Array.isArray(value)) {
    return Object.fromEntries(
      value
        .filter(isObject)
        .flatMap(({ key, value: text }) =>
          typeof key === 'string' && key !== '__proto__' && typeof text === 'string' ? [[key, text]] : [],
        ),
    );
  }
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, text]) =>
      typeof text === 'string' && key !== '__proto__' ? [[key, text]] : [],
    ),
  );
}

/** A traffic summary as JSON, versions 2 to 4. */
export function illumioFlow(flow: JsonObject, wire: Wire): NormalForm {
  const pd = unsignedOf(flow.pd) ?? textOf(flow.pd);
  const qualifier = numberOf(unsignedOf(flow.pd_qualifier));
  const way = flow.dir === 'I' || flow.dir === 'O' ? flow.dir : null;
  const first = (...names: readonly string[]): string | null =>
    names.map((name) => unsignedOf(flow[name])).find((text) => text !== null) ?? null;
  return flowRecord(
    {
      verdict: decisionOf(pd),
      verdictRaw: pd,
      source: { ip: flow.src_ip, host: flow.src_hostname, labels: flow.src_labels, href: flow.src_href },
      destination: {
        ip: flow.dst_ip,
        host: flow.dst_hostname,
        labels: flow.dst_labels,
        href: flow.dst_href,
        port: flow.dst_port,
        fqdn: flow.fqdn,
      },
      protocol: flow.proto ?? flow.protocol,
      way,
      time: timeOf(textOf(flow.timestamp) ?? textOf(flow.time) ?? textOf(flow.TimeGenerated), wire),
      seconds: numberOf(first('interval_sec')),
      count: numberOf(first('count', 'flow_count')),
      // Counted at the end that reports: out of the source, into the destination; or at the destination, whoever reports.
      bytes: way === 'I' ? first('tbi', 'dbi', 'dst_dbi', 'dst_tbi') : first('tbo', 'dbo', 'dst_dbi', 'dst_tbi'),
      replyBytes: way === 'I' ? first('tbo', 'dbo', 'dst_dbo', 'dst_tbo') : first('tbi', 'dbi', 'dst_dbo', 'dst_tbo'),
      reason: qualifier === null ? null : (qualifiers[qualifier] ?? String(qualifier)),
      name: textOf(flow.pce_fqdn),
      severityRaw: null,
      attributes: attributesOf(flow, [
        'class',
        'state',
        'un',
        'pn',
        'network',
        'type',
        'icmp_type',
        'code',
        'ddms',
        'tdms',
        'fqdn',
        'version',
        'src_href',
        'dst_href',
      ]),
      places: {
        eventTime: '/timestamp',
        verdict: '/pd',
        'source.ip': '/src_ip',
        'destination.ip': '/dst_ip',
        'destination.port': '/dst_port',
        protocol: '/proto',
        direction: '/dir',
      },
    },
    wire,
  );
}

const decisionWords: ReadonlyMap<string, Verdict> = new Map<string, Verdict>([
  ['allowed', 'allow'],
  ['potentially_blocked', 'would_deny'],
  ['blocked', 'deny'],
  ['unknown', 'unknown'],
]);

/** A decision by its number or its word; drafts say behind the word what would decide (`blocked_by_boundary`). */
export function decisionOf(said: string | null): Verdict {
  if (said === null) return 'unknown';
  const word = /^(?:allowed|potentially_blocked|blocked)(?=$|_)/.exec(said)?.[0] ?? said;
  return decisionWords.get(word) ?? (/^\d$/.test(said) ? decisions[Number(said)] : undefined) ?? 'unknown';
}

/** Times of the PCE without a zone are UTC. */
export function timeOf(text: string | null, wire: Wire): ReadTime | string | null {
  if (text === null) return null;
  const exact = readTime(text) ?? readEpoch(text);
  if (exact !== null) return exact;
  return readTimeText(text, { zone: 'UTC', receivedAt: wire.receivedAt }) ?? text;
}

export function parsed(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function numberOf(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function attributesOf(flow: JsonObject, names: readonly string[]): Record<string, JsonValue> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = flow[name];
      return typeof value === 'string' || typeof value === 'number' ? [[name, value]] : [];
    }),
  );
}
