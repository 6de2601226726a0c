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
export const nsx: FormatAdapter = { name: 'nsx', version: 1, detect, normalise };

const session =
  /\b(INET6?) (match|TERM|TERMINATE\S*|\S{1,20}) (?:\S{1,40} )??(PASS|DROP|REJECT|PUNT|REDIRECT|COPY|NAT|RDR|NONAT|NORDR)\b\s+(\S{1,120})\s+(IN|OUT)\s+(?:(\d{1,9})\s+)?(\S{1,20})(?:\s+(?:\d+ \d+ )?)\s*(\S{2,50}?)(?:\/(\d{1,5}))?->(\S{2,50}?)(?:\/(\d{1,5}))?(?=\s|$)/;

function detect({ object, line }: Wire): boolean {
  return (
    object === null &&
    line.includes('->') &&
    /\bINET6? /.test(line) &&
    (line.includes('dfwpktlogs') || session.test(line))
  );
}

function normalise(wire: Wire): Normalised {
  const found = session.exec(wire.line);
  if (found === null)
    return refuse(
      'invalid_field',
      'expected INET match ACTION RULE IN or OUT PROTOCOL and addresses in a packet log of NSX',
    );
  const [
    ,
    family = '',
    why = '',
    action = '',
    rule = '',
    way = '',
    length,
    protocolWord = '',
    sourceIp,
    sourcePort,
    destinationIp,
    destinationPort,
  ] = found;
  const flags: string[] = [];
  const protocol = protocolOf(protocolWord === 'PROTO' ? null : protocolWord);
  const source = endpointOf({ ip: sourceIp, port: portOf(sourcePort, flags) }, flags);
  const destination = endpointOf({ ip: destinationIp, port: portOf(destinationPort, flags) }, flags);
  if (source === null && destination === null) return refuse('missing_field', 'expected the addresses of the packet');
  const isEnd = /^TERM/i.test(why);
  const verdict = verdictOfWord(action) ?? 'unknown';
  const direction: NormalForm['direction'] = way === 'IN' ? 'ingress' : 'egress';
  const told = { verdict, source, destination, protocol, direction, isReply: null, reason: null } as const;
  const [domain, id] = rule.split('/');
  const tag = wire.line.slice(found.index + found[0].length).trim();
  return accept({
    ...emptyRecord('flow', nsx),
    ...told,
    ...chooseTime([], wire, flags),
    summary: flowSummary(told, `rule ${rule}${isEnd ? ', end of session' : ''}`),
    verdictRaw: action,
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
