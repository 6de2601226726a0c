import type { NormalForm, Normalised } from '../normal-form.js';
import { chooseTime, type EventTime } from './choose-time.js';
import { flowSummary } from './flow-summary.js';
import { readEndpoint } from './hubble-endpoint.js';
import { readLayer4 } from './hubble-l4.js';
import { readLayer7 } from './hubble-l7.js';
import { readPolicies } from './hubble-policies.js';
import { hubbleVersion, readSignal, signalKeys } from './hubble-signals.js';
import {
  decide,
  isVerdictName,
  policyDrops,
  policyVerdictEvent,
  readEventType,
  readReason,
  readVerdictName,
} from './hubble-verdict.js';
import { integerOf, isObject, type JsonObject, type JsonValue, nameOf, objectOf, textOf } from './json-value.js';
import { accept, emptyRecord, type FormatAdapter, type Identity, refuse, type Wire } from './wire.js';

/**
 * Cilium Hubble: the lines of the Hubble exporter and of `hubble observe -o jsonpb`
 * (`{"flow":{…},"node_name":…,"time":…}` and its siblings `lost_events`, `agent_event`,
 * `debug_event`, `node_status`), and bare flows as older command line versions print them. Field
 * names and values follow Cilium's `flow.proto` as protobuf JSON: absent means default.
 */
export const hubble: FormatAdapter = { name: 'hubble', version: hubbleVersion, detect, normalise, identify };

/** `policy_match_type` of a verdict that matched neither an address nor a port. */
const matchedAll = 4;

function detect({ object }: Wire): boolean {
  return object !== null && (isHubbleLine(object) || isBareFlow(object));
}

/** Where the main fields stand in a line; in a bare flow, without `/flow`. */
const linePlaces = {
  eventTime: '/flow/time',
  verdict: '/flow/verdict',
  'source.ip': '/flow/IP/source',
  'source.port': '/flow/l4/*/source_port',
  'source.workload': '/flow/source',
  'destination.ip': '/flow/IP/destination',
  'destination.port': '/flow/l4/*/destination_port',
  'destination.workload': '/flow/destination',
  protocol: '/flow/l4',
  direction: '/flow/traffic_direction',
} as const;
const flowPlaces = Object.fromEntries(
  Object.entries(linePlaces).map(([field, place]) => [field, place.slice('/flow'.length)]),
);

/** Other formats have a member `flow` or `node_status` too (Suricata, cluster managers), so the rest of the line counts. */
function isHubbleLine(line: JsonObject): boolean {
  const { flow } = line;
  if (isObject(flow)) {
    return (
      typeof line.node_name === 'string' ||
      'verdict' in flow ||
      'drop_reason_desc' in flow ||
      'traffic_direction' in flow ||
      isObject(flow.event_type) ||
      isObject(flow.IP) ||
      isObject(flow.l4) ||
      isObject(flow.source) ||
      isObject(flow.destination)
    );
  }
  if (isObject(line.lost_events)) return true;
  if (typeof line.node_name !== 'string' && typeof line.time !== 'string') return false;
  return (flow !== undefined && typeof line.node_name === 'string') || signalKeys.some((key) => isObject(line[key]));
}

function isBareFlow(flow: JsonObject): boolean {
  if (!isVerdictName(flow.verdict)) return false;
  return isObject(flow.IP) || isObject(flow.l4) || isObject(flow.source) || isObject(flow.destination);
}

function normalise(wire: Wire): Normalised {
  const { object } = wire;
  if (object === null) return refuse('not_an_object', 'expected a Hubble line as a JSON object');
  if (!isHubbleLine(object)) return normaliseFlow(object, {}, wire);
  if (isObject(object.flow)) return normaliseFlow(object.flow, object, wire);
  for (const key of signalKeys) {
    const signal = object[key];
    if (isObject(signal)) return accept(readSignal(key, signal, object, wire));
  }
  return refuse(
    'invalid_field',
    `expected flow to be an object, got ${object.flow === null ? 'null' : typeof object.flow}`,
  );
}

/** A flow with a verdict is always read; all others take the long way. */
function identify(wire: Wire): Identity | null {
  const { object } = wire;
  if (object === null) return null;
  const line = isHubbleLine(object) ? object : {};
  const flow = line === object ? objectOf(object.flow) : object;
  if (flow === null || readVerdictName(flow.verdict) === null) return null;
  return { kind: 'flow', nativeId: nativeIdOf(flow), eventTime: timeOf(flow, line, wire, []).eventTime };
}

function nativeIdOf(flow: JsonObject): string | null {
  return nameOf(flow.uuid);
}

function timeOf(flow: JsonObject, line: JsonObject, wire: Wire, flags: string[]): EventTime {
  return chooseTime([textOf(flow.time), textOf(line.time)], wire, flags);
}

