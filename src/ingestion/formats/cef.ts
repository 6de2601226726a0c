import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { isCefRow, readCefRow, rowMembers } from './cef-row.js';
import { cefAt, type CefMessage, labelled, readCef } from './cef-text.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readEpoch, readTimeText, type ReadTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { type JsonValue, nameOf, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';
import { isTimeZone } from './time-zone.js';
import { decidesNothing, verdictOfPhrase } from './verdict-words.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/** ArcSight's Common Event Format, of any vendor, or as rows of Microsoft Sentinel; others' fields beside the standard ones. */
export const cef: FormatAdapter = { name: 'cef', version: 3, detect, normalise: (wire) => normaliseCef(wire, cef) };

function detect({ object, text, line }: Wire): boolean {
  return object === null ? cefAt(text) !== -1 || cefAt(line) !== -1 : isCefRow(object);
}

/** Reads a CEF message as a record of `adapter`, which a vendor may have of its own. */
export function normaliseCef(wire: Wire, adapter: Pick<FormatAdapter, 'name' | 'version'>): Normalised {
  const { object } = wire;
  const message = object === null ? (readCef(wire.text) ?? readCef(wire.line)) : readCefRow(object);
  if (message === null) return refuse('invalid_field', 'expected CEF:0 and seven fields between | before the pairs');
  const { extension } = message;
  const flags: string[] = [];
  const value = (...names: string[]): string | null => firstOf(extension, names);
  const label = (...labels: string[]): string | null => firstLabelled(extension, labels);
  const zoned = zonedBy(wire, value('dtz', 'deviceTimeZone'));
  // SonicWall puts the service behind: `tcp/https`.
  const protocol = protocolOf((value('proto', 'transport') ?? labelled(extension, 'protocol'))?.split('/')[0]);
  const port = (text: string | null): number | null => (hasPorts(protocol) ? portOf(text, flags) : null);
  const source = endpointOf(
    {
      ip: value('src', 'c6a2', 'sourceAddress') ?? addressIn(value('shost')),
      port: port(value('spt', 'sourcePort')),
      instance: value('shost', 'sourceHostName'),
      zone: label('Source Zone', 'FromZone', 'ingressZone') ?? value('inzone', 'deviceInboundInterface'),
    },
    flags,
  );
  const destination = endpointOf(
    {
      ip: value('dst', 'c6a3', 'destinationAddress') ?? addressIn(value('dhost')),
      port: port(value('dpt', 'destinationPort')),
      instance: value('dhost', 'destinationHostName'),
      zone: label('Destination Zone', 'ToZone', 'egressZone') ?? value('outzone', 'deviceOutboundInterface'),
    },
    flags,
  );
  const { verdict: decided, raw } = judge(message);
  const user = value('suser', 'duser', 'suid', 'duid');
  const isFlow =
    source?.ip != null && destination?.ip != null && (raw !== null || protocol !== null || destination.port !== null);
  // What a user did is no connection, whose words are all known.
  const verdict = decided === 'unknown' && !isFlow && user !== null ? 'none' : decided;
  if (verdict === 'unknown') addFlag(flags, 'unknown_action');
  if (raw !== null && wasGuessed(message)) addFlag(flags, 'verdict_from_name');
  const told = {
    verdict,
    source,
    destination,
    protocol,
    direction: directionOf(message),
    isReply: null,
    reason: value('reason'),
  } as const;
  const rule =
    label('policy_rule', 'Rule Name', 'RuleName', 'rule', 'acl_rule_name', 'fwRule', 'RuleID', 'Rule ID') ??
    fortinet(extension, 'policyname') ??
    fortinet(extension, 'policyid') ??
    value('rule_name', 'rule_uid', 'rulelabel') ??
    // Zscaler's firewall gives the name of the rule as the reason.
    (message.product === 'NSSFWlog' ? value('reason') : null);
  const ruleset =
    label('policy_ruleset', 'Policy Name', 'policy_name', 'acl_policy_name', 'fwPolicy') ??
    value('deviceCustomPolicy', 'layer_name');
  return accept({
    ...emptyRecord(isFlow ? 'flow' : user === null || protocol !== null ? 'signal' : 'admin', adapter),
    ...told,
    ...chooseTime(timesOf(extension, zoned), wire, flags),
    summary: isFlow
      ? flowSummary(told, `${message.vendor} ${message.name}`)
      : oneLine(`${titleOf(message)}${value('msg') ?? message.name}`),
    nativeId: nativeIdOf(message),
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
    reporterName: value('dvchost', 'dvc', 'deviceExternalId', 'origin') ?? wire.syslog?.host ?? null,
    count: integer(value('cnt')) ?? 1,
    interval: intervalOf(extension, zoned),
    traffic:
      value('in', 'out') === null
        ? null
        : { bytes: unsignedOf(value('out')), packets: null, replyBytes: unsignedOf(value('in')), replyPackets: null },
    severity: severityOf(message.severity),
    severityRaw: message.severity === '' ? null : message.severity,
    policies: rule === null && ruleset === null ? [] : [policyRef(message.vendor, rule, ruleset, verdict)],
    attributes: attributesOf(message),
    places: object === null ? places : rowMembers,
    flags,
  });
}

