import type { NormalForm } from '../normal-form.js';
import { chooseTime, readEpoch } from './event-time.js';
import { isKeepable, type JsonObject, textOf, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';

/** Raised whenever the same Hubble line gives another normal form. */
export const hubbleVersion = 1;

/** What a Hubble line holds instead of a flow: notices of loss, of the agent, of the relay. */
export const signalKeys = ['lost_events', 'agent_event', 'debug_event', 'node_status'] as const;

/** The times a shipper adds around a line: Elastic's `@timestamp`, Fluent Bit's `date`. */
export function shipperTimes(envelope: JsonObject): readonly unknown[] {
  return [envelope['@timestamp'], typeof envelope.date === 'number' ? readEpoch(envelope.date, 's') : envelope.date];
}

/** Reads a line that holds a notice; a loss notice carries how many events were lost. */
export function readSignal(
  key: (typeof signalKeys)[number],
  signal: JsonObject,
  line: JsonObject,
  envelope: JsonObject,
): NormalForm {
  const flags: string[] = [];
  const nodeName = textOf(line.node_name);
  let lostCount: string | null = null;
  let summary: string;
  if (key === 'lost_events') {
    lostCount = signal.num_events_lost === undefined ? '0' : unsignedOf(signal.num_events_lost);
    if (lostCount === null) flags.push('bad_lost_count');
    summary = `Hubble lost ${lostCount ?? 'an unknown number of'} events at ${textOf(signal.source) ?? 'an unknown place'}`;
  } else {
    const what = textOf(signal.type) ?? textOf(signal.state_change) ?? 'of unknown type';
    const message = textOf(signal.message);
    summary = `Cilium ${key.replace('_', ' ')} ${what}${message === null ? '' : `: ${message}`}`;
  }
  const kept = isKeepable(signal) ? signal : null;
  if (kept === null) flags.push('value_not_kept');
  const time = chooseTime([line.time], shipperTimes(envelope), flags);
  return {
    kind: 'signal',
    format: 'hubble',
    parserVersion: hubbleVersion,
    eventTime: time.eventTime,
    timeSource: time.timeSource,
    timeGuessed: false,
    nativeId: null,
    summary: oneLine(nodeName === null ? summary : `${summary}, node ${nodeName}`),
    actor: null,
    verdict: 'none',
    verdictRaw: null,
    reason: null,
    direction: 'unknown',
    reporter: 'node',
    reporterName: nodeName,
    source: null,
    destination: null,
    protocol: null,
    isReply: null,
    count: null,
    lostCount,
    policies: [],
    policyChange: null,
    attributes: { [key]: kept },
    flags,
  };
}
