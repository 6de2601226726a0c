import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, kubernetesWorkload, portOf } from './endpoint.js';
import { readEpoch, readTimeText } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { workloadNameFromPod } from './hubble-endpoint.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { type JsonObject, unsignedOf } from './json-value.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/** Columns of the Flow Aggregator's `flowLogger`, by the names of the information elements; later releases have more behind them. */
const columns =
  'flowStartSeconds flowEndSeconds sourceIP destinationIP sourceTransportPort destinationTransportPort protocolIdentifier sourcePodName sourcePodNamespace sourceNodeName destinationPodName destinationPodNamespace destinationNodeName destinationClusterIP destinationServicePort destinationServicePortName ingressNetworkPolicyName ingressNetworkPolicyNamespace ingressNetworkPolicyRuleName ingressNetworkPolicyRuleAction ingressNetworkPolicyType egressNetworkPolicyName egressNetworkPolicyNamespace egressNetworkPolicyRuleName egressNetworkPolicyRuleAction egressNetworkPolicyType'.split(
    ' ',
  );
const line = /^\d{9,11},\d{9,11},[0-9a-fA-F:.]{2,45},[0-9a-fA-F:.]{2,45},\d{1,5},\d{1,5},[\w-]{1,12},(?:[^,]*,){18}/;

/**
 * Flows of Antrea's Flow Aggregator: the lines of its `flowLogger` (Antrea, "Network Flow Visibility"), and rows of its database or of
 * IPFIX collectors as JSON with the names of the information elements.
 */
export function isAntreaFlow({ object, text }: Wire): boolean {
  if (object === null) return line.test(text);
  return (
    'flowStartSeconds' in object &&
    ('sourceIP' in object || 'sourceIPv4Address' in object || 'sourceIPv6Address' in object) &&
    ('ingressNetworkPolicyName' in object || 'sourcePodName' in object || 'destinationPodName' in object)
  );
}

export function readAntreaFlow(wire: Wire, adapter: Pick<FormatAdapter, 'name' | 'version'>): Normalised {
  const fields = wire.object ?? rowOf(wire.text);
  const text = (...names: readonly string[]): string | null => {
    for (const name of names) {
      const value = fields[name];
      if (typeof value === 'number') return String(value);
      if (typeof value === 'string' && value !== '') return value;
    }
    return null;
  };
  const flags: string[] = [];
  const protocol = protocolOf(text('protocolIdentifier'));
  const source = endOf('source', text, hasPorts(protocol), flags);
  const destination = endOf('destination', text, hasPorts(protocol), flags);
  const policies = [policyOf('ingress', text), policyOf('egress', text)].filter((policy) => policy !== null);
  const { verdict, word } = judge(text('ingressNetworkPolicyRuleAction'), text('egressNetworkPolicyRuleAction'));
  const told = {
    verdict,
    source,
    destination,
    protocol,
    direction: 'unknown',
    isReply: null,
    reason: null,
  } as const;
  const [start, end] = ['flowStartSeconds', 'flowEndSeconds'].map((name) => timeOf(text(name), wire));
  return accept({
    ...emptyRecord('flow', adapter),
    ...told,
    ...chooseTime([start ?? end], wire, flags),
    summary: flowSummary(told, policies[0]?.name ?? null),
    verdictRaw: word,
    reporter: 'node',
    reporterName: wire.syslog?.host ?? null,
    count: 1,
    interval: start == null || end == null ? null : { start, end },
    traffic: {
      bytes: unsignedOf(text('octetTotalCount', 'octetDeltaCount')),
      packets: unsignedOf(text('packetTotalCount', 'packetDeltaCount')),
      replyBytes: unsignedOf(text('reverseOctetTotalCount', 'reverseOctetDeltaCount')),
      replyPackets: unsignedOf(text('reversePacketTotalCount', 'reversePacketDeltaCount')),
    },
    policies,
    attributes: Object.fromEntries(
      [
        'destinationClusterIP',
        'destinationServicePort',
        'destinationServicePortName',
        'egressName',
        'egressIP',
      ].flatMap((name) => {
        const value = text(name);
        return value === null || value === '0' ? [] : [[name, value.slice(0, 253)]];
      }),
    ),
    places: {
      eventTime: 'flowStartSeconds',
      verdict: 'ingressNetworkPolicyRuleAction',
      'source.ip': 'sourceIP',
      'destination.ip': 'destinationIP',
      protocol: 'protocolIdentifier',
    },
    flags,
  });
}

