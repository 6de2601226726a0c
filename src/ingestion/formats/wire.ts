import type { NormalForm, Normalised, QuarantineReason, RecordContext, FormatName } from '../normal-form.js';
import type { JsonObject } from './json-value.js';
import type { SyslogHeader } from './syslog-header.js';

/** A record taken out of what carried it, as adapters read it. */
export interface Wire {
  /** The text of the record: a line, or JSON. Never empty. */
  readonly text: string;
  /** The record as a JSON object; null where it is text. */
  readonly object: JsonObject | null;
  /** The syslog header that stood before it (RFC 5424, RFC 3164 and what devices make of them). */
  readonly syslog: SyslogHeader | null;
  /** The whole line where the record is part of one; `text` otherwise. */
  readonly line: string;
  /** JSON objects of shippers around it, outermost first, and where in each the next one stands. */
  readonly envelopes: readonly { readonly object: JsonObject; readonly place: string }[];
  readonly context: RecordContext;
  /** Time of receipt: the last resort for times, and what a year is guessed from. */
  readonly receivedAt: Date;
}

/**
 * Reads one wire format. Pure: no clock, no database, never throws on anything that can be sent.
 * One file per format, registered in `registry.ts`.
 */
export interface FormatAdapter {
  readonly name: FormatName;
  /** Raised whenever the same bytes give another normal form. */
  readonly version: number;
  /** Is this a record of mine? Cheap, and true only for records `normalise` should be asked about. */
  detect(wire: Wire): boolean;
  normalise(wire: Wire): Normalised;
  /**
   * What {@link normalise} would say of kind, id and time, for formats of which so many records come that making all the
   * rest, before anybody asks for it, costs more than storing them. Null where only the whole reading tells.
   */
  identify?(wire: Wire): Identity | null;
}

/** What is known of a record without making its normal form. */
export type Identity = Pick<NormalForm, 'kind' | 'nativeId' | 'eventTime'>;

/** Why a record cannot be read. */
export type Refusal = Extract<Normalised, { ok: false }>;

export function refuse(reason: QuarantineReason, detail: string): Refusal {
  return { ok: false, reason, detail };
}

export function accept(first: NormalForm, ...more: readonly NormalForm[]): Normalised {
  return { ok: true, records: [first, ...more] };
}

/** A normal form that says nothing yet; adapters spread it and fill in what their format knows. */
export function emptyRecord(
  kind: NormalForm['kind'],
  adapter: Pick<FormatAdapter, 'name' | 'version'>,
): Omit<NormalForm, 'summary'> {
  return {
    kind,
    format: adapter.name,
    parserVersion: adapter.version,
    eventTime: null,
    timeSource: 'received',
    timeGuessed: false,
    nativeId: null,
    actor: null,
    verdict: 'none',
    verdictRaw: null,
    reason: null,
    direction: 'unknown',
    reporter: 'device',
    reporterName: null,
    source: null,
    destination: null,
    protocol: null,
    isReply: null,
    count: null,
    interval: null,
    traffic: null,
    severity: null,
    severityRaw: null,
    lostCount: null,
    policies: [],
    policyChange: null,
    attributes: {},
    places: {},
    carriers: [],
    flags: [],
  };
}

/** A flag says that something happened, not how often. */
export function addFlag(flags: string[], flag: string): void {
  if (!flags.includes(flag)) flags.push(flag);
}
