import type { Normalised, Verdict } from '../normal-form.js';
import { effectOf } from './calico-policies.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { readKeyValues } from './key-values.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/** Felix on a bare host: `action="deny" dstIP="…" … policy="…" rule="-1" tier="…" trafficDir="outbound"`. */
export function readFelix(wire: Wire, adapter: Pick<FormatAdapter, 'name' | 'version'>): Normalised {
  const pairs = readKeyValues(wire.text);
  const value = (name: string): string | null => pairs.get(name) || null;
  const flags: string[] = [];
  const protocol = protocolOf(value('proto'));
  const icmp = !hasPorts(protocol);
  const source = endpointOf({ ip: value('srcIP'), port: icmp ? null : portOf(value('srcPort'), flags) }, flags);
  const destination = endpointOf({ ip: value('dstIP'), port: icmp ? null : portOf(value('dstPort'), flags) }, flags);
  if (source === null && destination === null) return refuse('missing_field', 'expected srcIP and dstIP');
  const action = value('action') ?? '';
  const verdict: Verdict = action === 'allow' ? 'allow' : action === 'deny' ? 'deny' : 'unknown';
  const egress = value('ruleDir') === 'egress' || value('trafficDir') === 'outbound';
  const told = {
    verdict,
    source,
    destination,
    protocol,
    direction: egress ? 'egress' : 'ingress',
    isReply: null,
    reason: null,
  } as const;
  const policy = value('policy');
  return accept({
    ...emptyRecord('flow', adapter),
    ...told,
    ...chooseTime([], wire, flags),
    summary: flowSummary(told, policy),
    verdictRaw: action || null,
    reporter: egress ? 'src' : 'dst',
    reporterName: wire.syslog?.host ?? null,
    count: 1,
    traffic: {
      bytes: value(egress ? 'outBytes' : 'inBytes'),
      packets: value(egress ? 'outPackets' : 'inPackets'),
      replyBytes: value(egress ? 'inBytes' : 'outBytes'),
      replyPackets: value(egress ? 'inPackets' : 'outPackets'),
    },
    policies:
      policy === null
        ? []
        : [
            {
              system: 'calico',
              kind: null,
              namespace: null,
              name: policy,
              tier: value('tier'),
              rule: value('rule') === '-1' ? null : value('rule'),
              revision: null,
              effect: effectOf(action),
              staged: false,
            },
          ],
    attributes: Object.fromEntries(
      ['updateType', 'ruleDir', 'trafficDir'].flatMap((name) => (value(name) === null ? [] : [[name, value(name)]])),
    ),
    places: {
      verdict: 'action',
      'source.ip': 'srcIP',
      'source.port': 'srcPort',
      'destination.ip': 'dstIP',
      'destination.port': 'dstPort',
      protocol: 'proto',
    },
    flags,
  });
}
