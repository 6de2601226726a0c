import type { Verdict } from '../normal-form.js';
import { integerOf, isObject, type JsonObject, objectOf, textOf } from './json-value.js';
import { addFlag } from './wire.js';

/** Event types that carry a decision: drop notification, policy verdict, layer-7 access log. */
const dropEvent = 1;
export const policyVerdictEvent = 5;
const accessLogEvent = 129;

/** In the order of the enum's numbers, which protobuf JSON may use instead of names. */
const verdictNames = [
  'VERDICT_UNKNOWN',
  'FORWARDED',
  'DROPPED',
  'ERROR',
  'AUDIT',
  'REDIRECTED',
  'TRACED',
  'TRANSLATED',
] as const;

/** REDIRECTED hands the connection to the layer-7 proxy, whose own verdict is another flow. */
const verdicts: ReadonlyMap<string, Verdict> = new Map<string, Verdict>([
  ['FORWARDED', 'allow'],
  ['REDIRECTED', 'allow'],
  ['DROPPED', 'deny'],
  ['AUDIT', 'would_deny'],
  ['ERROR', 'error'],
  ['TRACED', 'none'],
  ['TRANSLATED', 'none'],
  ['VERDICT_UNKNOWN', 'unknown'],
]);

/** The drop reasons that policy decides; every other one is the network's own. */
export const policyDrops: ReadonlySet<string> = new Set(['POLICY_DENIED', 'POLICY_DENY', 'AUTH_REQUIRED']);
/** `DropReason` by number: all that releases before 1.10 write, and what some clients write of later ones. */
const dropReasons: ReadonlyMap<number, string> = new Map([
  [130, 'INVALID_SOURCE_MAC'],
  [131, 'INVALID_DESTINATION_MAC'],
  [132, 'INVALID_SOURCE_IP'],
  [133, 'POLICY_DENIED'],
  [134, 'INVALID_PACKET_DROPPED'],
  [135, 'CT_TRUNCATED_OR_INVALID_HEADER'],
  [136, 'CT_MISSING_TCP_ACK_FLAG'],
  [137, 'CT_UNKNOWN_L4_PROTOCOL'],
  [138, 'CT_CANNOT_CREATE_ENTRY_FROM_PACKET'],
  [139, 'UNSUPPORTED_L3_PROTOCOL'],
  [140, 'MISSED_TAIL_CALL'],
  [141, 'ERROR_WRITING_TO_PACKET'],
  [142, 'UNKNOWN_L4_PROTOCOL'],
  [143, 'UNKNOWN_ICMPV4_CODE'],
  [144, 'UNKNOWN_ICMPV4_TYPE'],
  [145, 'UNKNOWN_ICMPV6_CODE'],
  [146, 'UNKNOWN_ICMPV6_TYPE'],
  [147, 'ERROR_RETRIEVING_TUNNEL_KEY'],
  [150, 'UNKNOWN_L3_TARGET_ADDRESS'],
  [151, 'STALE_OR_UNROUTABLE_IP'],
  [155, 'CT_MAP_INSERTION_FAILED'],
  [156, 'INVALID_IPV6_EXTENSION_HEADER'],
  [157, 'IP_FRAGMENTATION_NOT_SUPPORTED'],
  [158, 'SERVICE_BACKEND_NOT_FOUND'],
  [160, 'NO_TUNNEL_OR_ENCAPSULATION_ENDPOINT'],
  [161, 'FAILED_TO_INSERT_INTO_PROXYMAP'],
  [162, 'REACHED_EDT_RATE_LIMITING_DROP_HORIZON'],
  [163, 'UNKNOWN_CONNECTION_TRACKING_STATE'],
  [164, 'LOCAL_HOST_IS_UNREACHABLE'],
  [165, 'NO_CONFIGURATION_AVAILABLE_TO_PERFORM_POLICY_DECISION'],
  [166, 'UNSUPPORTED_L2_PROTOCOL'],
  [167, 'NO_MAPPING_FOR_NAT_MASQUERADE'],
  [168, 'UNSUPPORTED_PROTOCOL_FOR_NAT_MASQUERADE'],
  [169, 'FIB_LOOKUP_FAILED'],
  [170, 'ENCAPSULATION_TRAFFIC_IS_PROHIBITED'],
  [171, 'INVALID_IDENTITY'],
  [172, 'UNKNOWN_SENDER'],
  [173, 'NAT_NOT_NEEDED'],
  [174, 'IS_A_CLUSTERIP'],
  [175, 'FIRST_LOGICAL_DATAGRAM_FRAGMENT_NOT_FOUND'],
  [176, 'FORBIDDEN_ICMPV6_MESSAGE'],
  [177, 'DENIED_BY_LB_SRC_RANGE_CHECK'],
  [178, 'SOCKET_LOOKUP_FAILED'],
  [179, 'SOCKET_ASSIGN_FAILED'],
  [180, 'PROXY_REDIRECTION_NOT_SUPPORTED_FOR_PROTOCOL'],
  [181, 'POLICY_DENY'],
  [182, 'VLAN_FILTERED'],
  [183, 'INVALID_VNI'],
  [184, 'INVALID_TC_BUFFER'],
  [185, 'NO_SID'],
  [187, 'NAT46'],
  [188, 'NAT64'],
  [189, 'AUTH_REQUIRED'],
  [190, 'CT_NO_MAP_FOUND'],
  [191, 'SNAT_NO_MAP_FOUND'],
  [192, 'INVALID_CLUSTER_ID'],
  [193, 'UNSUPPORTED_PROTOCOL_FOR_DSR_ENCAP'],
  [194, 'NO_EGRESS_GATEWAY'],
  [195, 'UNENCRYPTED_TRAFFIC'],
  [196, 'TTL_EXCEEDED'],
  [197, 'NO_NODE_ID'],
  [202, 'DROP_HOST_NOT_READY'],
  [203, 'DROP_EP_NOT_READY'],
]);

