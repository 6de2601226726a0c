import { isUtf8 } from 'node:buffer';

import { findSyntaxError } from '../json-spans.js';
import {
  type FormatName,
  formatNames,
  NormalForm,
  type Normalised,
  type RecordContext,
  type RecordKind,
} from '../normal-form.js';
import { awsCloudtrail } from './aws-cloudtrail.js';
import { awsSns } from './aws-sns.js';
import { awsVpcFlow } from './aws-vpc-flow.js';
import { azureActivity } from './azure-activity.js';
import { azureFirewall } from './azure-firewall.js';
import { azureFlow } from './azure-flow.js';
import { cleanText, needsCleaning, replaceUnstorable } from './clean-text.js';
import { ecs, ecsAround } from './ecs.js';
import { gcpAudit } from './gcp-audit.js';
import { gcpFlow } from './gcp-flow.js';
import { alertmanager } from './alertmanager.js';
import { azureAlert } from './azure-alert.js';
import { cloudevents } from './cloudevents.js';
import { falco } from './falco.js';
import { elasticAlert } from './elastic-alert.js';
import { github } from './github.js';
import { guardicore } from './guardicore.js';
import { antrea } from './antrea.js';
import { calicoFlow } from './calico-flow.js';
import { cef } from './cef.js';
import { checkPoint } from './check-point.js';
import { envoy } from './envoy.js';
import { fortigate } from './fortigate.js';
import { hubble } from './hubble.js';
import { illumio } from './illumio.js';
import { iptables } from './iptables.js';
import { leef } from './leef.js';
import { nsx } from './nsx.js';
import { ovnAcl } from './ovn-acl.js';
import { panOs } from './pan-os.js';
import { isObject, type JsonObject } from './json-value.js';
import { kubernetesAudit } from './kubernetes-audit.js';
import { ocsf } from './ocsf.js';
import { otlp } from './otlp.js';
import { carriedBy, wireOf } from './record-wire.js';
import { splunkAlert } from './splunk-alert.js';
import { oneLine } from './summary.js';
import { suricata } from './suricata.js';
import { type FormatAdapter, refuse, type Refusal, type Wire } from './wire.js';
import { zeek } from './zeek.js';

/** Every wire format of its own, in the order in which they are tried. */
const ownFormats: readonly FormatAdapter[] = [
  hubble,
  kubernetesAudit,
  suricata,
  zeek,
  illumio,
  calicoFlow,
  envoy,
  ocsf,
  awsCloudtrail,
  azureFlow,
  azureFirewall,
  azureActivity,
  gcpFlow,
  gcpAudit,
  azureAlert,
  alertmanager,
  elasticAlert,
  falco,
  github,
  iptables,
  ovnAcl,
  antrea,
  nsx,
  panOs,
  checkPoint,
  fortigate,
  guardicore,
  cef,
  leef,
  ecs,
  awsVpcFlow,
];

/** Formats that carry others: tried when nothing is known of what they carry. */
const carrierFormats: readonly FormatAdapter[] = [splunkAlert, awsSns, cloudevents, otlp, ecsAround];

/** Every wire format there is, each once. */
export const formats: readonly FormatAdapter[] = [
  ...ownFormats,
  ...carrierFormats.filter(({ name }) => !ownFormats.some((own) => own.name === name)),
];

/** The format of a record and the record as its adapter reads it; null when none of ours. */
function recognise(wire: Wire): { readonly format: FormatAdapter; readonly wire: Wire } | null {
  const fixed = wire.context.format;
  const own = ownFormats.find((format) => (fixed === undefined || format.name === fixed) && format.detect(wire));
  if (own !== undefined) return { format: own, wire };
  for (const carried of carriedBy(wire)) {
    const inner = recognise(carried);
    if (inner !== null) return inner;
  }
  const carrier = carrierFormats.find(
    (format) => (fixed === undefined || format.name === fixed) && format.detect(wire),
  );
  return carrier === undefined ? null : { format: carrier, wire };
}

/**
 * Reads one record: the only way from raw bytes to the normal form, for the service and for
 * commands alike. The same bytes, context and time of receipt give the same result everywhere.
 *
 * @param raw one record as `splitBody` cuts it out: a JSON object or a line of text, in UTF-8
 * @param context what its source is set to and the protocol said
 * @returns the normal forms, or why the record cannot be read; never throws
 */
export function normaliseRecord(raw: Buffer, context: RecordContext, receivedAt: Date): Normalised {
  const opened = openRecord(raw, context, receivedAt);
  return 'found' in opened ? normaliseFound(opened) : opened;
}

/** What the log has to know of a record before it keeps it. */
export type Identified =
  | {
      readonly ok: true;
      readonly format: FormatName;
      readonly kind: RecordKind;
      readonly nativeId: string | null;
      /** Of each of its facts that has one. */
      readonly eventTimes: readonly string[];
    }
  | Refusal;

/**
 * The part of {@link normaliseRecord} by which a record is stored: whether it can be read, its kind, id and times. Its normal
 * form is made when somebody looks at it, which the followers of the log do first.
 */
export function identifyRecord(raw: Buffer, context: RecordContext, receivedAt: Date): Identified {
  const opened = openRecord(raw, context, receivedAt);
  if (!('found' in opened)) return opened;
  const { format, wire } = opened.found;
  const identity = opened.mayNeedCleaning ? undefined : format.identify?.(wire);
  if (identity == null) return identityOf(normaliseFound(opened));
  const { kind, nativeId, eventTime } = identity;
  return {
    ok: true,
    format: format.name,
    kind,
    nativeId: nativeId ?? context.nativeId ?? null,
    eventTimes: eventTime === null ? [] : [eventTime],
  };
}

