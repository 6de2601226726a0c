import type { RecordContext } from '../normal-form.js';
import { unpackBase64 } from '../packed-text.js';
import { isObject, type JsonObject, objectOf } from './json-value.js';
import { readSyslog } from './syslog-header.js';
import type { Wire } from './wire.js';

/** How many shippers may have wrapped a record one around another. */
const mostEnvelopes = 4;

/** Reads one line or JSON text, which is not empty, as a record that nothing has carried yet. */
export function wireOf(text: string, context: RecordContext, receivedAt: Date): Wire {
  return open(text, { envelopes: [], context, receivedAt });
}

type Around = Pick<Wire, 'envelopes' | 'context' | 'receivedAt'>;

/** Every member is written out: a spread costs more here than all the rest but parsing, for every record there is. */
function open(text: string, { envelopes, context, receivedAt }: Around): Wire {
  const whole = parseObject(text);
  if (whole !== null) return { envelopes, context, receivedAt, text, line: text, object: whole, syslog: null };
  const carried = readSyslog(text, context.zone, receivedAt);
  const message = carried === null || carried.message === '' ? text : carried.message;
  const json = jsonWithin(message);
  return {
    envelopes,
    context,
    receivedAt,
    text: json?.text ?? message,
    line: text,
    object: json?.object ?? null,
    syslog: carried?.header ?? null,
  };
}

/**
 * The record as JSON that a line ends with, behind whatever prefix its device writes (Illumio's
 * `sec=… sev=INFO … {…}`). Text in front that names another format (`CEF:`, `LEEF:`) owns its braces.
 */
function jsonWithin(message: string): { readonly text: string; readonly object: JsonObject } | null {
  const at = message.indexOf('{');
  if (at === -1 || !message.trimEnd().endsWith('}')) return null;
  if (/(?:CEF|LEEF):\d/.test(message.slice(0, at))) return null;
  const text = message.slice(at);
  const object = parseObject(text);
  return object === null ? null : { text, object };
}

function parseObject(text: string): JsonObject | null {
  if (!/^\s*\{/.test(text)) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Members in which shippers and clouds put the record they carry, with what each stands for. */
const carryingMembers: readonly (readonly [place: string, read: (outer: JsonObject) => unknown])[] = [
  // CloudWatch Logs, Beats, Vector, most shippers.
  ['/message', (outer) => outer.message],
  // Elastic: the record as it was before it was taken apart.
  ['/event/original', (outer) => objectOf(outer.event)?.original ?? outer['event.original']],
  // CloudWatch Logs Insights.
  ['/@message', (outer) => outer['@message']],
  // Documents of Elasticsearch and OpenSearch, as searches give them.
  ['/_source', (outer) => outer._source],
  // Container logs, Fluent Bit.
  ['/log', (outer) => outer.log],
  // Alerts of Azure on its Activity Log, in the schema of their own.
  ['/data/context/activityLog', (outer) => objectOf(objectOf(outer.data)?.context)?.activityLog],
  // Azure diagnostics.
  ['/properties/log', (outer) => objectOf(outer.properties)?.log],
  // Splunk HTTP Event Collector.
  ['/event', (outer) => outer.event],
  // EventBridge.
  ['/detail', (outer) => outer.detail],
  // OTLP.
  ['/body/stringValue', (outer) => objectOf(outer.body)?.stringValue],
  ['/body', (outer) => outer.body],
  // CloudEvents.
  ['/data', (outer) => outer.data],
  ['/data_base64', (outer) => base64Text(outer.data_base64)],
  // Firehose, Event Hubs.
  ['/data', (outer) => base64Text(outer.data)],
  // Pub/Sub push.
  ['/message/data', (outer) => base64Text(objectOf(outer.message)?.data)],
  // CloudWatch Logs, handed on by a function.
  ['/awslogs/data', (outer) => base64Text(objectOf(outer.awslogs)?.data)],
  // SNS.
  ['/Message', (outer) => outer.Message],
  // CloudWatch Logs Insights.
  ['/@message', (outer) => outer['@message']],
  // CloudTrail, asked for its events.
  ['/CloudTrailEvent', (outer) => outer.CloudTrailEvent],
  // journald.
  ['/MESSAGE', (outer) => outer.MESSAGE],
  // Cribl, Splunk alerts.
  ['/_raw', (outer) => outer._raw],
  ['/result/_raw', (outer) => objectOf(outer.result)?._raw],
  ['/raw', (outer) => outer.raw],
  // VMware's log forwarding.
  ['/text', (outer) => outer.text],
  // Tables of Azure Monitor.
  ['/SyslogMessage', (outer) => outer.SyslogMessage],
  ['/RawData', (outer) => outer.RawData],
  // GELF.
  ['/full_message', (outer) => outer.full_message],
  ['/short_message', (outer) => outer.short_message],
  // Lines of Loki's clients and LogDNA.
  ['/line', (outer) => outer.line],
  ['/msg', (outer) => outer.msg],
  // winston, whose message may be words about what stands beside it.
  ['/meta', (outer) => outer.meta],
  // Loki's and Kafka's own clients.
  ['/line', (outer) => outer.line],
  ['/value', (outer) => outer.value],
  ['/textPayload', (outer) => outer.textPayload],
  ['/jsonPayload', (outer) => outer.jsonPayload],
  // Elastic's inputs that decode what they read.
  ['/json', (outer) => outer.json],
  // Documents of Elasticsearch and OpenSearch, as searches and dumps give them.
  ['/_source', (outer) => outer._source],
];

/** The records that this one may carry: one for each member that can hold one, and the attributes that OTLP has beside a body. */
export function* carriedBy(wire: Wire): Generator<Wire> {
  const { object, envelopes, context, receivedAt, line, syslog } = wire;
  if (envelopes.length >= mostEnvelopes) return;
  if (object !== null) {
    for (const [place, read] of carryingMembers) {
      const inner = read(object);
      const around: Around = { context, receivedAt, envelopes: [...envelopes, { object, place }] };
      if (isObject(inner)) {
        yield { ...around, text: JSON.stringify(inner), line, object: inner, syslog };
      } else if (typeof inner === 'string' && inner.trim() !== '') {
        const opened = open(inner.replace(/[\r\n]+$/, ''), around);
        yield { ...opened, syslog: opened.syslog ?? syslog };
      }
    }
  }
  const beside = envelopes.length === 0 && context.attributes?.protocol === 'otlp' ? context.attributes.log : null;
  if (!isObject(beside)) return;
  const around: Around = { context, receivedAt, envelopes: [{ object: object ?? {}, place: '/attributes' }] };
  yield { ...around, text: JSON.stringify(beside), line, object: beside, syslog };
}

/** Text that was packed as base64 (RFC 4648), and inside it perhaps with gzip; null when it is none, or no text. */
function base64Text(value: unknown): string | null {
  if (typeof value !== 'string' || value.length < 8) return null;
  const text = unpackBase64(value)?.toString('utf8') ?? '\ufffd';
  return text.includes('\ufffd') ? null : text;
}
