import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readTimeText } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { protocolOf } from './ip-protocol.js';
import { type JsonValue, nameOf } from './json-value.js';
import { readKeyValues } from './key-values.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Lines of the LOG target of iptables and of nftables' `log` (Linux kernel, `nf_log_syslog`): `IN= OUT= … SRC= DST= …`
 * behind a prefix that the administrator chose. The kernel only logs; what becomes of the packet is in the prefix or
 * nowhere, so the source's verdict map decides, else the words of the prefix, and then it is flagged.
 */
export const iptables: FormatAdapter = { name: 'iptables', version: 2, detect, normalise };

/** A description that the administrator chose may hold ` IN=` too; the kernel's is the one with its next part behind it. */
const begin = /(?:^|[\s\]:)])IN=(?=\S{0,64} (?:OUT|MAC|SRC|PHYSIN)=)/;
const uptime = /^\[\s*\d{1,12}\.\d{1,9}\]\s*/;
/** Old kernels begin a part of the line with its level. */
const level = /<\d>(?=[A-Z]{2,8}=)/g;
/** Proxmox: identity of the machine, level, chain, time, then the policy. */
const proxmox = /^\d{1,9} \d \S{1,60} (\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}) (?:policy )?/;

/** EdgeOS, UniFi and VyOS end the name of a rule with what it does: accept, drop or reject. */
const ruleAction = /-([adr])(?:-\d{1,10})?\](?:$| )/i;
/** Deny comes first: `ACCEPT_FAILED_DROP` was dropped. */
const deny = /drop|den(?:y|ied)|reject|block|discard|refuse|invalid|banned|\bdrp\b/i;
const allow = /accept|allow|permit|pass|-acc-/i;
/** What a line came from, where syslog names no program of its own. */
const programs =
  /^(?:kernel|klogd|ulogd|ulogd2|nflog|pvefw-logger|firewalld?|iptables|nftables|nft|ufw|netfilter|vmlinuz|unix|syslog)$/i;

function detect({ object, text }: Wire): boolean {
  return object === null && text.includes('SRC=') && text.includes('DST=') && begin.test(text);
}

function normalise(wire: Wire): Normalised {
  const { syslog } = wire;
  const text = wire.text.replace(level, '');
  const found = begin.exec(text);
  if (found === null) return refuse('unknown_format', 'expected IN= of a packet log');
  const at = found.index + found[0].length - 3;
  const before = text.slice(0, at).replace(uptime, '').trim();
  const chain = proxmox.exec(before);
  const prefix = withoutColon(
    `${prefixInTag(syslog)} ${chain === null ? before : before.slice(chain[0].length)}`.trim(),
  );
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
  const time = chain === null ? null : readTimeText(chain[1] ?? '', { zone: undefined, receivedAt: wire.receivedAt });
  return accept({
    ...emptyRecord('flow', iptables),
    ...told,
    ...chooseTime([time], wire, flags),
    summary: flowSummary(told, prefix === '' ? null : prefix),
    verdictRaw: prefix === '' ? null : prefix,
    reporterName: syslog?.host ?? journalHost(wire),
    count: 1,
    severity: syslog?.severity ?? null,
    policies: prefix === '' ? [] : [policyOf(prefix, verdict)],
    attributes: attributesOf(pairs),
    places,
    flags,
  });
}

/** A prefix like `DENY:` right behind the host looks like the name of a program. */
function prefixInTag(syslog: Wire['syslog']): string {
  const app = syslog?.app ?? '';
  return programs.test(app) || !(deny.test(app) || allow.test(app)) ? '' : app;
}

function withoutColon(prefix: string): string {
  return prefix.replace(/:$/, '');
}

function journalHost({ envelopes }: Wire): string | null {
  return nameOf(envelopes.at(-1)?.object['_HOSTNAME']);
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
  const guess = wordOf(prefix);
  addFlag(flags, guess === null ? 'verdict_not_said' : 'verdict_from_prefix');
  return guess ?? 'unknown';
}

function wordOf(prefix: string): 'allow' | 'deny' | null {
  const action = ruleAction.exec(prefix)?.[1]?.toLowerCase();
  if (action !== undefined) return action === 'a' ? 'allow' : 'deny';
  return deny.test(prefix) ? 'deny' : allow.test(prefix) ? 'allow' : null;
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
