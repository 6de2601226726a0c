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
const dropReasons: ReadonlyMap<number, string> = new Map([
  [132, 'INVALID_SOURCE_IP'],
  [133, 'POLICY_DENIED'],
  [181, 'POLICY_DENY'],
  [189, 'AUTH_REQUIRED'],
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
