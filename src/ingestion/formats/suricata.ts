import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readTime, readTimeText } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { isKeepable, type JsonObject, type JsonValue, nameOf, objectOf, textOf, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Suricata's EVE JSON (Suricata user guide, "EVE JSON Format"). Flows and protocol events are observations; a verdict is what
 * IPS mode did (`verdict`, `drop`) and an alert that was blocked. AWS Network Firewall hands the events on, and writes of its
 * own what its inspection of TLS met (AWS Network Firewall developer guide, "Logging for TLS inspection").
 */
export const suricata: FormatAdapter = { name: 'suricata', version: 2, detect, normalise };

function detect({ object }: Wire): boolean {
  if (object === null) return false;
  if (isTlsInspection(object)) return true;
  if (typeof object.event_type !== 'string') return false;
  return 'src_ip' in object || 'flow_id' in object || 'in_iface' in object || isBody(object, object.event_type);
}

function isBody(object: JsonObject, type: string): boolean {
  return 'timestamp' in object && typeof object[type] === 'object';
}

/** Inspection of TLS writes no type of event. */
function isTlsInspection(object: JsonObject): boolean {
  return 'src_ip' in object && (objectOf(object.tls_error) !== null || objectOf(object.revocation_check) !== null);
}

function normalise(wire: Wire): Normalised {
  const event = wire.object;
  if (event === null) return refuse('not_an_object', 'expected an EVE event as a JSON object');
  const type = textOf(event.event_type) ?? (isTlsInspection(event) ? 'tls' : null);
  if (type === null) return refuse('missing_field', 'expected event_type');
  const flags: string[] = [];
  const alert = objectOf(event.alert);
  // Inspection of TLS, which names no protocol, is of TCP alone.
  const proto = event.proto === undefined && isTlsInspection(event) ? 'TCP' : event.proto;
  const icmp = !hasPorts(protocolOf(proto));
  const end = (side: 'src' | 'dest'): NormalForm['source'] =>
    endpointOf({ ip: event[`${side}_ip`], port: icmp ? null : portOf(event[`${side}_port`], flags) }, flags);
  const source = end('src');
  const destination = end('dest');
  const { verdict, raw, place } = judge(event, type, alert);
  const protocol = protocolOf(proto === 'IPv6-ICMP' ? 'icmpv6' : proto);
  const isFlow = type === 'flow' || type === 'netflow' || type === 'drop';
  const told = {
    verdict,
    source,
    destination,
    protocol,
    direction: 'unknown',
    isReply: null,
    reason: textOf(objectOf(event.drop)?.reason) ?? textOf(alert?.signature) ?? reasonOfTls(event),
  } as const;
  const flow = objectOf(event.flow) ?? objectOf(event.netflow);
  const flowId = counterOf(event, 'flow_id', wire.text);
  const severity = numberOf(alert?.severity);
  const [start, stop] = [timeOf(flow?.start, wire), timeOf(flow?.end, wire)];
  return accept({
    ...emptyRecord(
      isFlow ? 'flow' : source === null || type === 'alert' || type === 'anomaly' ? 'signal' : 'flow',
      suricata,
    ),
    ...told,
    ...chooseTime([timeOf(event.timestamp, wire) ?? textOf(event.timestamp)], wire, flags),
    summary: source === null ? oneLine(`Suricata ${type}`) : flowSummary(told, type),
    nativeId:
      flowId === null || textOf(event.timestamp) === null
        ? null
        : nameOf(
            `${flowId}/${type}/${textOf(event.timestamp)}${event.tx_id === undefined ? '' : `/${unsignedOf(event.tx_id) ?? ''}`}${alert === null ? '' : `/${unsignedOf(alert.signature_id) ?? ''}`}`,
          ),
    verdictRaw: raw,
    reporter: 'node',
    reporterName:
      textOf(event.host) ??
      textOf(wire.envelopes.at(-1)?.object['firewall_name']) ??
      textOf(event.in_iface) ??
      wire.syslog?.host ??
      null,
    count: 1,
    interval: start === null || stop === null ? null : { start: start.time, end: stop.time },
    traffic: trafficOf(flow, wire.text),
    severity: severity === null ? null : severity <= 1 ? 2 : severity === 2 ? 4 : 5,
    severityRaw: severity === null ? null : String(severity),
    policies: alert === null ? [] : [ruleRef(alert, verdict)],
    attributes: attributesOf(event, type, flowId, flags),
    places: {
      eventTime: '/timestamp',
      verdict: place,
      'source.ip': '/src_ip',
      'source.port': '/src_port',
      'destination.ip': '/dest_ip',
      'destination.port': '/dest_port',
      protocol: '/proto',
    },
    flags,
  });
}

/** Offsets come without a colon; times without any offset are the sensor's own. */
function timeOf(value: unknown, wire: Wire): ReturnType<typeof readTimeText> {
  const text = textOf(value);
  if (text === null) return null;
  const exact = readTime(text) ?? readTime(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  return exact === null
    ? readTimeText(text, { zone: wire.context.zone, receivedAt: wire.receivedAt })
    : { time: exact, guessed: [] };
}

const actions: ReadonlyMap<string, Verdict> = new Map<string, Verdict>([
  ['drop', 'deny'],
  ['reject', 'deny'],
  ['blocked', 'deny'],
  ['pass', 'allow'],
  ['accept', 'allow'],
  // An alert that the packet passed: what every sensor says that only watches.
  ['alert', 'none'],
]);

function judge(
  event: JsonObject,
  type: string,
  alert: JsonObject | null,
): { readonly verdict: Verdict; readonly raw: string | null; readonly place: string } {
  const said = textOf(objectOf(event.verdict)?.action);
  if (said !== null) return { verdict: actions.get(said) ?? 'unknown', raw: said, place: '/verdict/action' };
  if (type === 'drop') return { verdict: 'deny', raw: 'drop', place: '/event_type' };
  // Inline only: what became of a flow as a whole.
  const flowAction = type === 'flow' ? textOf(objectOf(event.flow)?.action) : null;
  const flowVerdict = flowAction === null ? undefined : actions.get(flowAction);
  if (flowVerdict !== undefined) return { verdict: flowVerdict, raw: flowAction, place: '/flow/action' };
  const revocation = textOf(objectOf(event.revocation_check)?.action);
  if (revocation !== null) {
    const verdict = actions.get(revocation.toLowerCase()) ?? 'unknown';
    return { verdict, raw: revocation, place: '/revocation_check/action' };
  }
  // The connection was reset, by no rule.
  if (objectOf(event.tls_error) !== null) return { verdict: 'error', raw: null, place: '/tls_error' };
  const action = textOf(alert?.action);
  // `allowed` is what every alert of a sensor that only watches says.
  if (action !== null) return { verdict: action === 'blocked' ? 'deny' : 'none', raw: action, place: '/alert/action' };
  return { verdict: 'none', raw: null, place: '/event_type' };
}

/** Shippers write numbers as text. */
function numberOf(value: unknown): number | null {
  const text = unsignedOf(value);
  return text === null ? null : Number(text);
}

function reasonOfTls(event: JsonObject): string | null {
  const status = textOf(objectOf(event.revocation_check)?.status);
  return status === null ? textOf(objectOf(event.tls_error)?.error_message) : `certificate ${status}`;
}

/** A number of 64 bits with all its digits: those that JSON.parse rounds are taken from the text of the record. */
function counterOf(object: JsonObject, member: string, text: string): string | null {
  const value = object[member];
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return unsignedOf(value);
  for (const [, digits = ''] of text.matchAll(new RegExp(`"${member}"\\s{0,8}:\\s{0,8}(\\d{1,20})(?![\\d.eE])`, 'g')))
    if (Number(digits) === value) return digits;
  return null;
}

function trafficOf(flow: JsonObject | null, text: string): NormalForm['traffic'] {
  if (flow === null) return null;
  const traffic = {
    bytes: counterOf(flow, flow.bytes_toserver === undefined ? 'bytes' : 'bytes_toserver', text),
    packets: counterOf(flow, flow.pkts_toserver === undefined ? 'pkts' : 'pkts_toserver', text),
    replyBytes: counterOf(flow, 'bytes_toclient', text),
    replyPackets: counterOf(flow, 'pkts_toclient', text),
  };
  return Object.values(traffic).every((value) => value === null) ? null : traffic;
}

function ruleRef(alert: JsonObject, verdict: Verdict): NormalForm['policies'][number] {
  const id = [alert.gid, alert.signature_id, alert.rev].map((part) => unsignedOf(part) ?? '').join(':');
  return {
    system: 'suricata',
    kind: 'Signature',
    namespace: null,
    name: nameOf(alert.signature) ?? id,
    tier: null,
    rule: id,
    revision: unsignedOf(alert.rev),
    effect: verdict === 'deny' ? 'deny' : 'none',
    staged: false,
  };
}

/** Beside the body, which stands under the name of the event type. */
const kept = [
  'alert',
  'drop',
  'verdict',
  'flow',
  'netflow',
  'tcp',
  'dns',
  'http',
  'tls',
  'ssh',
  'smtp',
  'smb',
  'sni',
  'tls_error',
  'tls_inspected',
  'revocation_check',
  'app_proto',
  'in_iface',
  'vlan',
  'community_id',
  'tx_id',
  'icmp_type',
  'icmp_code',
  'direction',
] as const;

function attributesOf(
  event: JsonObject,
  type: string,
  flowId: string | null,
  flags: string[],
): Record<string, JsonValue> {
  const attributes: Record<string, JsonValue> = { eventType: type };
  if (flowId !== null) attributes.flowId = flowId;
  const body = type !== '__proto__' && Object.hasOwn(event, type) ? [type] : [];
  for (const name of new Set([...kept, ...body])) {
    const value = event[name];
    if (value === undefined || value === null) continue;
    if (isKeepable(value, 8)) attributes[name] = value;
    else if (!flags.includes('value_not_kept')) flags.push('value_not_kept');
  }
  return attributes;
}
