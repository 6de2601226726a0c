import type { NormalForm, Normalised } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readTimeText } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { readKeyValues } from './key-values.js';
import { verdictOfWord } from './verdict-words.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * ACL log lines of Open Virtual Network (`acl_log(ovn_pinctrl0)|INFO|name="…", verdict=…, severity=…, direction=…: tcp,…`,
 * ovn-nb(5)); OVN-Kubernetes puts kind, name, direction and rule of the policy into the name.
 */
export const ovnAcl: FormatAdapter = { name: 'ovn-acl', version: 2, detect, normalise };

const mark = /acl_log\([^)]{0,40}\)\|[A-Z]+\|/;

function detect({ object, line }: Wire): boolean {
  return object === null && mark.test(line);
}

function normalise(wire: Wire): Normalised {
  const found = mark.exec(wire.line);
  if (found === null) return refuse('unknown_format', 'expected acl_log(…)|LEVEL|');
  const body = wire.line.slice(found.index + found[0].length);
  const colon = body.search(/: ?(?=[a-z0-9]{2,8},\w{1,20}=)/);
  const head = readKeyValues(colon === -1 ? body : body.slice(0, colon), ',');
  const packet = colon === -1 ? '' : body.slice(colon + 1).trimStart();
  const pairs = readKeyValues(packet, ',');
  const word = head.get('verdict') ?? '';
  // What is passed on is left to the tiers behind.
  const passes = word === 'pass';
  const verdict = passes ? 'none' : word === '' ? 'unknown' : (verdictOfWord(word) ?? 'unknown');
  const flags: string[] = [];
  const protocol = protocolOf(packet.split(',')[0]?.replace(/6$/, (six) => (packet.startsWith('icmp6') ? six : '')));
  const port = (name: string): number | null => portOf(pairs.get(name), flags);
  const icmp = !hasPorts(protocol);
  const source = endpointOf(
    { ip: pairs.get('nw_src') ?? pairs.get('ipv6_src'), port: icmp ? null : port('tp_src') },
    flags,
  );
  const destination = endpointOf(
    { ip: pairs.get('nw_dst') ?? pairs.get('ipv6_dst'), port: icmp ? null : port('tp_dst') },
    flags,
  );
  if (source === null && destination === null) return refuse('missing_field', 'expected nw_src and nw_dst');
  const name = (head.get('name') ?? '').replace(/^<unnamed>$/, '');
  const [kind, ...parts] = name.split(':');
  const direction: NormalForm['direction'] = parts.includes('Ingress')
    ? 'ingress'
    : parts.includes('Egress')
      ? 'egress'
      : head.get('direction') === 'to-lport'
        ? 'ingress'
        : head.get('direction') === 'from-lport'
          ? 'egress'
          : 'unknown';
  const told = { verdict, source, destination, protocol, direction, isReply: null, reason: null } as const;
  const time = /(\d{4}-\d{2}-\d{2}T[\d:.]{8,18}Z)\|\d{1,9}\|$/.exec(wire.line.slice(0, found.index))?.[1];
  return accept({
    ...emptyRecord('flow', ovnAcl),
    ...told,
    ...chooseTime(
      [time === undefined ? null : readTimeText(time, { zone: 'UTC', receivedAt: wire.receivedAt })],
      wire,
      flags,
    ),
    summary: flowSummary(told, name || null),
    verdictRaw: word || null,
    reporter: 'node',
    reporterName: wire.syslog?.host ?? null,
    count: 1,
    severity: severities.get(head.get('severity') ?? '') ?? null,
    severityRaw: head.get('severity') ?? null,
    policies: name === '' ? [] : [policyRef(name, kind ?? '', parts, passes ? 'pass' : effectOf(verdict))],
    attributes: {
      acl: name,
      ...(pairs.get('tcp_flags') === undefined ? {} : { tcpFlags: pairs.get('tcp_flags') ?? '' }),
      ...(icmp ? { icmpType: pairs.get('icmp_type') ?? '', icmpCode: pairs.get('icmp_code') ?? '' } : {}),
    },
    places: {
      verdict: 'verdict',
      'source.ip': 'nw_src',
      'source.port': 'tp_src',
      'destination.ip': 'nw_dst',
      'destination.port': 'tp_dst',
      direction: 'direction',
    },
    flags,
  });
}

const severities = new Map([
  ['alert', 1],
  ['warning', 4],
  ['notice', 5],
  ['info', 6],
  ['debug', 7],
]);
const kinds = new Map([
  ['ANP', 'AdminNetworkPolicy'],
  ['BANP', 'BaselineAdminNetworkPolicy'],
  ['CNP', 'ClusterNetworkPolicy'],
  ['NP', 'NetworkPolicy'],
  ['EF', 'EgressFirewall'],
]);

type Effect = NormalForm['policies'][number]['effect'];

function effectOf(verdict: NormalForm['verdict']): Effect {
  return verdict === 'allow' || verdict === 'deny' ? verdict : 'none';
}

/** `ANP:cluster-control:Egress:1`, `NP:shop:web:Ingress:0`, `EF:shop:3`; Kube-OVN's `np/web.shop/IPv4/0`. */
function policyRef(
  acl: string,
  kind: string,
  parts: readonly string[],
  effect: Effect,
): NormalForm['policies'][number] {
  const [, kubeName, kubeNamespace, kubeRule] =
    /^np\/([^/]{1,253})\.([^./]{1,63})\/IPv[46]\/(\d{1,6})$/.exec(acl) ?? [];
  if (kubeName !== undefined && kubeNamespace !== undefined)
    return refOf('NetworkPolicy', kubeNamespace, kubeName, kubeRule ?? null, effect);
  const rule = /^\d+$/.test(parts.at(-1) ?? '') ? (parts.at(-1) ?? null) : null;
  const names = parts.filter((part) => part !== 'Ingress' && part !== 'Egress' && part !== rule);
  const namespaced = kind === 'NP' || kind === 'EF';
  const name = (namespaced ? (names[1] ?? names[0]) : names[0]) ?? kind;
  return refOf(kinds.get(kind) ?? null, namespaced ? (names[0] ?? null) : null, name, rule, effect);
}

function refOf(
  kind: string | null,
  namespace: string | null,
  name: string,
  rule: string | null,
  effect: Effect,
): NormalForm['policies'][number] {
  return {
    system: 'kubernetes',
    kind,
    namespace,
    name: name.slice(0, 253),
    tier: null,
    rule,
    revision: null,
    effect,
    staged: false,
  };
}