function rowOf(text: string): JsonObject {
  const values = text.split(',', columns.length);
  return Object.fromEntries(columns.map((name, at) => [name, values[at] ?? '']));
}

function timeOf(text: string | null, wire: Wire): string | null {
  if (text === null) return null;
  const epoch = readEpoch(text, 's');
  return epoch ?? readTimeText(text, { zone: 'UTC', receivedAt: wire.receivedAt })?.time ?? null;
}

function endOf(
  side: 'source' | 'destination',
  text: (...names: readonly string[]) => string | null,
  withPort: boolean,
  flags: string[],
): NormalForm['source'] {
  const pod = text(`${side}PodName`);
  if (pod !== null) addFlag(flags, 'workload_from_pod_name');
  return endpointOf(
    {
      ip: text(`${side}IP`, `${side}IPv4Address`, `${side}IPv6Address`),
      port: withPort ? portOf(text(`${side}TransportPort`), flags) : null,
      instance: pod,
      workload: pod === null ? null : kubernetesWorkload(text(`${side}PodNamespace`), workloadNameFromPod(pod)),
      zone: text(`${side}NodeName`),
    },
    flags,
  );
}

/** What a rule did, by number and as `prettyPrint` has it. */
const actions: ReadonlyMap<string, Verdict> = new Map<string, Verdict>([
  ['1', 'allow'],
  ['2', 'deny'],
  ['3', 'deny'],
  ['allow', 'allow'],
  ['drop', 'deny'],
  ['reject', 'deny'],
]);

/** One of the two sides is enough to refuse; a flow that met no policy was observed. */
function judge(
  ingress: string | null,
  egress: string | null,
): { readonly verdict: Verdict; readonly word: string | null } {
  const words = [ingress, egress].filter((word) => word !== null);
  for (const verdict of ['deny', 'allow'] as const) {
    const word = words.find((some) => actions.get(some.toLowerCase()) === verdict);
    if (word !== undefined) return { verdict, word };
  }
  return { verdict: 'none', word: words[0] ?? null };
}

const kinds: ReadonlyMap<string, { readonly system: string; readonly kind: string }> = new Map([
  ['1', { system: 'kubernetes', kind: 'NetworkPolicy' }],
  ['2', { system: 'antrea', kind: 'NetworkPolicy' }],
  ['3', { system: 'antrea', kind: 'ClusterNetworkPolicy' }],
  ['K8sNetworkPolicy', { system: 'kubernetes', kind: 'NetworkPolicy' }],
  ['AntreaNetworkPolicy', { system: 'antrea', kind: 'NetworkPolicy' }],
  ['AntreaClusterNetworkPolicy', { system: 'antrea', kind: 'ClusterNetworkPolicy' }],
  ['AdminNetworkPolicy', { system: 'kubernetes', kind: 'AdminNetworkPolicy' }],
  ['BaselineAdminNetworkPolicy', { system: 'kubernetes', kind: 'BaselineAdminNetworkPolicy' }],
]);

function policyOf(
  side: 'ingress' | 'egress',
  text: (...names: readonly string[]) => string | null,
): NormalForm['policies'][number] | null {
  const name = text(`${side}NetworkPolicyName`);
  if (name === null) return null;
  const { system, kind } = kinds.get(text(`${side}NetworkPolicyType`) ?? '') ?? { system: 'antrea', kind: null };
  const verdict = actions.get((text(`${side}NetworkPolicyRuleAction`) ?? '').toLowerCase());
  return {
    system,
    kind,
    namespace: text(`${side}NetworkPolicyNamespace`),
    name: name.slice(0, 253),
    tier: null,
    rule: text(`${side}NetworkPolicyRuleName`),
    revision: null,
    effect: verdict === 'allow' || verdict === 'deny' ? verdict : 'none',
    staged: false,
  };
}
