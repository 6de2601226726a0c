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
export const antrea: FormatAdapter = { name: 'antrea', version: 2, detect, normalise };

const begin = /^\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{1,9})? \S+ (?:Antrea|K8s)\S*/;
const summed = / \[(\d{1,12}) packets? in [\d.]+(?:ns|µs|us|ms|s)\]$/;

function detect({ object, line }: Wire): boolean {
  return object === null && begin.test(line);
}

function normalise(wire: Wire): Normalised {
  const packets = summed.exec(wire.line)?.[1];
  const words = wire.line
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
  const [sourceIp, sourcePort, destinationIp, destinationPort, protocolWord, length, label] = more
    .slice(addressAt)
    .map((word) => (word === '<nil>' ? null : word));
  const verdict = verdictOfWord(disposition) ?? 'unknown';
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
        system: kind.startsWith('K8s') || kind === 'AdminNetworkPolicy' ? 'kubernetes' : 'antrea',
        kind: kind === 'K8sNetworkPolicy' ? 'NetworkPolicy' : kind.replace(/^Antrea(?=Cluster)/, ''),
        namespace: namespace ?? null,
        name: (name ?? policy).slice(0, 253) || policy.slice(0, 253),
        tier: null,
        rule: rule === '<nil>' ? null : rule,
        revision: null,
        effect: verdict === 'allow' ? 'allow' : verdict === 'deny' ? 'deny' : 'none',
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
