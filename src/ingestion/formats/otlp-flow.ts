import type { NormalForm, Verdict } from '../normal-form.js';
import { endpointOf, portOf } from './endpoint.js';
import { readEpoch, readTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { canonicalAddress } from './ip-address.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { type JsonObject, textOf, unsignedOf } from './json-value.js';
import { verdictOfWord } from './verdict-words.js';

type Flow = Pick<
  NormalForm,
  | 'kind'
  | 'verdict'
  | 'verdictRaw'
  | 'reason'
  | 'direction'
  | 'source'
  | 'destination'
  | 'protocol'
  | 'isReply'
  | 'reporter'
  | 'traffic'
  | 'summary'
>;

/**
 * The flow that the attributes of a log record tell of, by OpenTelemetry's semantic conventions (`source.address`,
 * `network.transport`) and the names that its Collector gives what they leave open: so it hands on flow logs of AWS and
 * Google Cloud and AWS Network Firewall's logs, without the records themselves. Null where two addresses are not named.
 */
export function otlpFlow(log: JsonObject, flags: string[]): Flow | null {
  const [from, to] = [textOf(log['source.address']), textOf(log['destination.address'])];
  if (from === null || to === null || canonicalAddress(from) === null || canonicalAddress(to) === null) return null;
  // Flow logs' protocol stands where that of the application belongs.
  const protocol = protocolOf(log['network.transport'] ?? log['ip.protocol'] ?? log['network.protocol.name']);
  const end = (side: 'source' | 'destination'): NormalForm['source'] =>
    endpointOf(
      {
        ip: log[`${side}.address`],
        port: hasPorts(protocol) ? portOf(log[`${side}.port`], flags) : null,
        instance: log[`gcp.vpc.flow.${side}.instance.vm.name`],
        zone: log[`gcp.vpc.flow.${side}.vpc.name`],
      },
      flags,
    );
  const alert = textOf(log['aws.networkfirewall.alert.action']);
  const verdictRaw = textOf(log['aws.vpc.flow.action']) ?? alert;
  const told = {
    verdict: verdictOf(verdictRaw, alert !== null),
    source: end('source'),
    destination: end('destination'),
    protocol,
    direction: directions.get(textOf(log['network.io.direction']) ?? '') ?? 'unknown',
    isReply: null,
    reason: textOf(log['aws.vpc.flow.reject_reason']) ?? textOf(log['aws.networkfirewall.alert.signature']),
  } as const;
  return {
    ...told,
    kind: alert === null ? 'flow' : 'signal',
    verdictRaw,
    reporter: reporters.get(textOf(log['gcp.vpc.flow.reporter']) ?? '') ?? 'device',
    traffic: trafficOf(log),
    summary: flowSummary(told),
  };
}

const directions: ReadonlyMap<string, 'ingress' | 'egress'> = new Map([
  ['receive', 'ingress'],
  ['transmit', 'egress'],
]);

const reporters: ReadonlyMap<string, 'src' | 'dst'> = new Map([
  ['SRC', 'src'],
  ['DEST', 'dst'],
]);

/** An alert that let the packet pass decided nothing. */
function verdictOf(word: string | null, isAlert: boolean): Verdict {
  if (word === null) return 'none';
  const verdict = verdictOfWord(word) ?? 'unknown';
  return isAlert && verdict === 'allow' ? 'none' : verdict;
}

/** When the flow began and ended, where that is said beside the record's own time, which is its end in flow logs of AWS. */
export function otlpFlowTimes(log: JsonObject): { readonly start: string | null; readonly end: string | null } {
  return {
    start: timeOf(log['gcp.vpc.flow.start_time'] ?? log['aws.vpc.flow.start']),
    end: timeOf(log['gcp.vpc.flow.end_time'] ?? log['aws.vpc.flow.end']),
  };
}

/** Seconds, or text where the Collector was asked for it. */
function timeOf(value: unknown): string | null {
  return readTime(value) ?? readEpoch(value, 's');
}

function trafficOf(log: JsonObject): NormalForm['traffic'] {
  const bytes = unsignedOf(log['aws.vpc.flow.bytes'] ?? log['gcp.vpc.flow.bytes_sent']);
  const packets = unsignedOf(log['aws.vpc.flow.packets'] ?? log['gcp.vpc.flow.packets_sent']);
  return bytes === null && packets === null ? null : { bytes, packets, replyBytes: null, replyPackets: null };
}
