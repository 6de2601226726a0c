import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { severityOf } from './cef.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readEpoch, readTimeText } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { type JsonValue, nameOf, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';
import { verdictOfPhrase, verdictOfWord } from './verdict-words.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * IBM's Log Event Extended Format 1.0 and 2.0 (QRadar, "LEEF event components"): header fields between `|`, in 2.0 with the
 * delimiter of the pairs (`^`, `x09`, `0x5e`); in 1.0 pairs are separated by tabs, which many systems turn into `|` or spaces.
 */
export const leef: FormatAdapter = { name: 'leef', version: 2, detect, normalise };

const mark = /LEEF:\s?([12])(?:\.\d)?\|/;

function detect({ object, text, line }: Wire): boolean {
  return object === null && (mark.test(text) || mark.test(line));
}

export interface LeefMessage {
  readonly vendor: string;
  readonly product: string;
  readonly productVersion: string;
  readonly eventId: string;
  readonly pairs: ReadonlyMap<string, string>;
}

/** Reads a LEEF message; null when its header has fewer than four fields. */
export function readLeef(text: string): LeefMessage | null {
  const begin = mark.exec(text);
  if (begin === null) return null;
  const parts = text.slice(begin.index + begin[0].length).split('|');
  if (parts.length < 4) return null;
  const [vendor = '', product = '', productVersion = '', eventId = '', ...rest] = parts;
  const given = begin[1] === '2' ? rest[0] : undefined;
  const delimiter = given === undefined || given.includes('=') ? null : delimiterOf(given);
  const body = (given !== undefined && !given.includes('=') ? rest.slice(1) : rest).join('|');
  return { vendor, product, productVersion, eventId, pairs: pairsOf(body, delimiter) };
}

function delimiterOf(text: string): string | null {
  const code = /^(?:0?x)([0-9a-f]{1,4})$/i.exec(text)?.[1];
  if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
  return text.length === 1 ? text : text === '\\t' ? '\t' : null;
}

function pairsOf(body: string, delimiter: string | null): ReadonlyMap<string, string> {
  const separator = delimiter ?? (body.includes('\t') ? '\t' : /\|[A-Za-z][\w.-]{0,60}=/.test(body) ? '|' : null);
  const pairs = new Map<string, string>();
  const add = (pair: string): void => {
    const equals = pair.indexOf('=');
    const key = pair.slice(0, equals).trim();
    if (equals > 0 && key !== '' && !pairs.has(key)) pairs.set(key, pair.slice(equals + 1).trim());
  };
  if (separator !== null) {
    for (const pair of body.split(separator)) add(pair);
    return pairs;
  }
  // Tabs that became spaces: a value runs up to the next ` key=`.
  let from = 0;
  for (const found of body.matchAll(/ (?=[A-Za-z][\w.-]{0,60}=)/g)) {
    add(body.slice(from, found.index));
    from = found.index + 1;
  }
  add(body.slice(from));
  return pairs;
}

function normalise(wire: Wire): Normalised {
  const message = readLeef(wire.text) ?? readLeef(wire.line);
  if (message === null) return refuse('invalid_field', 'expected LEEF:1.0 or LEEF:2.0 and four fields between |');
  const { pairs } = message;
  const value = (...names: string[]): string | null => {
    for (const name of names) {
      const text = pairs.get(name);
      if (text !== undefined && text !== '' && text !== '-') return text;
    }
    return null;
  };
  const flags: string[] = [];
  const protocol = protocolOf(value('proto', 'protocol', 'Protocol'));
  const port = (text: string | null): number | null => (hasPorts(protocol) ? portOf(text, flags) : null);
  const source = endpointOf(
    {
      ip: value('src', 'Source'),
      port: port(value('srcPort', 'SourcePort', 'spt', 's_port')),
      instance: value('identHostName', 'srcHost', 'shost'),
      zone: value('SourceZone', 'FromZone', 'srcZone', 'inzone'),
    },
    flags,
  );
  const destination = endpointOf(
    {
      ip: value('dst', 'Destination'),
      // Check Point has the port of the service there.
      port: port(value('dstPort', 'DestinationPort', 'dpt') ?? digitsOf(value('service'))),
      instance: value('dstHost', 'dhost'),
      zone: value('DestinationZone', 'ToZone', 'dstZone', 'outzone'),
    },
    flags,
  );
  const { verdict: decided, raw } = judge(
    value('action', 'act', 'Action', 'verdict', 'deviceAction'),
    message.eventId,
    flags,
  );
  const user = value('usrName', 'accountName', 'identSrc', 'user');
  const isFlow =
    source?.ip != null && destination?.ip != null && (raw !== null || protocol !== null || destination.port !== null);
  // What a user did is no connection, whose words are all known.
  const verdict = decided === 'unknown' && !isFlow && user !== null ? 'none' : decided;
  if (verdict === 'unknown') addFlag(flags, 'unknown_action');
  const told = {
    verdict,
    source,
    destination,
    protocol,
    direction: directionOf(value('direction', 'dir', 'Direction')),
    isReply: null,
    reason: value('reason', 'SessionEndReason'),
  } as const;
  const time = timeOf(value('devTime', 'DeviceTime', 'ReceiveTime', 'GenerateTime'), value('devTimeFormat'), wire);
  const policy = value('policy', 'RuleName', 'rule_name', 'ruleName', 'policyName', 'Rule', 'rule', 'rule_uid');
  return accept({
    ...emptyRecord(isFlow ? 'flow' : user === null ? 'signal' : 'admin', leef),
    ...told,
    ...chooseTime([time], wire, flags),
    summary: isFlow
      ? flowSummary(told, `${message.vendor} ${message.eventId}`)
      : oneLine(`${message.vendor} ${message.product}: ${value('msg', 'message') ?? message.eventId}`),
    nativeId: nameOf(value('externalId', 'logUid', 'loguid')),
    actor:
      isFlow || user === null
        ? null
        : { name: user, realName: null, groups: [], addresses: source?.ip == null ? [] : [source.ip], userAgent: null },
    verdictRaw: raw,
    reporterName: value('devName', 'DeviceName', 'origin') ?? wire.syslog?.host ?? null,
    count: integer(value('cnt', 'RepeatCount')) ?? 1,
    traffic:
      value('srcBytes', 'dstBytes', 'totalBytes') === null
        ? null
        : {
            bytes: unsignedOf(value('srcBytes', 'totalBytes')),
            packets: unsignedOf(value('srcPackets')),
            replyBytes: unsignedOf(value('dstBytes')),
            replyPackets: unsignedOf(value('dstPackets')),
          },
    severity: severityOf(value('sev', 'severity', 'Severity') ?? ''),
    severityRaw: value('sev', 'severity', 'Severity'),
    policies: policy === null ? [] : [policyRef(message.vendor, policy, verdict)],
    attributes: attributesOf(message),
    places: {
      eventTime: 'devTime',
      verdict: 'action',
      'source.ip': 'src',
      'source.port': 'srcPort',
      'destination.ip': 'dst',
      'destination.port': 'dstPort',
      protocol: 'proto',
    },
    flags,
  });
}

