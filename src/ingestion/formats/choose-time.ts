import type { TimeSource } from '../normal-form.js';
import { readEpoch, readTime, type ReadTime } from './event-time.js';
import { type JsonObject, objectOf } from './json-value.js';
import type { Wire } from './wire.js';

export interface EventTime {
  readonly eventTime: string | null;
  readonly timeSource: TimeSource;
  readonly timeGuessed: boolean;
}

/** A time an adapter found: RFC 3339 text as it stands in the record, or one it has read itself. */
export type TimeCandidate = ReadTime | string | null | undefined;

/**
 * The first of the record's own times that can be read; else of those its envelopes and the protocol
 * gave; else the syslog header's; else none, which is the time of receipt. A time that is there and
 * cannot be read is flagged `bad_event_time`, none at all `no_event_time`, a guess by its name.
 */
export function chooseTime(own: readonly TimeCandidate[], wire: Wire, flags: string[]): EventTime {
  const found = firstTime(own, flags);
  if (found !== null) return chosen(found, 'record', flags);
  const around = firstTime(
    [
      ...shipperTimes(wire.object),
      ...wire.envelopes.toReversed().flatMap(envelopeTimes),
      ...(wire.context.times ?? []),
    ],
    flags,
  );
  if (around !== null) return chosen(around, 'envelope', flags);
  if (wire.syslog?.time != null) return chosen(wire.syslog.time, 'header', flags);
  if (!flags.includes('no_event_time')) flags.push('no_event_time');
  return { eventTime: null, timeSource: 'received', timeGuessed: false };
}

function firstTime(candidates: readonly TimeCandidate[], flags: string[]): ReadTime | null {
  for (const candidate of candidates) {
    if (candidate === undefined || candidate === null) continue;
    const found = typeof candidate === 'string' ? exactly(readTime(candidate)) : candidate;
    if (found !== null) return found;
    if (!flags.includes('bad_event_time')) flags.push('bad_event_time');
  }
  return null;
}

function exactly(time: string | null): ReadTime | null {
  return time === null ? null : { time, guessed: [] };
}

function chosen({ time, guessed }: ReadTime, timeSource: TimeSource, flags: string[]): EventTime {
  for (const guess of guessed) if (!flags.includes(guess)) flags.push(guess);
  return { eventTime: time, timeSource, timeGuessed: guessed.length > 0 };
}

/** What shippers write into the record itself: Elastic's `@timestamp`, Fluent Bit's `date`. */
function shipperTimes(object: JsonObject | null): (string | null)[] {
  if (object === null) return [];
  const { '@timestamp': timestamp, date } = object;
  return [timestamp, date].map((time) => readTime(time) ?? (typeof time === 'number' ? readEpoch(time) : null));
}

/** Names under which shippers put the time at which they saw a record. */
const envelopeTimeNames = [
  '@timestamp',
  'timestamp',
  'time',
  'date',
  'timeUnixNano',
  'observedTimeUnixNano',
  // journald, in microseconds: when the kernel or process wrote it, and when the journal took it.
  '_SOURCE_REALTIME_TIMESTAMP',
  '__REALTIME_TIMESTAMP',
] as const;

function envelopeTimes({ object, place }: Wire['envelopes'][number]): (string | null)[] {
  // Splunk and Cribl put the time beside the record as it was.
  const beside = place === '/result/_raw' ? objectOf(object.result)?._time : object._time;
  return [...envelopeTimeNames.map((name) => object[name]), beside].map((time) => readTime(time) ?? readEpoch(time));
}
