import type { NormalForm } from '../normal-form.js';
import { readEpoch, readTime, type ReadTime, readTimeText } from './event-time.js';
import { type JsonObject, textOf } from './json-value.js';
import type { Wire } from './wire.js';

/** Milliseconds, says the schema; mappings also write seconds and microseconds, which their size tells. */
export function epochOf(value: unknown, member: string, { text }: Wire): { time: string; guessed: [] } | null {
  if (value === undefined || value === null) return null;
  const exact =
    typeof value === 'number' && value > Number.MAX_SAFE_INTEGER
      ? new RegExp(`"${member}"\\s*:\\s*(\\d{17,19})`).exec(text)?.[1]
      : undefined;
  const time = readEpoch(exact ?? value) ?? readTime(value);
  return time === null ? null : { time, guessed: [] };
}

/** Mappings hand on what their source wrote, zone or not. */
export function looseTime(value: unknown, { context, receivedAt }: Wire): ReadTime | string | null {
  const text = textOf(value);
  return text === null ? null : (readTimeText(text, { zone: context.zone, receivedAt }) ?? text);
}

/** A moment that the event names exactly. */
export function momentOf(event: JsonObject, member: 'start_time' | 'end_time'): string | null {
  return readTime(event[`${member}_dt`]) ?? readEpoch(event[member]) ?? readTime(event[member]);
}

/** First and last moment; where they name no zone they are read as the time of the event is. */
export function intervalOf(event: JsonObject, wire: Wire): NormalForm['interval'] {
  const [start, end] = (['start_time', 'end_time'] as const).map((member) => {
    const loose = momentOf(event, member) ?? looseTime(event[member], wire);
    return typeof loose === 'string' ? readTime(loose) : (loose?.time ?? null);
  });
  return start == null || end == null ? null : { start, end };
}
