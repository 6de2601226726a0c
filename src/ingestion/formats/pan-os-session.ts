import type { NormalForm, Normalised } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readTimeText } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { unsignedOf } from './json-value.js';
import { attributesOf, severityOf, timesOf } from './pan-os-log.js';
import { verdictOfWord } from './verdict-words.js';
import { accept, addFlag, type FormatAdapter, emptyRecord, refuse, type Wire } from './wire.js';

/** Columns in which the logs of sessions differ, counted from 0; the first thirty are the same (PAN-OS, "Syslog Field Descriptions"). */
interface SessionLayout {
  readonly kind: 'flow' | 'signal';
  /** The action stands behind it; 29 but for SCTP. */
  readonly protocol?: number;
  readonly reason?: number;
  readonly start?: number;
  readonly category?: number;
  readonly severity?: number;
  readonly sequence?: number;
  readonly device?: number;
  /** Sent bytes, received bytes, sent packets, received packets. */
  readonly counters?: readonly [number, number, number, number];
}

const traffic: SessionLayout = {
  kind: 'flow',
  reason: 46,
  start: 35,
  category: 37,
  sequence: 39,
  device: 52,
  counters: [32, 33, 44, 45],
};
const threat: SessionLayout = { kind: 'signal', reason: 32, category: 33, severity: 34, sequence: 36, device: 59 };
const tunnel: SessionLayout = { kind: 'flow', severity: 31, sequence: 32, device: 41, counters: [48, 49, 51, 52] };
const layouts: ReadonlyMap<string, SessionLayout> = new Map([
  ['TRAFFIC', traffic],
  ...['THREAT', 'URL', 'DATA', 'WILDFIRE'].map((type) => [type, threat] as const),
  ...['TUNNEL', 'START', 'END'].map((type) => [type, tunnel] as const),
  ['GTP', { kind: 'flow' }],
  ['SCTP', { kind: 'flow', protocol: 30 }],
  ['DECRYPTION', { kind: 'signal' }],
]);

export function isSession(type: string): boolean {
  return layouts.has(type);
}

export function readSession(
  fields: readonly string[],
  type: string,
  wire: Wire,
  adapter: Pick<FormatAdapter, 'name' | 'version'>,
): Normalised {
  const layout = layouts.get(type) ?? traffic;
  const field = (at: number | undefined): string | null => (at === undefined ? null : fields[at] || null);
  const flags: string[] = [];
  const protocolAt = layout.protocol ?? 29;
  const protocol = protocolOf(field(protocolAt));
  const port = (at: number): number | null => (hasPorts(protocol) ? portOf(field(at), flags) : null);
  const source = endpointOf({ ip: field(7), port: port(24), zone: field(16) }, flags);
  const destination = endpointOf({ ip: field(8), port: port(25), zone: field(17) }, flags);
  if (source === null && destination === null)
    return refuse('missing_field', `expected addresses in columns 8 and 9 of a ${type} log`);
  const action = field(protocolAt + 1);
  const known = action === null ? null : verdictOfWord(action);
  // A profile that only alerts lets the session go on.
  const verdict = known === 'would_deny' ? 'allow' : (known ?? 'unknown');
  if (verdict === 'unknown') addFlag(flags, 'unknown_action');
  const told = {
    verdict,
    source,
    destination,
    protocol,
    direction: 'unknown',
    isReply: null,
    reason: field(layout.reason),
  } as const;
  const started = field(layout.start);
  const start =
    started === null ? null : readTimeText(started, { zone: wire.context.zone, receivedAt: wire.receivedAt });
  const time = chooseTime(timesOf(fields, wire), wire, flags);
  const rule = field(11);
  const about = type === 'TRAFFIC' ? null : `${type.toLowerCase()} ${field(4) ?? ''}`;
  const [sentBytes, receivedBytes, sentPackets, receivedPackets] = layout.counters ?? [];
  return accept({
    ...emptyRecord(layout.kind, adapter),
    ...told,
    ...time,
    summary: flowSummary(told, [about, rule].filter(Boolean).join(', ') || null),
    verdictRaw: action,
    reporterName: field(layout.device) ?? wire.syslog?.host ?? field(2),
    count: numberOf(field(23)),
    interval: start === null || time.eventTime === null ? null : { start: start.time, end: time.eventTime },
    traffic:
      layout.counters === undefined
        ? null
        : {
            bytes: unsignedOf(field(sentBytes)),
            packets: unsignedOf(field(sentPackets)),
            replyBytes: unsignedOf(field(receivedBytes)),
            replyPackets: unsignedOf(field(receivedPackets)),
          },
    severity: severityOf(field(layout.severity)) ?? (layout.kind === 'flow' ? (wire.syslog?.severity ?? null) : null),
    severityRaw: field(layout.severity),
    policies: rule === null ? [] : [policyRef(rule, verdict)],
    attributes: attributesOf({
      type,
      subtype: field(4),
      serial: field(2),
      application: field(14),
      vsys: field(15),
      sessionId: field(22),
      // The device numbers the logs of each type by themselves.
      sequence: field(layout.sequence),
      stream: [field(2), type].filter(Boolean).join(' '),
      inboundInterface: field(18),
      outboundInterface: field(19),
      natSource: field(9),
      natDestination: field(10),
      sourceUser: field(12),
      destinationUser: field(13),
      category: field(layout.category),
    }),
    places,
    flags,
  });
}

const places = {
  eventTime: 'column 7',
  'source.ip': 'column 8',
  'destination.ip': 'column 9',
  'source.port': 'column 25',
  'destination.port': 'column 26',
  protocol: 'column 30',
  verdict: 'column 31',
} as const;

function policyRef(name: string, verdict: NormalForm['verdict']): NormalForm['policies'][number] {
  return {
    system: 'pan-os',
    kind: 'SecurityRule',
    namespace: null,
    name: name.slice(0, 253),
    tier: null,
    rule: null,
    revision: null,
    effect: verdict === 'allow' ? 'allow' : verdict === 'deny' ? 'deny' : 'none',
    staged: false,
  };
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
