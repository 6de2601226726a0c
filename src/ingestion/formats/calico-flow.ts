import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { readFelix } from './calico-felix.js';
import { actionNames, readTraces, stagedDenies, wordOf } from './calico-policies.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, kubernetesWorkload, portOf } from './endpoint.js';
import { readEpoch, readTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { workloadNameFromPod } from './hubble-endpoint.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { isObject, type JsonObject, type JsonValue, objectOf, textOf, textsOf, unsignedOf } from './json-value.js';
import { withProtoNames } from './proto-names.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Calico's flow logs: the lines of Calico Enterprise and Cloud (`flows.log`), what Goldmane of the open source edition posts
 * (`Flow{Key{…}}`, enumerations as numbers) and answers (`FlowResult{id,flow}` as protobuf JSON), what Whisker shows of it, and
 * Felix's syslog of a bare host. Flows are sums over an interval; `-` means not applicable and null summed away.
 */
export const calicoFlow: FormatAdapter = { name: 'calico-flow', version: 2, detect, normalise };

function detect({ object, text }: Wire): boolean {
  if (object === null) return text.includes('srcIP=') && text.includes('dstIP=') && text.includes('action=');
  if (keyOf(object) !== null) return true;
  return (
    ('source_name' in object || 'source_name_aggr' in object) &&
    ('dest_name' in object || 'dest_name_aggr' in object) &&
    'action' in object &&
    'reporter' in object
  );
}

/** What a flow of Goldmane is counted by, with the flow and where in the record that stands; null for other records. */
function keyOf(
  object: JsonObject,
): { readonly key: JsonObject; readonly flow: JsonObject; readonly place: '' | '/flow' } | null {
  const inner = objectOf(object.flow);
  const flow = inner !== null && isObject(inner.Key ?? inner.key) ? inner : object;
  const key = objectOf(flow.Key ?? flow.key);
  if (key === null) return null;
  const place = flow === inner ? '/flow' : '';
  if ('source_name' in key && 'dest_name' in key) return { key, flow, place };
  if (!('sourceName' in key) || !('destName' in key)) return null;
  return { key: withProtoNames(key), flow: withProtoNames(flow), place };
}

function normalise(wire: Wire): Normalised {
  const { object } = wire;
  if (object === null) return readFelix(wire, calicoFlow);
  const found = keyOf(object);
  return found === null
    ? readFlow(object, object, flowPlaces, wire)
    : readFlow(found.key, found.flow, goldmanePlaces(found.place), wire);
}

const actions: readonly (Verdict | null)[] = [null, 'allow', 'deny', 'none'];
const reporters = ['unspecified', 'src', 'dst'];
const endpointTypes = ['unspecified', 'wep', 'hep', 'ns', 'net'];
/** `EndpointType` of Goldmane by name, as the older logs have it. */
const endpointTypeNames: ReadonlyMap<string, string> = new Map([
  ['workloadendpoint', 'wep'],
  ['hostendpoint', 'hep'],
  ['networkset', 'ns'],
  ['network', 'net'],
]);

function readFlow(key: JsonObject, flow: JsonObject, places: NormalForm['places'], wire: Wire): Normalised {
  const flags: string[] = [];
  const action = wordOf(key.action, actionNames);
  const reporter = wordOf(key.reporter, reporters);
  const protocol = protocolOf(key.proto ?? key.protocol);
  const icmp = !hasPorts(protocol);
  const source = endOf('source', key, flow, icmp, flags);
  const destination = endOf('dest', key, flow, icmp, flags);
  if (source === null && destination === null) return refuse('missing_field', 'expected source_name and dest_name');
  const { enforced, transit, pending } = readTraces(key.policies, flags);
  const verdict =
    action === null ? 'unknown' : (actions[actionNames.findIndex((name) => name === action)] ?? 'unknown');
  // Older versions name staged policies among all the others, before what took effect.
  const staged = [...[...enforced, ...transit].filter((policy) => policy.staged), ...pending];
  const wouldDeny = verdict === 'allow' && stagedDenies(staged);
  if (wouldDeny) addFlag(flags, 'pending_deny');
  const direction: NormalForm['direction'] = reporter === 'src' ? 'egress' : reporter === 'dst' ? 'ingress' : 'unknown';
  const told = { verdict, source, destination, protocol, direction, isReply: null, reason: null } as const;
  const [start, end] = [flow.start_time ?? flow.startTime, flow.end_time ?? flow.endTime].map(
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
    count: countOf(flow.num_flows) ?? countOf(flow.num_connections_started),
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
    places,
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
function goldmanePlaces(place: string): NormalForm['places'] {
  return {
    eventTime: `${place}/start_time`,
    verdict: `${place}/Key/action`,
    'source.workload': `${place}/Key/source_name`,
    'destination.workload': `${place}/Key/dest_name`,
    'destination.port': `${place}/Key/dest_port`,
    protocol: `${place}/Key/proto`,
    policies: `${place}/Key/policies`,
  };
}

/** Protobuf JSON writes counts as text. */
function countOf(value: unknown): number | null {
  const count = Number(unsignedOf(value) ?? Number.NaN);
  return Number.isSafeInteger(count) ? count : null;
}

/** Enterprise gives seconds; a time of Goldmane may be milliseconds. */
function epochUnit(value: unknown): 's' | undefined {
  const number = typeof value === 'number' ? value : Number(unsignedOf(value) ?? Number.NaN);
  return number < 1e11 ? 's' : undefined;
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
  const name = text('name') ?? text('name_aggr');
  const aggregated = text('name_aggr') ?? name;
  const namespace = text('namespace');
  const given = wordOf(key[`${side}_type`], endpointTypes);
  const type = given === null ? typeOf(namespace, name) : (endpointTypeNames.get(given) ?? given);
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

/** Whisker leaves the types out: `pvt` and `pub` are networks, and what has a namespace nearly always a pod. */
function typeOf(namespace: string | null, name: string | null): string | null {
  if (namespace !== null) return 'wep';
  return name === 'pvt' || name === 'pub' ? 'net' : null;
}

/** `{labels:["a=b"]}`, `["a=b"]`, an object, or `a=b | c=d` of Whisker. */
function labelsOf(value: unknown): Record<string, string> {
  const list =
    typeof value === 'string'
      ? value.split(' | ')
      : isObject(value) && Array.isArray(value.labels)
        ? value.labels
        : value;
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
