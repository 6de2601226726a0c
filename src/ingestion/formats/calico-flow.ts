import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, kubernetesWorkload, portOf } from './endpoint.js';
import { readEpoch, readTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { workloadNameFromPod } from './hubble-endpoint.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import {
  integerOf,
  isObject,
  type JsonObject,
  type JsonValue,
  listOf,
  objectOf,
  textOf,
  textsOf,
  unsignedOf,
} from './json-value.js';
import { readKeyValues } from './key-values.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Calico's flow logs: the lines of Calico Enterprise and Cloud (`flows.log`), what Goldmane of the open source edition posts
 * (`Flow{Key{…}}`, enumerations as numbers), and Felix's syslog of a bare host. Flows are sums over an interval; `-` means
 * not applicable and null summed away.
 */
export const calicoFlow: FormatAdapter = { name: 'calico-flow', version: 1, detect, normalise };

type PolicyRef = NormalForm['policies'][number];

function detect({ object, text }: Wire): boolean {
  if (object === null) return text.includes('srcIP=') && text.includes('dstIP=') && text.includes('action=');
  const key = objectOf(object.Key ?? object.key);
  if (key !== null) return 'source_name' in key && 'dest_name' in key;
  return (
    ('source_name' in object || 'source_name_aggr' in object) &&
    ('dest_name' in object || 'dest_name_aggr' in object) &&
    'action' in object &&
    'reporter' in object
  );
}

function normalise(wire: Wire): Normalised {
  const { object } = wire;
  if (object === null) return readFelix(wire);
  const key = objectOf(object.Key ?? object.key);
  return key === null ? readFlow(object, object, wire) : readFlow(key, object, wire);
}

const actions: readonly (Verdict | null)[] = [null, 'allow', 'deny', 'none'];
const actionNames = ['unspecified', 'allow', 'deny', 'pass'];
const reporters = ['unspecified', 'src', 'dst'];
const endpointTypes = ['unspecified', 'wep', 'hep', 'ns', 'net'];
const policyKinds = [
  null,
  'NetworkPolicy',
  'GlobalNetworkPolicy',
  'StagedNetworkPolicy',
  'StagedGlobalNetworkPolicy',
  'StagedKubernetesNetworkPolicy',
  'KubernetesNetworkPolicy',
  'AdminNetworkPolicy',
  'BaselineAdminNetworkPolicy',
  'Profile',
  'EndOfTier',
  'ClusterNetworkPolicy',
];

/** A word, or the number that the enumeration gives it; lower case. */
function wordOf(value: unknown, names: readonly (string | null)[]): string | null {
  const number = integerOf(value);
  if (number !== null) return names[number] ?? null;
  const text = textOf(value);
  return text === null || text === '-' ? null : text.toLowerCase();
}

function readFlow(key: JsonObject, flow: JsonObject, wire: Wire): Normalised {
  const flags: string[] = [];
  const action = wordOf(key.action, actionNames);
  const reporter = wordOf(key.reporter, reporters);
  const protocol = protocolOf(key.proto);
  const icmp = !hasPorts(protocol);
  const source = endOf('source', key, flow, icmp, flags);
  const destination = endOf('dest', key, flow, icmp, flags);
  if (source === null && destination === null) return refuse('missing_field', 'expected source_name and dest_name');
  const enforced = policiesOf(key.policies, 'enforced', flags);
  const pending = policiesOf(key.policies, 'pending', flags);
  const transit = policiesOf(key.policies, 'transit', flags);
  const verdict = action === null ? 'unknown' : (actions[actionNames.indexOf(action)] ?? 'unknown');
  // Older versions name staged policies among all the others, before what took effect.
  const staged = [...[...enforced, ...transit].filter((policy) => policy.staged), ...pending];
  const pendingDenies = staged.some(({ effect }) => effect === 'deny');
  const wouldDeny = verdict === 'allow' && pendingDenies;
  if (wouldDeny) addFlag(flags, 'pending_deny');
  const direction: NormalForm['direction'] = reporter === 'src' ? 'egress' : reporter === 'dst' ? 'ingress' : 'unknown';
  const told = { verdict, source, destination, protocol, direction, isReply: null, reason: null } as const;
  const [start, end] = [flow.start_time, flow.end_time].map(
    (value) => readEpoch(value, epochUnit(value)) ?? readTime(value),
  );
  const time = chooseTime([start ?? end ?? textOf(flow['@timestamp'])], wire, flags);
  const outOfSource = reporter !== 'dst';
  const [bytesIn, bytesOut, packetsIn, packetsOut] = [
    flow.bytes_in,
    flow.bytes_out,
    flow.packets_in,
    flow.packets_out,
  ].map(unsignedOf);
  const record: NormalForm = {
    ...emptyRecord('flow', calicoFlow),
    ...told,
    ...time,
    summary: flowSummary(told, wouldDeny ? 'a staged policy would deny it' : null),
    verdictRaw: action,
    reporter: reporter === 'src' ? 'src' : reporter === 'dst' ? 'dst' : 'node',
    reporterName: textOf(flow.host) ?? wire.syslog?.host ?? null,
    count: integerOf(flow.num_flows) ?? integerOf(flow.num_connections_started),
    interval: start == null || end == null ? null : { start, end },
    // Counted at the end that reports: in to it and out of it.
    traffic: {
      bytes: (outOfSource ? bytesOut : bytesIn) ?? null,
      packets: (outOfSource ? packetsOut : packetsIn) ?? null,
      replyBytes: (outOfSource ? bytesIn : bytesOut) ?? null,
      replyPackets: (outOfSource ? packetsIn : packetsOut) ?? null,
    },
    policies: [...enforced, ...transit, ...pending],
    attributes: attributesOf(key, flow),
    places: flow === key ? flowPlaces : goldmanePlaces,
    flags,
  };
  if (!wouldDeny) return accept(record);
  // Enforced, and what would be if all that is staged were enforced: two statements about one flow.
  const ifEnforced: NormalForm = {
    ...record,
    verdict: 'would_deny',
    policies: staged,
    summary: flowSummary({ ...told, verdict: 'would_deny' }, 'by a staged policy'),
    verdictRaw: 'pending deny',
    count: null,
    traffic: null,
    flags: [...flags, 'same_flow_as_enforced'],
  };
  return accept(record, ifEnforced);
}

