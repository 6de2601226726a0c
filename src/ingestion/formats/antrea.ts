import type { NormalForm, Normalised } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, kubernetesWorkload, portOf } from './endpoint.js';
import { readTimeText } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { protocolOf } from './ip-protocol.js';
import { verdictOfWord } from './verdict-words.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Audit lines of Antrea's `np.log` (Antrea, "Audit logging for Antrea-native policies"): time, table, policy, rule,
 * direction, disposition, priority, applied-to, source address and port, destination address and port, protocol, length,
 * label; `<nil>` where there is none, and `[n packets in 1.0s]` where repetitions were summed up.
 */
export const antrea: FormatAdapter = { name: 'antrea', version: 3, detect, normalise };

/** Behind whatever a collector put in front. */
const begin =
  /(?:^|[\s:])(\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{1,9})? \S{1,60} (?:Antrea|K8s|AdminNetworkPolicy|BaselineAdminNetworkPolicy)\S*)/;
const summed = / \[(\d{1,12}) packets? in [\d.]+(?:ns|µs|us|ms|s)\]$/;

function detect({ object, line }: Wire): boolean {
  return object === null && begin.test(line);
}

function normalise(wire: Wire): Normalised {
  const found = begin.exec(wire.line);
  if (found === null) return refuse('unknown_format', 'expected the time, table and policy of an audit line');
  const line = wire.line.slice(found.index + found[0].length - (found[1] ?? '').length).trimEnd();
  const packets = summed.exec(line)?.[1];
  const words = line
    .replace(summed, '')
    .split(' ')
    .filter((word) => word !== '');
  const flags: string[] = [];
  const [day = '', clock = '', table = '', policy = '', ruleName = '', ...rest] = words;
  // Older versions have no direction and no pod, the oldest not even the rule's name.
  const directionAt = rest.findIndex((word) => word === 'Ingress' || word === 'Egress');
  const withName = directionAt !== -1 || ruleName === 'Ingress' || ruleName === 'Egress';
  const onlyName = !withName && verdictOfWord(ruleName) === null && verdictOfWord(rest[0] ?? '') !== null;
  const tail = onlyName
    ? rest
    : !withName
      ? [ruleName, ...rest]
      : directionAt === -1
        ? rest
        : rest.slice(directionAt + 1);
  const directionWord = !withName ? '' : directionAt === -1 ? ruleName : (rest[directionAt] ?? '');
  const rule = onlyName || (withName && directionAt !== -1) ? ruleName : '<nil>';
  const [disposition = '', priority = '', ...more] = tail;
  const addressAt = more.findIndex(
    (word) => /^(?:\d{1,3}\.){3}\d{1,3}$|^[0-9a-fA-F:]*:[0-9a-fA-F:.]+$/.test(word) && !word.includes('/'),
  );
  if (addressAt === -1) return refuse('missing_field', 'expected the addresses of the packet');
  const appliedTo = addressAt > 0 ? (more[addressAt - 1] ?? '') : '';
  const [sourceIp, sourcePort, destinationIp, destinationPort, protocolWord, length, label] = packetOf(more, addressAt);
  // What is passed on is left to the policies behind, what is redirected to the engine of layer 7.
  const passes = disposition === 'Pass' || disposition === 'Redirect';
  const verdict = passes ? 'none' : (verdictOfWord(disposition) ?? 'unknown');
  const direction: NormalForm['direction'] =
    directionWord === 'Ingress' || /ingress/i.test(table)
      ? 'ingress'
      : directionWord === 'Egress' || /egress/i.test(table)
        ? 'egress'
        : 'unknown';
  const protocol = protocolOf(protocolWord);
  const pod = /^([^/<>]+)\/([^/<>]+)$/.exec(appliedTo);
  const own = pod === null ? {} : { workload: kubernetesWorkload(pod[1] ?? null, pod[2] ?? ''), instance: pod[2] };
  if (pod !== null) flags.push('workload_is_pod');
  const source = endpointOf(
    { ip: sourceIp, port: portOf(sourcePort, flags), ...(direction === 'egress' ? own : {}) },
    flags,
  );
  const destination = endpointOf(
    { ip: destinationIp, port: portOf(destinationPort, flags), ...(direction === 'ingress' ? own : {}) },
    flags,
  );
  const told = { verdict, source, destination, protocol, direction, isReply: null, reason: null } as const;
  const [kind = '', path = ''] = policy.split(':');
  const [namespace, name] = path.includes('/') ? path.split('/') : [null, path];
  const time = readTimeText(`${day} ${clock}`, { zone: wire.context.zone, receivedAt: wire.receivedAt });
  return accept({
    ...emptyRecord('flow', antrea),
    ...told,
    ...chooseTime([time], wire, flags),
    summary: flowSummary(told, policy),
    verdictRaw: disposition,
    reporter: direction === 'ingress' ? 'dst' : direction === 'egress' ? 'src' : 'node',
    reporterName: wire.syslog?.host ?? null,
    count: packets === undefined ? 1 : Number(packets),
    traffic:
      length != null && /^\d+$/.test(length)
        ? {
            bytes: packets === undefined ? length : null,
            packets: packets ?? '1',
            replyBytes: null,
            replyPackets: null,
          }
        : null,
    policies: [
      {
        system: kind.startsWith('K8s') || kind.endsWith('AdminNetworkPolicy') ? 'kubernetes' : 'antrea',
        kind: kind === 'K8sNetworkPolicy' ? 'NetworkPolicy' : kind.replace(/^Antrea(?=Cluster)/, ''),
        namespace: namespace ?? null,
        name: (name ?? policy).slice(0, 253) || policy.slice(0, 253),
        tier: null,
        rule: rule === '<nil>' ? null : rule,
        revision: null,
        effect: passes ? 'pass' : verdict === 'allow' || verdict === 'deny' ? verdict : 'none',
        staged: false,
      },
    ],
    attributes: { table, priority, ...(label == null ? {} : { label }) },
    places: {
      eventTime: 'column 1',
      verdict: 'column 6',
      'source.ip': 'column 9',
      'source.port': 'column 10',
      'destination.ip': 'column 11',
      'destination.port': 'column 12',
      protocol: 'column 13',
    },
    flags,
  });
}

/** Source, port, destination, port, protocol, length, label. The oldest versions write `SRC: a DEST: b`, length, protocol. */
function packetOf(words: readonly string[], at: number): (string | null)[] {
  const values = words.slice(at).map((word) => (word === '<nil>' ? null : word));
  if (words[at - 1] !== 'SRC:') return values;
  const [source = null, , destination = null, length = null, protocol = null] = values;
  return [source, null, destination, null, protocol, length];
}
