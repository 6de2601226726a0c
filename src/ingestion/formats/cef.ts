import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { cefAt, type CefMessage, labelled, readCef } from './cef-text.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readEpoch, readTimeText, type ReadTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { type JsonValue, nameOf, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';
import { verdictOfWord } from './verdict-words.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/** ArcSight's Common Event Format, of any vendor; Forcepoint's and others' fields beside the standard ones. */
export const cef: FormatAdapter = { name: 'cef', version: 2, detect, normalise: (wire) => normaliseCef(wire, cef) };

function detect({ object, text, line }: Wire): boolean {
  return object === null && (cefAt(text) !== -1 || cefAt(line) !== -1);
}

/** Reads a CEF message as a record of `adapter`, which a vendor may have of its own. */
export function normaliseCef(wire: Wire, adapter: Pick<FormatAdapter, 'name' | 'version'>): Normalised {
  const message = readCef(wire.text) ?? readCef(wire.line);
  if (message === null) return refuse('invalid_field', 'expected CEF:0 and seven fields between | before the pairs');
  const { extension } = message;
  const flags: string[] = [];
  const value = (...names: string[]): string | null => firstOf(extension, names);
  const protocol = protocolOf(value('proto', 'transport') ?? labelled(extension, 'protocol'));
  const port = (text: string | null): number | null => (hasPorts(protocol) ? portOf(text, flags) : null);
  const source = endpointOf(
    {
      ip: value('src', 'c6a2', 'sourceAddress') ?? addressIn(value('shost')),
      port: port(value('spt', 'sourcePort')),
      instance: value('shost', 'sourceHostName'),
      zone: value('deviceInboundInterface') ?? labelled(extension, 'Source Zone'),
    },
    flags,
  );
  const destination = endpointOf(
    {
      ip: value('dst', 'c6a3', 'destinationAddress') ?? addressIn(value('dhost')),
      port: port(value('dpt', 'destinationPort')),
      instance: value('dhost', 'destinationHostName'),
      zone: value('deviceOutboundInterface') ?? labelled(extension, 'Destination Zone'),
    },
    flags,
  );
  const { verdict, raw } = judge(message, flags);
  const user = value('suser', 'duser', 'suid', 'duid');
  const isFlow =
    source?.ip != null && destination?.ip != null && (raw !== null || protocol !== null || destination.port !== null);
  const told = {
    verdict,
    source,
    destination,
    protocol,
    direction: directionOf(message),
    isReply: null,
    reason: value('reason'),
  } as const;
  const rule = labelled(extension, 'policy_rule') ?? labelled(extension, 'Rule Name') ?? labelled(extension, 'rule');
  const ruleset =
    labelled(extension, 'policy_ruleset') ?? labelled(extension, 'Policy Name') ?? value('deviceCustomPolicy');
  return accept({
    ...emptyRecord(isFlow ? 'flow' : user === null ? 'signal' : 'admin', adapter),
    ...told,
    ...chooseTime(timesOf(extension, wire), wire, flags),
    summary: isFlow
      ? flowSummary(told, `${message.vendor} ${message.name}`)
      : oneLine(`${message.vendor} ${message.product}: ${value('msg') ?? message.name}`),
    nativeId: nameOf(value('externalId', 'eventId')),
    actor:
      isFlow || user === null
        ? null
        : {
            name: user,
            realName: null,
            groups: [],
            addresses: source?.ip == null ? [] : [source.ip],
            userAgent: value('requestClientApplication'),
          },
    verdictRaw: raw,
    reporterName: value('dvchost', 'dvc', 'deviceExternalId') ?? wire.syslog?.host ?? null,
    count: integer(value('cnt')) ?? 1,
    interval: intervalOf(extension, wire),
    traffic:
      value('in', 'out') === null
        ? null
        : { bytes: unsignedOf(value('out')), packets: null, replyBytes: unsignedOf(value('in')), replyPackets: null },
    severity: severityOf(message.severity),
    severityRaw: message.severity === '' ? null : message.severity,
    policies: rule === null && ruleset === null ? [] : [policyRef(message.vendor, rule, ruleset, verdict)],
    attributes: attributesOf(message),
    places: {
      eventTime: 'rt',
      verdict: 'act',
      'source.ip': 'src',
      'source.port': 'spt',
      'destination.ip': 'dst',
      'destination.port': 'dpt',
      protocol: 'proto',
    },
    flags,
  });
}

function firstOf(extension: ReadonlyMap<string, string>, names: readonly string[]): string | null {
  for (const name of names) {
    const text = extension.get(name);
    if (text !== undefined && text !== '' && text !== '-' && text !== 'N/A') return text;
  }
  return null;
}