const flowPlaces = {
  eventTime: '/start_time',
  verdict: '/action',
  'source.ip': '/source_ip',
  'source.port': '/source_port',
  'destination.ip': '/dest_ip',
  'destination.port': '/dest_port',
  protocol: '/proto',
  policies: '/policies',
} as const;
const goldmanePlaces = {
  eventTime: '/start_time',
  verdict: '/Key/action',
  'source.workload': '/Key/source_name',
  'destination.workload': '/Key/dest_name',
  'destination.port': '/Key/dest_port',
  protocol: '/Key/proto',
  policies: '/Key/policies',
} as const;

/** Enterprise gives seconds; a time of Goldmane may be milliseconds. */
function epochUnit(value: unknown): 's' | undefined {
  return typeof value === 'number' && value < 1e11 ? 's' : undefined;
}

function endOf(
  side: 'source' | 'dest',
  key: JsonObject,
  flow: JsonObject,
  icmp: boolean,
  flags: string[],
): NormalForm['source'] {
  const text = (name: string): string | null => {
    const value = textOf(key[`${side}_${name}`]);
    return value === '-' ? null : value;
  };
  const type = wordOf(key[`${side}_type`], endpointTypes);
  const name = text('name') ?? text('name_aggr');
  const aggregated = text('name_aggr') ?? name;
  const namespace = text('namespace');
  const labels = labelsOf(key[`${side}_labels`] ?? flow[`${side}_labels`]);
  const isPod = type === 'wep' && aggregated !== null;
  const workloadName =
    aggregated === null
      ? ''
      : aggregated.endsWith('-*')
        ? workloadNameFromPod(`${aggregated.slice(0, -1)}bcdfg`)
        : workloadNameFromPod(aggregated);
  if (isPod) addFlag(flags, 'workload_from_pod_name');
  const port = icmp ? null : portOf(key[`${side}_port`] ?? flow[`${side}_port`], flags);
  const named =
    name === null || type === 'net'
      ? null
      : {
          key: `calico:${type ?? ''}:${namespace ?? ''}/${name}`,
          kind: type === 'hep' ? 'HostEndpoint' : type === 'ns' ? 'NetworkSet' : null,
          namespace,
          name,
          labels,
        };
  return endpointOf(
    {
      ip: key[`${side}_ip`] ?? flow[`${side}_ip`],
      port,
      instance: text('name'),
      workload: isPod
        ? kubernetesWorkload(namespace, workloadName, null, labels)
        : type === 'net' && name !== null && (key[`${side}_ip`] ?? null) === null
          ? { key: `network:${name}`, kind: null, namespace: null, name, labels }
          : named,
      dnsNames: textsOf(key[`${side}_domains`] ?? flow[`${side}_domains`]),
    },
    flags,
  );
}

/** `{labels:["a=b"]}`, `["a=b"]` or an object. */
function labelsOf(value: unknown): Record<string, string> {
  const list = isObject(value) && Array.isArray(value.labels) ? value.labels : value;
  if (Array.isArray(list)) {
    return Object.fromEntries(
      textsOf(list).flatMap((item) => {
        const equals = item.indexOf('=');
        const name = equals === -1 ? item : item.slice(0, equals);
        return name === '' || name === '__proto__' ? [] : [[name, equals === -1 ? '' : item.slice(equals + 1)]];
      }),
    );
  }
  return isObject(list)
    ? Object.fromEntries(
        Object.entries(list).flatMap(([name, text]) =>
          typeof text === 'string' && name !== '__proto__' ? [[name, text]] : [],
        ),
      )
    : {};
}

