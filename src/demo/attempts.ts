/** Connection attempts, and the records that the nodes of both ends write of them. */

import type { Protocol } from '../policies/model.js';
import type { Endpoint, SideVerdict } from '../policies/simulation/evaluate.js';
import { FlowRecords, type Attempt, type FlowEnd, type FlowLine, type Side } from './flow-records.js';
import { dnsQuestion, httpExchange, speaksHttp } from './http-talk.js';
import { outsideOf } from './outside.js';
import type { PolicyEpochs } from './policy-epochs.js';
import type { Random } from './random.js';
import type { EstatePod, HubbleEndpoint, Workloads } from './workloads.js';

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

const answeredShare = 0.14;
const inspectedShare = 0.06;
const host: HubbleEndpoint = { identity: 1, labels: ['reserved:host'] };

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
      const { endpoint, dnsName } = outside;
      return {
        pod: null,
        simulated: { ip },
        written: { ip, near: endpoint, far: endpoint, dnsName },
      };
    }
    const pods = this.workloads.podsOf(name);
    // The platform runs in every cluster and is asked in one's own.
    const local = pods.filter(({ node }) => node.cluster === near?.node.cluster);
    return this.podEnd(this.random.pick(local.length > 0 ? local : pods));
  }

  /** Records of an attempt of one named end to reach another: a workload or a place outside. */
  connect(at: number, from: string, to: string, protocol: Protocol, port: number): Reported[] {
    const source = this.end(from, null);
    return this.connectEnds(at, source, this.end(to, source.pod), protocol, port);
  }

  /** Records of a pod that asks for the address of a name. */
  resolve(at: number, pod: EstatePod, name: string): Reported[] {
    const source = this.podEnd(pod);
    const lines = this.connectEnds(at, source, this.end('coredns', pod), 'UDP', 53, name);
    return lines;
  }

  /** Records of the monitoring system that reads the metrics of a pod. */
  scrape(at: number, pod: EstatePod): Reported[] {
    return this.connectEnds(at, this.end('prometheus', pod), this.podEnd(pod), 'TCP', 9090);
  }

  /** The trace of a node's own health check: no policy decides about it. */
  probe(at: number, pod: EstatePod): Reported[] {
    const node: FlowEnd = {
      ip: `${pod.node.network}.1`,

      near: host,
      far: host,
      dnsName: null,
    };
    const attempt: Attempt = {
      at,
      source: node,
      destination: this.podEnd(pod).written,
      protocol: 'TCP',
      sourcePort: this.random.integer(32_768, 60_999),
      port: 8081,
    };
    return [{ ...this.records.trace(pod.node, attempt, false), source: pod.node.source }];
  }

  private connectEnds(
    at: number,
    source: End,
    destination: End,
    protocol: Protocol,
    port: number,
    name?: string,
  ): Reported[] {
    const { random, records } = this;
    const epoch = this.epochs.at(at);
    const verdict = epoch.decide(source.simulated, destination.simulated, protocol, port);
    const attempt: Attempt = {
      at,
      source: source.written,
      destination: destination.written,
      protocol,
      sourcePort: random.integer(32_768, 60_999),
      port,
    };
    const reported: Reported[] = [];
    const report = (pod: EstatePod, ...lines: readonly FlowLine[]) => {
      for (const line of lines) reported.push({ ...line, source: pod.node.source });
    };
    /** Writes the decision of one end; true when the packet goes on. */
    const pass = (pod: EstatePod | null, side: Side, decision: SideVerdict, inspected: boolean): boolean => {
      if (pod === null || !pod.workload.inSegment) return true;
      const enforced = this.epochs.isEnforced(pod.workload.namespace, at);
      const outcome = decision.allowed ? (inspected ? 'REDIRECTED' : 'FORWARDED') : enforced ? 'DROPPED' : 'AUDIT';
      report(pod, records.policyVerdict(pod.node, attempt, side, decision, outcome, epoch.revision));
      return outcome !== 'DROPPED';
    };
    const target = destination.pod;
    const asksName = name !== undefined && random.chance(inspectedShare);
    if (!pass(source.pod, 'EGRESS', verdict.egress, asksName)) return reported;
    if (asksName && source.pod !== null && verdict.egress.allowed)
      report(source.pod, dnsQuestion(records, source.pod.node, attempt, name));
    const http = target !== null && speaksHttp(target.workload.name) && random.chance(inspectedShare);
    if (!pass(target, 'INGRESS', verdict.ingress, http) || target === null || !target.workload.inSegment)
      return reported;
    if (http && verdict.ingress.allowed)
      report(target, ...httpExchange(records, random, target.node, attempt, target.workload));
    else if (random.chance(answeredShare)) report(target, records.trace(target.node, attempt, true));
    return reported;
  }
}
