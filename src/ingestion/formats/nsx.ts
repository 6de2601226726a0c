import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import type { JsonValue } from './json-value.js';
import { isNsxMessage, lineTime, readNsxMessage } from './nsx-message.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * VMware NSX: packet logs of the distributed firewall (`dfwpktlogs`, `FIREWALL_PKTLOG`) of NSX for vSphere, NSX-T and NSX 4, of the gateway
 * firewall (`firewallpkt`), and what its managers and edges log (Broadcom, "Distributed Firewall Packet Logs", "Gateway
 * Firewall Logs", "Log Messages and Error Codes").
 */
export const nsx: FormatAdapter = { name: 'nsx', version: 2, detect, normalise };

/**
 * Hash of the filter or `<VRF and interface>`, address family, why it is logged, action, ruleset and rule, direction, length, protocol.
 * A protocol without a name is `PROTO` and its number.
 */
const head =
  /(?:\b([0-9a-f]{1,8}) |<\d{1,9} ([0-9a-f:]{16,40})> )?\b(INET6?) (\S{1,30}) (?:(PASS|DROP|REJECT|PUNT|REDIRECT|COPY|NAT|RDR|NONAT|NORDR|PBR|LB|BYPASS) )?(\S{1,120}) (IN|OUT) (?:(\d{1,9}) )?(?:PROTO (\d{1,3})|(\S{1,20}))(?= )/;
const ends = / (\S{2,50}?)(?:\/(\d{1,5}))?->(\S{2,50}?)(?:\/(\d{1,5}))?(?=\s|$)/;
/** Behind the ends: flags of TCP, or packets and bytes there and back when a session has ended; then the rule's tag. */
const behind = /^(?:([SAPUFREWC.]{1,8})(?=\s|$))?\s*(?:(\d{1,20})\/(\d{1,20}) (\d{1,20})\/(\d{1,20})(?=\s|$))?\s*/;

/**
 * What the firewall itself decided. To translate an address or to hand the packet to a service is no decision: that service's comes in a record
 * of its own or not at all.
 */
const actions: ReadonlyMap<string, Verdict> = new Map<string, Verdict>([
  ['PASS', 'allow'],
  ['COPY', 'allow'],
  ['DROP', 'deny'],
  ['REJECT', 'deny'],
]);

function isPacket(line: string): boolean {
  return line.includes('->') && head.test(line) && ends.test(line);
}

function detect({ object, line }: Wire): boolean {
  return object === null && (isPacket(line) || isNsxMessage(line));
}

function normalise(wire: Wire): Normalised {
  const found = head.exec(wire.line);
  const packet = ends.exec(wire.line);
  if (found === null || packet === null) {
    return isNsxMessage(wire.line)
      ? accept(readNsxMessage(wire, nsx))
      : refuse('invalid_field', 'expected INET, event, action, rule, IN or OUT, protocol and SOURCE->DESTINATION');
  }
  const [, filter, networkInterface, family = '', why = '', action, rule = '', way, length, number, word] = found;
  const [, sourceIp, sourcePort, destinationIp, destinationPort] = packet;
  const flags: string[] = [];
  const protocol = protocolOf(number ?? word);
  const port = (text: string | undefined): number | null => (hasPorts(protocol) ? portOf(text, flags) : null);
  const source = endpointOf({ ip: sourceIp, port: port(sourcePort) }, flags);
  const destination = endpointOf({ ip: destinationIp, port: port(destinationPort) }, flags);
  if (source === null && destination === null) return refuse('missing_field', 'expected the addresses of the packet');
  const isEnd = /^TERM/i.test(why);
  // The end of a session may say no action: there is none without having been let through.
  const verdict = action === undefined ? (isEnd ? 'allow' : 'unknown') : (actions.get(action) ?? 'none');
  const direction: NormalForm['direction'] = way === 'IN' ? 'ingress' : 'egress';
  const told = { verdict, source, destination, protocol, direction, isReply: null, reason: null } as const;
  const [domain, id] = rule.split('/');
  const rest = wire.line.slice(packet.index + packet[0].length).trim();
  const [counted = '', tcpFlags, packets, replyPackets, bytes, replyBytes] = behind.exec(rest) ?? [];
  const tag = rest.slice(counted.length);
  return accept({
    ...emptyRecord('flow', nsx),
    ...told,
    ...chooseTime([lineTime(wire.line.slice(0, found.index))], wire, flags),
    summary: flowSummary(told, `rule ${rule}${isEnd ? ', end of session' : ''}`),
    verdictRaw: action ?? why,
    reporter: 'node',
    reporterName: hostOf(wire),
    count: 1,
    traffic:
      packets === undefined
        ? length === undefined
          ? null
          : { bytes: length, packets: '1', replyBytes: null, replyPackets: null }
        : { bytes: bytes ?? null, packets, replyBytes: replyBytes ?? null, replyPackets: replyPackets ?? null },
    policies: [
      {
        system: 'nsx',
        kind: 'FirewallRule',
        namespace: null,
        name: domain ?? rule,
        tier: null,
        rule: id ?? null,
        revision: null,
        effect: verdict === 'allow' ? 'allow' : verdict === 'deny' ? 'deny' : 'none',
        staged: false,
      },
    ],
    attributes: given({ family, event: why, filter: filter ?? networkInterface, tcpFlags, tag: tag.slice(0, 500) }),
    places: { verdict: 'action', 'source.ip': 'left of ->', 'destination.ip': 'right of ->' },
    flags,
  });
}

/** A line of the log file has no host: behind its time stands the filter or the packet. */
function hostOf({ syslog }: Wire): string | null {
  const host = syslog?.host ?? null;
  return host === null || /^(?:[0-9a-f]{8}|INET6?)$/.test(host) ? null : host;
}

function given(values: Readonly<Record<string, string | undefined>>): Record<string, JsonValue> {
  const attributes: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined && value !== '') attributes[name] = value;
  return attributes;
}