function normaliseFlow(flow: JsonObject, line: JsonObject, wire: Wire): Normalised {
  const ip = objectOf(flow.IP) ?? {};
  const reason = readReason(flow);
  const verdictRaw = readVerdictName(flow.verdict);
  if (verdictRaw === null && flow.verdict !== undefined && flow.verdict !== null) {
    return refuse('invalid_field', `expected flow.verdict to be a word, got ${typeof flow.verdict}`);
  }
  const flags: string[] = [];
  const layer4 = readLayer4(flow.l4, flags);
  const source = readEndpoint(
    { described: flow.source, address: ip.source, port: layer4.sourcePort, names: flow.source_names },
    flags,
  );
  const destination = readEndpoint(
    {
      described: flow.destination,
      address: ip.destination,
      port: layer4.destinationPort,
      names: flow.destination_names,
    },
    flags,
  );
  if (verdictRaw === null && reason === null && source === null && destination === null) {
    return refuse(
      'missing_field',
      'expected a flow with a verdict, an address or an endpoint; all are missing or masked out',
    );
  }

  const eventType = readEventType(flow);
  const isReply = typeof flow.is_reply === 'boolean' ? flow.is_reply : flow.reply === true ? true : null;
  const policies = readPolicies(flow);
  const verdict = decide(flow, eventType, verdictRaw, reason, isReply, flags);
  if (verdict === 'deny' && reason !== null && !policyDrops.has(reason)) flags.push('not_a_policy_drop');
  const isVerdict = eventType === policyVerdictEvent && verdict === 'allow';
  if (isVerdict && flow.policy_match_type === matchedAll && policies.length === 0) flags.push('no_policy_selected');

  const direction =
    flow.traffic_direction === 'INGRESS' ? 'ingress' : flow.traffic_direction === 'EGRESS' ? 'egress' : 'unknown';
  const { attributes, layer7Text } = readAttributes(flow, ip, eventType, layer4.attributes, flags);
  const told = { verdict, source, destination, protocol: layer4.protocol, direction, isReply, reason } as const;

  // Filled in rather than spread into a new object: with thirty members that costs a seventh of the reading of a flow.
  const record = Object.assign(emptyRecord('flow', hubble), told, timeOf(flow, line, wire, flags), {
    nativeId: nativeIdOf(flow),
    summary: flowSummary(told, layer7Text),
    verdictRaw,
    reporter: reporterOf(direction, isReply),
    reporterName: textOf(flow.node_name) ?? textOf(line.node_name),
    count: 1,
    policies,
    attributes,
    places: flow === wire.object ? flowPlaces : linePlaces,
    flags,
  });
  return accept(record);
}

/**
 * The end that reports: Hubble gives the direction of the connection, which the destination
 * enforces on ingress and the source on egress; in a reply packet the two have changed places.
 */
function reporterOf(direction: NormalForm['direction'], isReply: boolean | null): NormalForm['reporter'] {
  if (direction === 'unknown') return 'node';
  return (direction === 'ingress') === (isReply !== true) ? 'dst' : 'src';
}

function readAttributes(
  flow: JsonObject,
  ip: JsonObject,
  eventType: number | null,
  attributes: Record<string, JsonValue>,
  flags: string[],
): { attributes: Record<string, JsonValue>; layer7Text: string | null } {
  const type = textOf(flow.Type);
  if (type !== null) attributes.type = type;
  if (eventType !== null) attributes.eventType = eventType;
  const subType = integerOf(objectOf(flow.event_type)?.sub_type);
  if (subType !== null) attributes.eventSubType = subType;
  const point = textOf(flow.trace_observation_point);
  if (point !== null) attributes.observationPoint = point;
  const matchType = integerOf(flow.policy_match_type);
  if (matchType !== null) attributes.policyMatchType = matchType;
  const authType = textOf(flow.auth_type);
  if (authType !== null) attributes.authType = authType;
  const translated = textOf(ip.source_xlated);
  if (translated !== null) attributes.sourceTranslated = translated;
  if (ip.encrypted === true) attributes.encrypted = true;
  const sourceService = readService(flow.source_service);
  if (sourceService !== null) attributes.sourceService = sourceService;
  const destinationService = readService(flow.destination_service);
  if (destinationService !== null) attributes.destinationService = destinationService;

  if (!isObject(flow.l7)) return { attributes, layer7Text: null };
  const layer7 = readLayer7(flow.l7);
  attributes.l7 = layer7.attribute;
  if (layer7.redacted) flags.push('url_shortened');
  return { attributes, layer7Text: layer7.text };
}

function readService(value: unknown): string | null {
  const service = objectOf(value);
  const name = textOf(service?.name);
  return name === null ? null : `${textOf(service?.namespace) ?? ''}/${name}`;
}
