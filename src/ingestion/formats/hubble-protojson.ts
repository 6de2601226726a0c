import { readEpoch } from './event-time.js';
import { integerOf, isObject, type JsonObject, objectOf } from './json-value.js';
import { protoName } from './proto-names.js';

/**
 * Cilium's own programs write protobuf JSON with the names of `flow.proto`. Other clients of the same interface write
 * lower camel case, the default of protobuf JSON (`grpcurl`, Python's `MessageToDict`), numbers for enumerations, or what
 * Go's `encoding/json` makes of the generated structures (times as `{seconds,nanos}`, a choice under the name of its field).
 * All mean the same message: this gives it in the form that Cilium writes.
 */
export function inCiliumForm(message: JsonObject): JsonObject {
  return isInCiliumForm(message) ? message : renamed(message);
}

function isInCiliumForm(message: JsonObject): boolean {
  return !(
    typeof message.verdict === 'number' ||
    typeof message.traffic_direction === 'number' ||
    isObject(message.time) ||
    'nodeName' in message ||
    'eventType' in message ||
    'trafficDirection' in message ||
    'isReply' in message ||
    'lostEvents' in message ||
    'nodeStatus' in message ||
    'agentEvent' in message ||
    'debugEvent' in message ||
    'numEventsLost' in message ||
    'stateChange' in message ||
    'ResponseTypes' in message
  );
}

/** Members that Go's structures put around the one that is set of a choice. */
const choices: ReadonlySet<string> = new Set(['Protocol', 'Record', 'ResponseTypes', 'Notification']);
/** Deeper than any message of Cilium. */
const maxDepth = 12;

function renamed(message: JsonObject, depth = 0): JsonObject {
  const members: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(message)) {
    if (key === '__proto__') continue;
    if (choices.has(key) && isObject(value)) Object.assign(members, choiceIn(value, depth));
    else members[nameInProto(key)] = valueOf(nameInProto(key), value, depth);
  }
  return members;
}

function choiceIn(choice: JsonObject, depth: number): JsonObject {
  return Object.fromEntries(
    Object.entries(choice).map(([key, value]) => {
      // `Http`, `LostEvents`; `TCP` and `ICMPv4` are the proto's own.
      const name = /^[A-Z][a-z]/.test(key) ? nameInProto(key.charAt(0).toLowerCase() + key.slice(1)) : key;
      return [name, valueOf(name, value, depth)];
    }),
  );
}

/** `ipVersion` is so named in the proto. */
function nameInProto(key: string): string {
  return key === 'ipVersion' ? key : protoName(key);
}

function valueOf(name: string, value: unknown, depth: number): unknown {
  const word = wordOf(name, value);
  if (word !== null) return word;
  if (depth >= maxDepth) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => (isObject(item) ? renamed(item, depth + 1) : item));
  if (!isObject(value)) return value;
  if (name === 'time') return timeOf(value) ?? value;
  if (name === 'is_reply') return value.value === true;
  return renamed(value, depth + 1);
}

/** A `google.protobuf.Timestamp` as Go's structure has it; members that are zero are left out. */
function timeOf(value: JsonObject): string | null {
  const nanos = String(integerOf(value.nanos) ?? 0).padStart(9, '0');
  return readEpoch(`${integerOf(value.seconds) ?? Number(value.seconds)}.${nanos}`, 's');
}

/** Enumerations of `flow.proto` that the reading looks at by name; those of verdicts and drop reasons stand with them. */
const enumerations: ReadonlyMap<string, readonly string[]> = new Map([
  ['traffic_direction', ['TRAFFIC_DIRECTION_UNKNOWN', 'INGRESS', 'EGRESS']],
  ['Type', ['UNKNOWN_TYPE', 'L3_L4', 'L7', 'SOCK']],
  ['auth_type', ['DISABLED', 'SPIRE', 'TEST_ALWAYS_FAIL']],
  [
    'trace_observation_point',
    [
      'UNKNOWN_POINT',
      'TO_PROXY',
      'TO_HOST',
      'TO_STACK',
      'TO_OVERLAY',
      'FROM_ENDPOINT',
      'FROM_PROXY',
      'FROM_HOST',
      'FROM_STACK',
      'FROM_OVERLAY',
      'FROM_NETWORK',
      'TO_NETWORK',
      'FROM_CRYPTO',
      'TO_CRYPTO',
    ],
  ],
  ['state_change', ['UNKNOWN_NODE_STATE', 'NODE_CONNECTED', 'NODE_UNAVAILABLE', 'NODE_GONE', 'NODE_ERROR']],
]);
const toEndpoint = 101;

function wordOf(name: string, value: unknown): string | null {
  const number = integerOf(value);
  if (number === null) return null;
  if (name === 'trace_observation_point' && number === toEndpoint) return 'TO_ENDPOINT';
  return enumerations.get(name)?.[number] ?? null;
}

/** The types of an agent event (`AgentEventType`), by which one that stands alone is known. */
const agentEvents: ReadonlySet<string> = new Set([
  'AGENT_STARTED',
  'POLICY_UPDATED',
  'POLICY_DELETED',
  'ENDPOINT_REGENERATE_SUCCESS',
  'ENDPOINT_REGENERATE_FAILURE',
  'ENDPOINT_CREATED',
  'ENDPOINT_DELETED',
  'IPCACHE_UPSERTED',
  'IPCACHE_DELETED',
  'SERVICE_UPSERTED',
  'SERVICE_DELETED',
]);
const agentNotices = [
  'unknown',
  'agent_start',
  'policy_update',
  'endpoint_regenerate',
  'endpoint_update',
  'ipcache_update',
  'service_upsert',
  'service_delete',
] as const;
const lostAt: ReadonlySet<string> = new Set(['PERF_EVENT_RING_BUFFER', 'OBSERVER_EVENTS_QUEUE', 'HUBBLE_RING_BUFFER']);

/** What a notice is that `hubble observe -o json` prints without a name around it; null for anything else. */
export function loneSignal(object: JsonObject): 'agent_event' | 'debug_event' | 'lost_events' | null {
  const { type, source } = object;
  if (typeof type === 'string') {
    if (agentEvents.has(type) && agentNotices.some((name) => objectOf(object[name]) !== null)) return 'agent_event';
    if (type.startsWith('DBG_') && ('message' in object || 'cpu' in object || 'hash' in object)) return 'debug_event';
    return null;
  }
  return typeof source === 'string' && lostAt.has(source) && 'num_events_lost' in object ? 'lost_events' : null;
}