const places = {
  eventTime: 'rt',
  verdict: 'act',
  'source.ip': 'src',
  'source.port': 'spt',
  'destination.ip': 'dst',
  'destination.port': 'dpt',
  protocol: 'proto',
} as const;

function titleOf({ vendor, product }: CefMessage): string {
  const title = `${vendor} ${product}`.trim();
  return title === '' ? '' : `${title}: `;
}

/** How devices say that they have nothing to say. */
const missing = /^(?:|-|N\/?A|null|NULL)$/;

function firstOf(extension: ReadonlyMap<string, string>, names: readonly string[]): string | null {
  for (const name of names) {
    const text = extension.get(name)?.replace(/^"(.*)"$/s, '$1');
    if (text !== undefined && !missing.test(text)) return text;
  }
  return null;
}

function firstLabelled(extension: ReadonlyMap<string, string>, labels: readonly string[]): string | null {
  for (const label of labels) {
    const text = labelled(extension, label);
    if (text !== null && text !== '') return text;
  }
  return null;
}

/** FortiGate's own fields, under its prefix or that of its agent. */
function fortinet(extension: ReadonlyMap<string, string>, name: string): string | null {
  return firstOf(extension, [`FTNTFGT${name}`, `FortinetFortiGate${name}`]);
}

/** FortiGate puts the session there, which is told about more than once; Check Point's own id is another. */
function nativeIdOf({ vendor, extension }: CefMessage): string | null {
  if (vendor === 'Fortinet') return null;
  return nameOf(firstOf(extension, ['externalId', 'eventId', 'loguid']));
}

/** The wire with the zone of the device, where the message names one. */
function zonedBy(wire: Wire, zone: string | null): Wire {
  return zone === null || !(isTimeZone(zone) || /^[+-]\d{1,2}:?\d{2}$/.test(zone))
    ? wire
    : { ...wire, context: { ...wire.context, zone } };
}

function addressIn(host: string | null): string | null {
  return host !== null && /^(?:\d{1,3}\.){3}\d{1,3}$|^[0-9a-f:]*:[0-9a-f:]+$/i.test(host) ? host : null;
}

/** `rt`, then `start` and `end`: milliseconds since 1970, or `MMM dd yyyy HH:mm:ss`; FortiGate's has its zone and nanoseconds. */
function timesOf(extension: ReadonlyMap<string, string>, wire: Wire): (ReadTime | null)[] {
  return [
    readCefTime(fortinet(extension, 'eventtime'), wire),
    ...['rt', 'start', 'end', 'deviceReceiptTime', 'art', 'TimeGenerated'].map((name) =>
      readCefTime(firstOf(extension, [name]), wire),
    ),
  ];
}

function readCefTime(text: string | null | undefined, wire: Wire): ReadTime | null {
  if (text === undefined || text === null || text === '') return null;
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

/** `act` first, or Centra's `connection_verdict`. */
function said({ extension }: CefMessage): string | null {
  return (
    firstOf(extension, ['act', 'deviceAction', 'fw_action']) ??
    fortinet(extension, 'action') ??
    labelled(extension, 'connection_verdict') ??
    labelled(extension, 'action')
  );
}

function wasGuessed(message: CefMessage): boolean {
  return said(message) === null;
}

/** Words that in a name or an outcome tell of other things than whether a connection was let through. */
const ambiguous =
  /^(?:success|start|close|timeout|forward\w*|encrypt|decrypt|continue|override|inspect|trust\w*|exempt|auth\w*|terminat\w*|ban\w*|kickout|quarantine|violation|prohibited|reset\w*)\b/i;

/** What was said; else the words of outcome, name and signature, which are guesses. */
function judge(message: CefMessage): { readonly verdict: Verdict; readonly raw: string | null } {
  const { vendor, name, signature, extension } = message;
  const raw = said(message);
  if (raw !== null) {
    const isFortinet = vendor === 'Fortinet';
    // What a sniffer sees it does not let through, and a failed query is none that was answered.
    const isSniffer = isFortinet && fortinet(extension, 'subtype') === 'sniffer';
    if (isSniffer || decidesNothing(raw)) return { verdict: 'none', raw };
    return { verdict: isFortinet && raw === 'dns' ? 'deny' : (verdictOfPhrase(raw) ?? 'unknown'), raw };
  }
  for (const text of [firstOf(extension, ['outcome']), name, signature]) {
    const words = text?.replace(/^\w+_/, '') ?? '';
    const verdict = ambiguous.test(words) ? null : verdictOfPhrase(words);
    if (verdict === 'allow' || verdict === 'deny') return { verdict, raw: text };
  }
  return { verdict: 'none', raw: null };
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