function judge(
  said: string | null,
  eventId: string,
  flags: string[],
): { readonly verdict: Verdict; readonly raw: string | null } {
  if (said !== null) {
    return { verdict: verdictOfPhrase(said) ?? 'unknown', raw: said };
  }
  const guess = verdictOfWord(eventId) ?? verdictOfWord(/[A-Za-z]+$/.exec(eventId)?.[0] ?? '');
  if (guess !== 'allow' && guess !== 'deny') return { verdict: 'none', raw: null };
  flags.push('verdict_from_name');
  return { verdict: guess, raw: eventId };
}

/** `devTime` in milliseconds, or as `devTimeFormat` says; the usual forms are known without it. */
function timeOf(text: string | null, format: string | null, wire: Wire): ReturnType<typeof readTimeText> {
  if (text === null) return null;
  const epoch = readEpoch(text);
  if (epoch !== null) return { time: epoch, guessed: [] };
  const reading = { zone: wire.context.zone, receivedAt: wire.receivedAt };
  // `Apr-15-2026 06:54:00 GMT`.
  const known = readTimeText(text.replace(/^([A-Z][a-z]{2})-(\d{1,2})-(\d{4}) /, '$1 $2 $3 '), reading);
  if (known !== null) return known;
  // `dd/MM/yyyy HH:mm:ss` and `MM/dd/yyyy HH:mm:ss` differ in nothing but what the format says.
  const numbers = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})[ T](\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(.*)$/.exec(text);
  if (numbers === null) return null;
  const [, first = '', second = '', year = '', clock = '', zone = ''] = numbers;
  const dayFirst = format?.startsWith('d') === true || Number(first) > 12;
  return readTimeText(`${year}-${dayFirst ? second : first}-${dayFirst ? first : second} ${clock}${zone}`, reading);
}

function directionOf(word: string | null): NormalForm['direction'] {
  const text = (word ?? '').toLowerCase();
  if (text.startsWith('in')) return 'ingress';
  return text.startsWith('out') ? 'egress' : 'unknown';
}

function policyRef(system: string, name: string, verdict: Verdict): NormalForm['policies'][number] {
  return {
    system: system.toLowerCase().slice(0, 60),
    kind: null,
    namespace: null,
    name: name.slice(0, 253),
    tier: null,
    rule: null,
    revision: null,
    effect: verdict === 'allow' ? 'allow' : verdict === 'deny' ? 'deny' : 'none',
    staged: false,
  };
}

function digitsOf(text: string | null): string | null {
  return text !== null && /^\d{1,5}$/.test(text) ? text : null;
}

function integer(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function attributesOf({ vendor, product, productVersion, eventId, pairs }: LeefMessage): Record<string, JsonValue> {
  const attributes: Record<string, JsonValue> = { vendor, product, productVersion, eventId };
  for (const [key, text] of [...pairs].slice(0, 200))
    if (key !== '__proto__' && text !== '') attributes[key] = text.slice(0, 4000);
  return attributes;
}
