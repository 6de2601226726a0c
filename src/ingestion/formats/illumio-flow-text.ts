import type { NormalForm, Verdict } from '../normal-form.js';
import type { CefMessage } from './cef-text.js';
import { decisionOf, flowRecord, numberOf, parsed, qualifiers, timeOf } from './illumio-flow.js';
import { integerOf, objectOf, unsignedOf } from './json-value.js';
import type { LeefMessage } from './leef.js';
import type { Wire } from './wire.js';

/** The event's own word, or its number; else what a field says. */
function firstDecision(word: string, field: string | null): Verdict {
  const decision = decisionOf(word);
  return decision === 'unknown' ? decisionOf(field ?? word) : decision;
}

/** A traffic summary as CEF, whose values the PCE does not escape. */
export function illumioFlowCef({ signature, severity, extension }: CefMessage, wire: Wire): NormalForm {
  const value = (name: string): string | null => extension.get(name) || null;
  const word = signature.replace(/^flow_/, '');
  const message = objectOf(parsed(value('msg')));
  const qualifier = integerOf(message?.pd_qualifier);
  const way = value('deviceDirection') === '0' ? 'I' : value('deviceDirection') === '1' ? 'O' : null;
  return flowRecord(
    {
      verdict: firstDecision(word, value('act')),
      verdictRaw: value('act') ?? word,
      source: { ip: value('src'), host: value('shost'), labels: value('cs3'), href: value('cs5') },
      destination: {
        ip: value('dst'),
        host: value('dhost'),
        labels: value('cs4'),
        href: value('cs6'),
        port: value('dpt'),
        fqdn: message?.fqdn ?? value('destinationDnsDomain'),
      },
      protocol: value('proto'),
      way,
      time: timeOf(value('rt'), wire),
      seconds: numberOf(value('cn1')),
      count: numberOf(value('cnt')),
      bytes: unsignedOf(value(way === 'I' ? 'in' : 'out')),
      replyBytes: unsignedOf(value(way === 'I' ? 'out' : 'in')),
      reason: qualifier === null ? null : (qualifiers[qualifier] ?? String(qualifier)),
      name: value('dvchost'),
      severityRaw: severity || null,
      attributes: Object.fromEntries(
        ['duser', 'suser', 'dproc', 'sproc', 'cs2', 'cs5', 'cs6', 'msg'].flatMap((name) =>
          value(name) === null ? [] : [[name === 'cs2' ? 'state' : name, value(name)]],
        ),
      ),
      places: {
        eventTime: 'rt',
        verdict: 'act',
        'source.ip': 'src',
        'destination.ip': 'dst',
        'destination.port': 'dpt',
        protocol: 'proto',
        direction: 'deviceDirection',
      },
    },
    wire,
  );
}

/** The same as LEEF, whose names changed with the version. */
export function illumioFlowLeef({ eventId, pairs }: LeefMessage, wire: Wire): NormalForm {
  const value = (...names: string[]): string | null =>
    names.map((name) => pairs.get(name)).find((text) => text !== undefined && text !== '') ?? null;
  const word = eventId.replace(/^flow_/, '');
  const [sent, received] = [value('dstBytes', 'tbo', 'dbo'), value('srcBytes', 'tbi', 'dbi')];
  const dir = value('dir', 'deviceDirection');
  const way = dir === 'I' || dir === '0' ? 'I' : dir === 'O' || dir === '1' ? 'O' : null;
  return flowRecord(
    {
      verdict: firstDecision(word, value('pd', 'act')),
      verdictRaw: value('act', 'pd') ?? word,
      source: {
        ip: value('src'),
        host: value('srcHostname', 'src_hostname'),
        labels: value('srcLabels', 'src_labels'),
        href: value('srcHref', 'src_href'),
      },
      destination: {
        ip: value('dst'),
        host: value('dstHostname', 'dst_hostname'),
        labels: value('dstLabels', 'dst_labels'),
        href: value('dstHref', 'dst_href'),
        port: value('dstPort'),
        fqdn: value('fqdn', 'dstFqdn'),
      },
      protocol: value('proto'),
      way,
      time: timeOf(value('devTime'), wire),
      seconds: numberOf(value('intervalSec', 'interval_sec')),
      count: numberOf(value('count', 'cnt')),
      // Counted at the end that reports, as in the JSON.
      bytes: unsignedOf(way === 'I' ? received : sent),
      replyBytes: unsignedOf(way === 'I' ? sent : received),
      reason: null,
      name: value('devName'),
      severityRaw: value('sev'),
      attributes: Object.fromEntries([...pairs].filter(([name]) => name !== '__proto__').slice(0, 60)),
      places: {
        eventTime: 'devTime',
        verdict: 'pd',
        'source.ip': 'src',
        'destination.ip': 'dst',
        'destination.port': 'dstPort',
        protocol: 'proto',
      },
    },
    wire,
  );
}
