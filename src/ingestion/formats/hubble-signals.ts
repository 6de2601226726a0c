import type { NormalForm } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { isKeepable, type JsonObject, textOf, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';
import { emptyRecord, type Wire } from './wire.js';

/** Raised whenever the same Hubble line gives another normal form. */
export const hubbleVersion = 2;

/** What a Hubble line holds instead of a flow: notices of loss, of the agent, of the relay. */
export const signalKeys = ['lost_events', 'agent_event', 'debug_event', 'node_status'] as const;

/** Reads a line that holds a notice; a loss notice carries how many events were lost. */
export function readSignal(
  key: (typeof signalKeys)[number],
  signal: JsonObject,
  line: JsonObject,
  wire: Wire,
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
  const time = chooseTime([textOf(line.time)], wire, flags);
  return {
    ...emptyRecord('signal', { name: 'hubble', version: hubbleVersion }),
    ...time,
    summary: oneLine(nodeName === null ? summary : `${summary}, node ${nodeName}`),
    reporter: 'node',
    reporterName: nodeName,
    lostCount,
    attributes: { [key]: kept },
    places: { eventTime: '/time', lostCount: `/${key}/num_events_lost` },
    flags,
  };
}