/** The verdict as a word; null where the flow has none. */
export function readVerdictName(value: unknown): string | null {
  const number = integerOf(value);
  return number === null ? textOf(value) : (verdictNames[number] ?? String(number));
}

/** Null where the exporter's field mask took the event type out; type 0 is "unspecified". */
export function readEventType(flow: JsonObject): number | null {
  const type = integerOf(objectOf(flow.event_type)?.type) ?? 0;
  return type === 0 ? null : type;
}

/** Why a packet was dropped, in Cilium's word. */
export function readReason(flow: JsonObject): string | null {
  const described = textOf(flow.drop_reason_desc);
  if (described !== null && described !== 'DROP_REASON_UNKNOWN') return described;
  const number = integerOf(flow.drop_reason) ?? integerOf(flow.drop_reason_desc) ?? 0;
  return number === 0 ? null : (dropReasons.get(number) ?? `drop reason ${number}`);
}

/**
 * Only drops, policy verdicts and access log entries are decisions; a trace that says FORWARDED
 * says that a packet passed a point. Where the event type is masked out, what is left decides:
 * signs of a trace make it an observation, everything else is judged by its verdict word.
 */
export function decide(
  flow: JsonObject,
  eventType: number | null,
  verdictRaw: string | null,
  reason: string | null,
  isReply: boolean | null,
  flags: string[],
): Verdict {
  if (eventType === null) {
    addFlag(flags, 'no_event_type');
    const traced = textOf(flow.trace_observation_point) !== null || (isReply === true && !isObject(flow.l7));
    if (verdictRaw === 'FORWARDED' && traced) return 'none';
  } else if (eventType !== dropEvent && eventType !== policyVerdictEvent && eventType !== accessLogEvent) {
    return 'none';
  }
  if (verdictRaw === null) return eventType === dropEvent || reason !== null ? 'deny' : 'unknown';
  return verdicts.get(verdictRaw) ?? 'unknown';
}

/** Is this text one of Hubble's verdicts? */
export function isVerdictName(value: unknown): boolean {
  return typeof value === 'string' && verdicts.has(value);
}
