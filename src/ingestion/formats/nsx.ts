import type { NormalForm, Normalised } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { flowSummary } from './flow-summary.js';
import { protocolOf } from './ip-protocol.js';
import { verdictOfWord } from './verdict-words.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Packet logs of VMware NSX's distributed firewall (`dfwpktlogs`; Broadcom, "Firewall log format"): address family, why it is logged,
 * action, ruleset and rule, direction, length, protocol, `source/port->destination/port`, flags, tag.
 */
export const nsx: FormatAdapter = { name: 'nsx', version: 2, detect, normalise };

const head =
  /\b(INET6?) (\S{1,30}) (?:(PASS|DROP|REJECT|PUNT|REDIRECT|COPY|NAT|RDR|NONAT|NORDR) )?(\S{1,120}) (IN|OUT) (?:(\d{1,9}) )?(\S{1,20})(?= )/;
const ends = / (\S{2,50}?)(?:\/(\d{1,5}))?->(\S{2,50}?)(?:\/(\d{1,5}))?(?=\s|$)/;

function detect({ object, line }: Wire): boolean {
  return object === null && line.includes('->') && head.test(line) && ends.test(line);
}

function normalise(wire: Wire): Normalised {
  const found = head.exec(wire.line);
  const packet = ends.exec(wire.line);
  if (found === null || packet === null) {
    return refuse('invalid_field', 'expected INET, event, action, rule, IN or OUT, protocol and SOURCE->DESTINATION');
  }
  const [, family = '', why = '', action, rule = '', way = '', length, protocolWord = ''] = found;
  const [, sourceIp, sourcePort, destinationIp, destinationPort] = packet;
  const flags: string[] = [];
  const protocol = protocolOf(protocolWord === 'PROTO' ? null : protocolWord);
  const source = endpointOf({ ip: sourceIp, port: portOf(sourcePort, flags) }, flags);
  const destination = endpointOf({ ip: destinationIp, port: portOf(destinationPort, flags) }, flags);
  if (source === null && destination === null) return refuse('missing_field', 'expected the addresses of the packet');
  const isEnd = /^TERM/i.test(why);
  // The end of a session says no action: there is none without having been let through.
  const verdict = action === undefined ? (isEnd ? 'allow' : 'unknown') : (verdictOfWord(action) ?? 'unknown');
  const direction: NormalForm['direction'] = way === 'IN' ? 'ingress' : 'egress';
  const told = { verdict, source, destination, protocol, direction, isReply: null, reason: null } as const;
  const [domain, id] = rule.split('/');
  const tag = wire.line.slice(packet.index + packet[0].length).trim();
  return accept({
    ...emptyRecord('flow', nsx),
    ...told,
    ...chooseTime([], wire, flags),
    summary: flowSummary(told, `rule ${rule}${isEnd ? ', end of session' : ''}`),
    verdictRaw: action ?? why,
    reporter: 'node',
    reporterName: wire.syslog?.host ?? null,
    count: 1,
    traffic: length === undefined ? null : { bytes: length, packets: '1', replyBytes: null, replyPackets: null },
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
    attributes: { family, event: why, ...(tag === '' ? {} : { rest: tag.slice(0, 500) }) },
    places: { verdict: 'action', 'source.ip': 'left of ->', 'destination.ip': 'right of ->' },
    flags,
  });
}
