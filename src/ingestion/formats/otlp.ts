import type { NormalForm, Normalised } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { readEpoch } from './event-time.js';
import { type JsonObject, objectOf, textOf } from './json-value.js';
import { otlpFlow, otlpFlowTimes } from './otlp-flow.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/**
 * OpenTelemetry log records (opentelemetry.io/docs/specs/otel/logs/data-model) whose body is no record of a format of its
 * own: what is left is when, how bad, who said it, and the text, or the flow that the attributes name.
 */
export const otlp: FormatAdapter = { name: 'otlp', version: 2, detect, normalise };

const recordMembers = ['severityNumber', 'severityText', 'observedTimeUnixNano', 'eventName', 'attributes'] as const;

function detect({ context, envelopes, object }: Wire): boolean {
  // The log record is what stands outermost, whatever its body wraps.
  if (context.attributes?.protocol === 'otlp' && envelopes.length === 0) return true;
  return (
    object !== null &&
    (object.timeUnixNano !== undefined || object.observedTimeUnixNano !== undefined) &&
    (objectOf(object.body) !== null || recordMembers.some((name) => object[name] !== undefined))
  );
}

function normalise(wire: Wire): Normalised {
  const said = wire.context.attributes?.protocol === 'otlp' ? wire.context.attributes : (wire.object ?? {});
  const own = isLogRecord(wire.object) ? wire.object : null;
  const flags: string[] = [];
  const number = typeof said.severityNumber === 'number' ? said.severityNumber : null;
  const resource = objectOf(said.resource);
  const eventName = textOf(said.eventName);
  const text = own === null ? wire.text : (textOf(objectOf(own.body)?.stringValue) ?? eventName ?? 'no body');
  const log = objectOf(said.log) ?? {};
  const flow = otlpFlow(log, flags);
  const { start, end } = otlpFlowTimes(log);
  const times = timesOf(wire, own);
  const stop = end ?? times[0] ?? null;
  const record: NormalForm = {
    ...emptyRecord(number !== null && number >= 13 ? 'signal' : 'unknown', otlp),
    ...chooseTime([start, ...times], wire, flags),
    severity: number === null ? null : syslogSeverity(number),
    severityRaw: textOf(said.severityText) ?? (number === null ? null : String(number)),
    reporterName:
      (flow === null ? null : textOf(log['network.interface.name'] ?? resource?.['aws.networkfirewall.name'])) ??
      textOf(resource?.['service.name']) ??
      textOf(resource?.['host.name']),
    interval: start === null || stop === null ? null : { start, end: stop },
    summary: oneLine(text, 200),
    ...flow,
    attributes: eventName === null ? {} : { eventName },
    flags,
  };
  return accept(record);
}

/** The log record's own, wherever they stand: the protocol hands over those of the log records that it takes apart. */
function timesOf({ context }: Wire, own: JsonObject | null): readonly (string | null)[] {
  if (own !== null) return [readEpoch(own.timeUnixNano, 'ns'), readEpoch(own.observedTimeUnixNano, 'ns')];
  return context.attributes?.protocol === 'otlp' ? (context.times ?? []) : [];
}

function isLogRecord(object: JsonObject | null): boolean {
  return object !== null && recordMembers.some((name) => object[name] !== undefined);
}

/** Severity numbers 1-24 (trace, debug, info, warn, error, fatal; four each) on the syslog scale. */
function syslogSeverity(number: number): number {
  if (number < 1 || number > 24) return 6;
  return [7, 7, 6, 4, 3, 2][Math.floor((number - 1) / 4)] ?? 6;
}