/** Policy traces: `index|tier|[ns/]tier.name|action|rule`, older `tier|index|…`, or objects of Goldmane. */
function policiesOf(value: unknown, which: 'enforced' | 'pending' | 'transit', flags: string[]): PolicyRef[] {
  const groups = objectOf(value);
  const list =
    groups === null
      ? which === 'enforced'
        ? listOf(value)
        : []
      : listOf(groups[`${which}_policies`] ?? (which === 'enforced' ? groups.all_policies : undefined));
  return list.flatMap((item) => {
    const read = typeof item === 'string' ? policyOfText(item) : isObject(item) ? policyOfObject(item) : null;
    if (read === null) {
      addFlag(flags, 'policy_not_read');
      return [];
    }
    return [{ ...read, staged: read.staged || which === 'pending' }];
  });
}

function policyOfText(text: string): PolicyRef | null {
  const parts = text.split('|');
  if (parts.length < 4) return null;
  const numberFirst = /^\d+$/.test(parts[0] ?? '');
  const [tier = '', full = '', action = '', rule = ''] = numberFirst ? parts.slice(1) : [parts[0], ...parts.slice(2)];
  const staged = /(?:^|\/|\.)staged:/.test(full);
  const bare = full.replace('staged:', '');
  const slash = bare.indexOf('/');
  const namespace = slash === -1 ? null : bare.slice(0, slash);
  const scoped = slash === -1 ? bare : bare.slice(slash + 1);
  const isKubernetes = /^(?:knp|kcnp|kanp|kbanp|kbaselineadminnetworkpolicy)\./.test(scoped);
  const name = isKubernetes
    ? scoped.replace(/^\w+\.(?:default\.)?/, '')
    : scoped.startsWith(`${tier}.`)
      ? scoped.slice(tier.length + 1)
      : scoped;
  return {
    system: isKubernetes ? 'kubernetes' : 'calico',
    kind:
      tier === '__PROFILE__'
        ? 'Profile'
        : isKubernetes
          ? 'NetworkPolicy'
          : namespace === null
            ? 'GlobalNetworkPolicy'
            : 'NetworkPolicy',
    namespace,
    name: (name || tier).slice(0, 253),
    tier: tier || null,
    // -1 is the end of the tier, or a rule that is not there.
    rule: rule === '' || rule === '-1' ? null : rule,
    revision: null,
    effect: effectOf(action),
    staged,
  };
}

function policyOfObject(policy: JsonObject): PolicyRef {
  const kind = wordOfKind(policy.kind);
  const index = integerOf(policy.rule_index);
  return {
    system: kind?.startsWith('Kubernetes') === true || kind === 'ClusterNetworkPolicy' ? 'kubernetes' : 'calico',
    kind: kind === 'KubernetesNetworkPolicy' ? 'NetworkPolicy' : kind,
    namespace: textOf(policy.namespace),
    name:
      textOf(policy.name) ??
      (objectOf(policy.trigger) === null
        ? (textOf(policy.tier) ?? kind ?? '')
        : (textOf(objectOf(policy.trigger)?.name) ?? '')),
    tier: textOf(policy.tier),
    rule: index === null || index < 0 ? null : String(index),
    revision: null,
    effect: effectOf(wordOf(policy.action, actionNames) ?? ''),
    staged: kind?.startsWith('Staged') === true,
  };
}

function wordOfKind(value: unknown): string | null {
  const number = integerOf(value);
  return number === null ? textOf(value) : (policyKinds[number] ?? null);
}

function effectOf(action: string): PolicyRef['effect'] {
  const word = action.toLowerCase();
  return word === 'allow' || word === 'deny' || word === 'pass' ? word : 'none';
}

function attributesOf(key: JsonObject, flow: JsonObject): Record<string, JsonValue> {
  const attributes: Record<string, JsonValue> = {};
  for (const name of [
    'source_type',
    'dest_type',
    'dest_service_name',
    'dest_service_namespace',
    'dest_service_port',
    'num_flows_started',
    'num_flows_completed',
    'num_connections_completed',
    'num_connections_live',
    'process_name',
    'source_name_aggr',
    'dest_name_aggr',
  ]) {
    const value = key[name] ?? flow[name];
    if ((typeof value === 'string' && value !== '-' && value !== '') || typeof value === 'number')
      attributes[name] = value;
  }
  return attributes;
}

/** Felix on a bare host: `action="deny" dstIP="…" … policy="…" rule="-1" tier="…" trafficDir="outbound"`. */
function readFelix(wire: Wire): Normalised {
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
    ...emptyRecord('flow', calicoFlow),
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
