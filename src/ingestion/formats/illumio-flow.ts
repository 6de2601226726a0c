import type { NormalForm, Verdict } from '../normal-form.js';
import type { CefMessage } from './cef-text.js';
import { severityOf } from './cef.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readEpoch, readTime, readTimeText, type ReadTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import {
  integerOf,
  isObject,
  type JsonObject,
  type JsonValue,
  nameOf,
  objectOf,
  textOf,
  unsignedOf,
} from './json-value.js';
import type { LeefMessage } from './leef.js';
import { emptyRecord, type Wire } from './wire.js';

const adapter = { name: 'illumio', version: 1 } as const;

/** Policy decision: 0 allowed, 1 potentially blocked, 2 blocked, 3 unknown. */
const decisions: readonly Verdict[] = ['allow', 'would_deny', 'deny', 'unknown'];
const qualifiers = ['missing rule', 'enforcement boundary', 'override deny rule', 'another firewall'];

interface Flow {
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

function recordOf(flow: Flow, wire: Wire): NormalForm {
  const flags: string[] = [];
  const protocol = protocolOf(flow.protocol);
  const icmp = !hasPorts(protocol);
  const end = (side: Flow['source'], port: number | null, fqdn: string | null): NormalForm['source'] => {
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
  const end_ = time.eventTime;
  return {
    ...emptyRecord('flow', adapter),
    ...told,
    ...time,
    summary: flowSummary(told),
    verdictRaw: flow.verdictRaw,
    reporter: flow.way === 'I' ? 'dst' : flow.way === 'O' ? 'src' : 'device',
    reporterName: flow.name ?? wire.syslog?.host ?? null,
    count: flow.count,
    interval: end_ === null || flow.seconds === null ? null : intervalBefore(end_, flow.seconds),
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

/** The interval that ends at the time of the summary. */
function intervalBefore(end: string, seconds: number): NormalForm['interval'] {
  const begin = new Date(Date.parse(end) - seconds * 1000);
  return Number.isNaN(begin.getTime()) ? null : { start: begin.toISOString(), end };
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
  const pd = typeof flow.pd === 'string' && /^\d$/.test(flow.pd) ? Number(flow.pd) : integerOf(flow.pd);
  const qualifier = integerOf(flow.pd_qualifier);
  const way = flow.dir === 'I' || flow.dir === 'O' ? flow.dir : null;
  const sent = unsignedOf(flow.tbo) ?? unsignedOf(flow.dst_dbo);
  const received = unsignedOf(flow.tbi) ?? unsignedOf(flow.dst_dbi);
  return recordOf(
    {
      verdict: decisions[pd ?? 3] ?? 'unknown',
      verdictRaw: pd === null ? null : String(pd),
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
      time: timeOf(textOf(flow.timestamp) ?? textOf(flow.time), wire),
      seconds: integerOf(flow.interval_sec),
      count: integerOf(flow.count) ?? integerOf(flow.flow_count),
      // Counted at the end that reports: out of the source, into the destination.
      bytes: way === 'I' ? received : sent,
      replyBytes: way === 'I' ? sent : received,
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

const cefDecisions: ReadonlyMap<string, Verdict> = new Map<string, Verdict>([
  ['allowed', 'allow'],
  ['potentially_blocked', 'would_deny'],
  ['blocked', 'deny'],
  ['unknown', 'unknown'],
]);

export function illumioFlowCef({ signature, severity, extension }: CefMessage, wire: Wire): NormalForm {
  const value = (name: string): string | null => extension.get(name) || null;
  const word = signature.replace(/^flow_/, '');
  const message = objectOf(parsed(value('msg')));
  const qualifier = integerOf(message?.pd_qualifier);
  const way = value('deviceDirection') === '0' ? 'I' : value('deviceDirection') === '1' ? 'O' : null;
  return recordOf(
    {
      verdict: cefDecisions.get(word) ?? cefDecisions.get(value('act') ?? '') ?? 'unknown',
      verdictRaw: value('act') ?? word,
      source: { ip: value('src'), host: value('shost'), labels: value('cs3'), href: value('cs5') },
      destination: {
        ip: value('dst'),
        host: value('dhost'),
        labels: value('cs4'),
        href: value('cs6'),
        port: value('dpt'),
        fqdn: message?.fqdn ?? value('destinationDnsDomain'),
      },
      protocol: value('proto'),
      way,
      time: timeOf(value('rt'), wire),
      seconds: numberOf(value('cn1')),
      count: numberOf(value('cnt')),
      bytes: unsignedOf(value(way === 'I' ? 'in' : 'out')),
      replyBytes: unsignedOf(value(way === 'I' ? 'out' : 'in')),
      reason: qualifier === null ? null : (qualifiers[qualifier] ?? String(qualifier)),
      name: value('dvchost'),
      severityRaw: severity || null,
      attributes: Object.fromEntries(
        ['duser', 'suser', 'dproc', 'sproc', 'cs2', 'cs5', 'cs6', 'msg'].flatMap((name) =>
          value(name) === null ? [] : [[name === 'cs2' ? 'state' : name, value(name)]],
        ),
      ),
      places: {
        eventTime: 'rt',
        verdict: 'act',
        'source.ip': 'src',
        'destination.ip': 'dst',
        'destination.port': 'dpt',
        protocol: 'proto',
        direction: 'deviceDirection',
      },
    },
    wire,
  );
}

export function illumioFlowLeef({ eventId, pairs }: LeefMessage, wire: Wire): NormalForm {
  const value = (...names: string[]): string | null =>
    names.map((name) => pairs.get(name)).find((text) => text !== undefined && text !== '') ?? null;
  const word = eventId.replace(/^flow_/, '');
  const [sent, received] = [value('dstBytes', 'tbo', 'dbo'), value('srcBytes', 'tbi', 'dbi')];
  const dir = value('dir', 'deviceDirection');
  const way = dir === 'I' || dir === '0' ? 'I' : dir === 'O' || dir === '1' ? 'O' : null;
  return recordOf(
    {
      verdict: cefDecisions.get(word) ?? decisions[Number(value('pd') ?? 3)] ?? 'unknown',
      verdictRaw: value('act', 'pd') ?? word,
      source: {
        ip: value('src'),
        host: value('srcHostname', 'src_hostname'),
        labels: value('srcLabels', 'src_labels'),
        href: value('srcHref', 'src_href'),
      },
      destination: {
        ip: value('dst'),
        host: value('dstHostname', 'dst_hostname'),
        labels: value('dstLabels', 'dst_labels'),
        href: value('dstHref', 'dst_href'),
        port: value('dstPort'),
        fqdn: value('fqdn', 'dstFqdn'),
      },
      protocol: value('proto'),
      way,
      time: timeOf(value('devTime'), wire),
      seconds: numberOf(value('intervalSec', 'interval_sec')),
      count: numberOf(value('count', 'cnt')),
      // Counted at the end that reports, as in the JSON.
      bytes: unsignedOf(way === 'I' ? received : sent),
      replyBytes: unsignedOf(way === 'I' ? sent : received),
      reason: null,
      name: value('devName'),
      severityRaw: value('sev'),
      attributes: Object.fromEntries([...pairs].filter(([name]) => name !== '__proto__').slice(0, 60)),
      places: {
        eventTime: 'devTime',
        verdict: 'pd',
        'source.ip': 'src',
        'destination.ip': 'dst',
        'destination.port': 'dstPort',
        protocol: 'proto',
      },
    },
    wire,
  );
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

function numberOf(text: string | null): number | null {
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