function addressIn(host: string | null): string | null {
  return host !== null && /^(?:\d{1,3}\.){3}\d{1,3}$|^[0-9a-f:]*:[0-9a-f:]+$/i.test(host) ? host : null;
}

/** `rt`, then `start` and `end`: milliseconds since 1970, or `MMM dd yyyy HH:mm:ss`. */
function timesOf(extension: ReadonlyMap<string, string>, wire: Wire): (ReadTime | null)[] {
  return ['rt', 'start', 'end', 'deviceReceiptTime', 'art', 'FTNTFGTeventtime'].map((name) =>
    readCefTime(extension.get(name), wire),
  );
}

function readCefTime(text: string | undefined, wire: Wire): ReadTime | null {
  if (text === undefined || text === '') return null;
  const epoch = readEpoch(text);
  if (epoch !== null) return { time: epoch, guessed: [] };
  const zone = wire.context.zone;
  return (
    readTimeText(text, { zone, receivedAt: wire.receivedAt }) ??
    readTimeText(text.replace(/([+-]\d{2}):?(\d{2})$/, ' $1$2'), { zone, receivedAt: wire.receivedAt })
  );
}

function intervalOf(extension: ReadonlyMap<string, string>, wire: Wire): NormalForm['interval'] {
  const [start, end] = ['start', 'end'].map((name) => readCefTime(extension.get(name), wire));
  return start == null || end == null || start.time === end.time ? null : { start: start.time, end: end.time };
}

/** `act` first; Centra's `connection_verdict`; else the words of outcome, name and signature, which are guesses. */
function judge(
  { extension, name, signature }: CefMessage,
  flags: string[],
): { readonly verdict: Verdict; readonly raw: string | null } {
  const said =
    firstOf(extension, ['act', 'deviceAction']) ??
    labelled(extension, 'connection_verdict') ??
    labelled(extension, 'action');
  if (said !== null) {
    const verdict = verdictOfWord(said) ?? byFirstWord(said);
    if (verdict === null) flags.push('unknown_action');
    return { verdict: verdict ?? 'unknown', raw: said };
  }
  for (const text of [firstOf(extension, ['outcome']), name, signature]) {
    const verdict = text === null ? null : byFirstWord(text.replace(/^\w+_/, ''));
    if (verdict === 'allow' || verdict === 'deny') {
      flags.push('verdict_from_name');
      return { verdict, raw: text };
    }
  }
  return { verdict: 'none', raw: null };
}

/** `Blocked by source policy`, `allowed_encrypted`. */
function byFirstWord(text: string): Verdict | null {
  return verdictOfWord(/^[A-Za-z]+/.exec(text)?.[0] ?? '');
}

function directionOf({ extension }: CefMessage): NormalForm['direction'] {
  const word = (extension.get('deviceDirection') ?? extension.get('direction') ?? '').toLowerCase();
  if (word === '0' || word === 'inbound' || word === 'in') return 'ingress';
  return word === '1' || word === 'outbound' || word === 'out' ? 'egress' : 'unknown';
}

function policyRef(
  system: string,
  rule: string | null,
  ruleset: string | null,
  verdict: Verdict,
): NormalForm['policies'][number] {
  return {
    system: system.toLowerCase().slice(0, 60),
    kind: null,
    namespace: null,
    name: (ruleset ?? rule ?? '').slice(0, 253),
    tier: null,
    rule,
    revision: null,
    effect: verdict === 'allow' ? 'allow' : verdict === 'deny' ? 'deny' : 'none',
    staged: false,
  };
}

const severityWords = new Map([
  ['unknown', 6],
  ['low', 5],
  ['medium', 4],
  ['high', 3],
  ['very-high', 2],
  ['very high', 2],
]);

/** 0 to 10, or a word, on the syslog scale. */
export function severityOf(text: string): number | null {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : null;
  if (number === null) return severityWords.get(text.toLowerCase()) ?? null;
  if (number >= 9) return 2;
  if (number >= 7) return 3;
  return number >= 4 ? 4 : number >= 1 ? 5 : 6;
}

function integer(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Product, event and every custom field under its label. */
function attributesOf({
  vendor,
  product,
  deviceVersion,
  signature,
  name,
  extension,
}: CefMessage): Record<string, JsonValue> {
  const attributes: Record<string, JsonValue> = { vendor, product, deviceVersion, signature, name };
  for (const [field, text] of extension) {
    if (field === '__proto__' || text === '' || field.endsWith('Label')) continue;
    const label = extension.get(`${field}Label`);
    attributes[label === undefined || label === '' || label === '__proto__' ? field : label] = text.slice(0, 4000);
  }
  return attributes;
}