function identityOf(normalised: Normalised): Identified {
  if (!normalised.ok) return normalised;
  const { records } = normalised;
  const [{ format, kind, nativeId }] = records;
  return { ok: true, format, kind, nativeId, eventTimes: records.flatMap(({ eventTime }) => eventTime ?? []) };
}

interface OpenedRecord {
  readonly found: { readonly format: FormatAdapter; readonly wire: Wire };
  readonly mayNeedCleaning: boolean;
}

function openRecord(raw: Buffer, context: RecordContext, receivedAt: Date): OpenedRecord | Refusal {
  if (!isUtf8(raw)) return refuse('not_utf8', 'the record is not valid UTF-8');
  const text = raw
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trim();
  if (text === '') return refuse('empty', 'expected a record, got nothing');
  const wire = wireOf(text, context, receivedAt);
  const found = recognise(wire);
  if (found === null) return unrecognised(raw, wire);
  // Only an escape can spell what has to be replaced; an envelope's text has its escapes escaped once more.
  const mayNeedCleaning = text.includes('\\u') || text.includes('\0') || context.attributes !== undefined;
  return { found, mayNeedCleaning };
}

function normaliseFound({ found, mayNeedCleaning }: OpenedRecord): Normalised {
  const result = found.format.normalise(found.wire);
  if (!result.ok) return result;
  const [first, ...rest] = result.records;
  const finished = (record: NormalForm): NormalForm => finish(record, found.wire, mayNeedCleaning);
  return { ok: true, records: [finished(first), ...rest.map(finished)] };
}

function finish(record: NormalForm, wire: Wire, mayNeedCleaning: boolean): NormalForm {
  const carriers = wire.envelopes.map(({ place }) => place);
  if (wire.syslog !== null) carriers.push('syslog');
  const { nativeId, attributes } = wire.context;
  const counter = record.attributes['sequence'] === undefined ? syslogCounter(wire.syslog) : null;
  const whole =
    carriers.length === 0 && attributes === undefined && (nativeId === undefined || record.nativeId !== null)
      ? record
      : {
          ...record,
          carriers,
          nativeId: record.nativeId ?? nativeId ?? null,
          attributes: { ...attributes, ...record.attributes, ...counter },
        };
  if (!mayNeedCleaning || !needsCleaning(whole)) return whole;
  const copy = NormalForm.parse(cleanText(whole));
  return { ...copy, flags: [...copy.flags, 'characters_replaced'] };
}

/** RFC 5424 section 7.3.1: what submits messages numbers them, so that who collects them sees losses. */
function syslogCounter(header: Wire['syslog']): { readonly sequence: string; readonly stream: string } | null {
  const sequence = /^(?:\[[^\]]*\])*\[meta(?: [^\]]*)? sequenceId="(\d{1,10})"/.exec(header?.structuredData ?? '')?.[1];
  if (header === null || sequence === undefined) return null;
  return { sequence, stream: [header.host, header.app, header.procId].filter(Boolean).join(' ') };
}

function unrecognised(raw: Buffer, wire: Wire): Refusal {
  const { object, text } = wire;
  if (object !== null) {
    const cut = [...carriedBy(wire)].find((inner) => inner.object === null && inner.text.startsWith('{'));
    if (cut !== undefined) {
      const place = cut.envelopes.at(-1)?.place ?? '';
      return refuse('invalid_json', `the text at ${place} is no JSON: it may be cut short`);
    }
    return refuse('unknown_format', describeUnknown(wire, object));
  }
  if (/^[{["]/.test(text) || isBare(text)) {
    try {
      const value: unknown = JSON.parse(text);
      return refuse('not_an_object', `expected a JSON object, got ${describeType(value)}`);
    } catch {
      if (!/^\[[^\]{["]/.test(text)) {
        return refuse('invalid_json', findSyntaxError(raw) ?? 'the record cannot be parsed');
      }
    }
  }
  return refuse(
    'unknown_format',
    `expected a record of ${expected(wire)}; got the text "${oneLine(replaceUnstorable(text), 60)}"`,
  );
}

/** A lone number, `true`, `false` or `null`, as JSON writers send them. */
function isBare(text: string): boolean {
  return /^(?:-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,4})?|true|false|null)$/.test(text);
}

function describeType(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

function expected({ context }: Wire): string {
  return context.format ?? formats.map(({ name }) => name).join(', ');
}

function describeUnknown(wire: Wire, value: JsonObject): string {
  const { format } = wire.context;
  const found = format === undefined ? null : recognise({ ...wire, context: { ...wire.context, format: undefined } });
  if (format !== undefined && found !== null) {
    return `expected ${format}, which the source is bound to; the record looks like ${found.format.name}`;
  }
  const names = Object.keys(value);
  const shown = names.slice(0, 8).map((name) => oneLine(replaceUnstorable(name), 40));
  const got =
    names.length === 0 ? 'an empty object' : `an object with ${shown.join(', ')}${names.length > 8 ? ', …' : ''}`;
  return `expected a record of ${expected(wire)}; got ${got}`;
}

/** The format a value would be recognised as, for tests and descriptions; null when none of ours. */
export function detectFormat(value: unknown, context: RecordContext = {}): FormatName | null {
  if (!isObject(value)) return null;
  const wire = wireOf(JSON.stringify(value), context, new Date(0));
  return recognise(wire)?.format.name ?? null;
}

/** Formats that have a name but no adapter would be a mistake; the registry's own test asks. */
export function missingAdapters(): FormatName[] {
  return formatNames.filter((name) => !formats.some((format) => format.name === name));
}
