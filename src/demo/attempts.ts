/** Connection attempts, and the records that the nodes of both ends write of them. */

import type { Protocol } from '../policies/model.js';
import type { Endpoint, SideVerdict } from '../policies/simulation/evaluate.js';
import { FlowRecords, type Attempt, type FlowEnd, type FlowLine, type Side } from './flow-records.js';
import { dnsQuestion, httpExchange, speaksHttp } from './http-talk.js';
import { describe, outsideOf } from './outside.js';
import type { PolicyEpochs } from './policy-epochs.js';
import type { Random } from './random.js';
import type { EstatePod, Workloads } from './workloads.js';

/** A flow line and the source that delivers it. */
export interface Reported extends FlowLine {
  readonly source: string;
}

/** One end as simulation and record see it; `pod` is null outside the clusters. */
interface End {
  readonly pod: EstatePod | null;
  readonly simulated: Endpoint;
  readonly written: FlowEnd;
}

/** Two ends and what runs between them; `asks` is the name a DNS question is about. */
interface Connecting {
  readonly source: End;
  readonly destination: End;
  readonly protocol: Protocol;
  readonly sourcePort: number;
  readonly port: number;
  readonly asks?: string;
}

const answeredShare = 0.14;
const inspectedShare = 0.06;
/** A SYN that is dropped comes again: after how many milliseconds, and how likely its sender still waits. */
const retransmissions = [0, 1_013, 3_029];
const patientShare = 0.8;
const host = describe(1, ['reserved:host']);

/**
 * Makes connection attempts and decides them by the policies in force. Exporters are set to the namespaces of the
 * segments, so the platform's own workloads report nothing.
 */
export class Attempts {
  private readonly records: FlowRecords;

  constructor(
    private readonly workloads: Workloads,
    private readonly epochs: PolicyEpochs,
    private readonly random: Random,
  ) {
    this.records = new FlowRecords(random);
  }

  private podEnd(pod: EstatePod): End {
    const { ip, near, far, workload } = pod;
    return { pod, simulated: { pod: workload.key }, written: { ip, near, far, dnsName: null } };
  }

  private end(name: string, near: EstatePod | null): End {
    const outside = outsideOf(name);
    if (outside !== null) {
      const ip = outside.address(this.random);
      const { description, dnsName } = outside;
      return { pod: null, simulated: { ip }, written: { ip, near: description, far: description, dnsName } };
    }
    const pods = this.workloads.podsOf(name);
    // The platform runs in every cluster and is asked in one's own.
    const local = pods.filter(({ node }) => node.cluster === near?.node.cluster);
    return this.podEnd(this.random.pick(local.length > 0 ? local : pods));
  }

  private ephemeralPort(): number {
    return this.random.integer(32_768, 60_999);
  }

  /** Records of an attempt of one named end to reach another, a workload or a place outside; retried when dropped. */
  connect(at: number, from: string, to: string, protocol: Protocol, port: number): Reported[] {
    const source = this.end(from, null);
    const destination = this.end(to, source.pod);
    const connecting = { source, destination, protocol, port, sourcePort: this.ephemeralPort() };
    const reported: Reported[] = [];
    for (const delay of retransmissions) {
      const passed = this.send(at + delay, connecting, reported);
      if (passed || !this.random.chance(patientShare)) break;
    }
    return reported;
  }

  /** Records of a pod that asks for the address of a name. */
  resolve(at: number, pod: EstatePod, name: string): Reported[] {
    const reported: Reported[] = [];
    const ends = { source: this.podEnd(pod), destination: this.end('coredns', pod) };
    this.send(at, { ...ends, protocol: 'UDP', port: 53, sourcePort: this.ephemeralPort(), asks: name }, reported);
    return reported;
  }

  /** Records of the monitoring system that reads the metrics of a pod. */
  scrape(at: number, pod: EstatePod): Reported[] {
    const reported: Reported[] = [];
    const ends = { source: this.end('prometheus', pod), destination: this.podEnd(pod) };
    this.send(at, { ...ends, protocol: 'TCP', port: 9090, sourcePort: this.ephemeralPort() }, reported);
    return reported;
  }

  /** The trace of a node's own health check: no policy decides about it. */
  probe(at: number, pod: EstatePod): Reported[] {
    const source: FlowEnd = { ip: `${pod.node.network}.1`, near: host, far: host, dnsName: null };
    const destination = this.podEnd(pod).written;
    const attempt: Attempt = { at, source, destination, protocol: 'TCP', sourcePort: this.ephemeralPort(), port: 8081 };
    return [{ ...this.records.trace(pod.node, attempt, false), source: pod.node.source }];
  }

  /** Reports one packet that opens a connection; false when it was dropped. */
  private send(at: number, connecting: Connecting, reported: Reported[]): boolean {
    const { random, records } = this;
    const { source, destination, protocol, port, sourcePort, asks } = connecting;
    const epoch = this.epochs.at(at);
    const verdict = epoch.decide(source.simulated, destination.simulated, protocol, port);
    const attempt: Attempt = {
      at,
      source: source.written,
      destination: destination.written,
      protocol,
      sourcePort,
      port,
    };
    const report = (pod: EstatePod, ...lines: readonly FlowLine[]) => {
      for (const line of lines) reported.push({ ...line, source: pod.node.source });
    };
    /** Writes the decision of one end; true when the packet goes on. */
    const pass = (pod: EstatePod, side: Side, decision: SideVerdict, inspected: boolean): boolean => {
      const enforced = this.epochs.isEnforced(pod.workload.namespace, at);
      const outcome = decision.allowed ? (inspected ? 'REDIRECTED' : 'FORWARDED') : enforced ? 'DROPPED' : 'AUDIT';
      report(pod, records.policyVerdict(pod.node, attempt, side, decision, outcome, epoch.revision));
      return outcome !== 'DROPPED';
    };
    const sender = reporting(source.pod);
    if (sender !== null) {
      const inspected = asks !== undefined && verdict.egress.allowed && random.chance(inspectedShare);
      if (!pass(sender, 'EGRESS', verdict.egress, inspected)) return false;
      if (inspected) report(sender, dnsQuestion(records, sender.node, attempt, asks));
    }
    const receiver = reporting(destination.pod);
    if (receiver !== null) {
      const { workload, node } = receiver;
      const inspected = speaksHttp(workload.name) && verdict.ingress.allowed && random.chance(inspectedShare);
      if (!pass(receiver, 'INGRESS', verdict.ingress, inspected)) return false;
      if (inspected) report(receiver, ...httpExchange(records, random, node, attempt, workload));
      else if (random.chance(answeredShare)) report(receiver, records.trace(node, attempt, true));
    }
    return true;
  }
}

function reporting(pod: EstatePod | null): EstatePod | null {
  return pod?.workload.inSegment === true ? pod : null;
}
