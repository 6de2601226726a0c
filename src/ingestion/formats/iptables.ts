import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { flowSummary } from './flow-summary.js';
import { protocolOf } from './ip-protocol.js';
import type { JsonValue } from './json-value.js';
import { readKeyValues } from './key-values.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Lines of the LOG target of iptables and of nftables' `log` (Linux kernel, `nf_log_syslog`): `IN= OUT= … SRC= DST= …`
 * behind a prefix that the administrator chose. The kernel only logs; what becomes of the packet is in the prefix or
 * nowhere, so the source's verdict map decides, else the words of the prefix, and then it is flagged.
 */
export const iptables: FormatAdapter = { name: 'iptables', version: 1, detect, normalise };

const begin = /(?:^|[\s\]:])IN=/;
const uptime = /^\[\s*\d{1,12}\.\d{1,9}\]\s*/;

/** Deny comes first: `ACCEPT_FAILED_DROP` was dropped. */
const deny = /drop|den(?:y|ied)|reject|block|discard|refuse|invalid|banned|-d\]|\bwan_local-\d+-d/i;
const allow = /accept|allow|permit|pass|-a\]|-r\]/i;

function detect({ object, text }: Wire): boolean {
  return object === null && text.includes('OUT=') && text.includes('SRC=') && text.includes('DST=') && begin.test(text);
}

function normalise(wire: Wire): Normalised {
  const { text, syslog } = wire;
  const at = text.search(begin);
  if (at === -1) return refuse('unknown_format', 'expected IN= of a packet log');
  const prefix = text
    .slice(0, text[at] === ']' ? at + 1 : at)
    .replace(uptime, '')
    .trim()
    .replace(/:$/, '');
  // What an ICMP error quotes of the packet it is about stands in brackets behind.
  const quoted = text.indexOf('[SRC=', at);
  const pairs = readKeyValues(text.slice(at, quoted === -1 ? undefined : quoted).trim());
  const flags: string[] = [];
  const protocol = protocolOf(pairs.get('PROTO'));
  const source = endpointOf(
    { ip: pairs.get('SRC'), port: portOf(pairs.get('SPT'), flags), zone: pairs.get('IN') || null },
    flags,
  );
  const destination = endpointOf(
    { ip: pairs.get('DST'), port: portOf(pairs.get('DPT'), flags), zone: pairs.get('OUT') || null },
    flags,
  );
  if (source?.ip == null && destination?.ip == null) return refuse('missing_field', 'expected SRC and DST addresses');
  const verdict = judge(prefix, wire, flags);
  const direction = directionOf(pairs);
  const told = { verdict, source, destination, protocol, direction, isReply: null, reason: null } as const;
  return accept({
    ...emptyRecord('flow', iptables),
    ...told,
    ...chooseTime([], wire, flags),
    summary: flowSummary(told, prefix === '' ? null : prefix),
    verdictRaw: prefix === '' ? null : prefix,
    reporterName: syslog?.host ?? null,
    count: 1,
    severity: syslog?.severity ?? null,
    policies: prefix === '' ? [] : [policyOf(prefix, verdict)],
    attributes: attributesOf(pairs),
    places,
    flags,
  });
}

const places = {
  verdict: 'prefix',
  'source.ip': 'SRC',
  'source.port': 'SPT',
  'destination.ip': 'DST',
  'destination.port': 'DPT',
  protocol: 'PROTO',
} as const;

function judge(prefix: string, { context }: Wire, flags: string[]): Verdict {
  const bare = prefix.replace(/^iptables:?\s+/i, '');
  const mapped = context.verdicts?.find((one) => prefix.startsWith(one.prefix) || bare.startsWith(one.prefix));
  if (mapped !== undefined) return mapped.verdict;
  const guess = deny.test(prefix) ? 'deny' : allow.test(prefix) ? 'allow' : null;
  addFlag(flags, guess === null ? 'verdict_not_said' : 'verdict_from_prefix');
  return guess ?? 'unknown';
}

function policyOf(prefix: string, verdict: Verdict): NormalForm['policies'][number] {
  return {
    system: 'iptables',
    kind: 'prefix',
    namespace: null,
    name: prefix.slice(0, 253),
    tier: null,
    rule: null,
    revision: null,
    effect: verdict === 'allow' ? 'allow' : verdict === 'deny' ? 'deny' : 'none',
    staged: false,
  };
}

/** Input has no way out, output no way in; what is forwarded has both. */
function directionOf(pairs: ReadonlyMap<string, string>): NormalForm['direction'] {
  const [into, out] = [pairs.get('IN') ?? '', pairs.get('OUT') ?? ''];
  if (into !== '' && out === '') return 'ingress';
  return out !== '' && into === '' ? 'egress' : 'unknown';
}

const kept = [
  'IN',
  'OUT',
  'PHYSIN',
  'PHYSOUT',
  'MAC',
  'LEN',
  'TTL',
  'ID',
  'TYPE',
  'CODE',
  'MARK',
  'UID',
  'GID',
] as const;
const tcpFlags = ['SYN', 'ACK', 'FIN', 'RST', 'PSH', 'URG', 'ECE', 'CWR'];

function attributesOf(pairs: ReadonlyMap<string, string>): Record<string, JsonValue> {
  const attributes: Record<string, JsonValue> = {};
  for (const key of kept) {
    const value = pairs.get(key);
    if (value !== undefined && value !== '') attributes[key.toLowerCase()] = value;
  }
  const set = tcpFlags.filter((flag) => pairs.get(flag) === '');
  if (set.length > 0) attributes.tcpFlags = set;
  return attributes;
}
