/** Cilium Hubble flows as the exporter writes them: one JSON line each, field names as protobuf JSON has them. */

import type { Protocol } from '../policies/model.js';
import type { RuleMatch, SideVerdict } from '../policies/simulation/evaluate.js';
import type { Random } from './random.js';
import type { ClusterNode } from './workloads.js';

/** One end of a connection, whatever it is. */
export interface FlowEnd {
  readonly ip: string;
  readonly dnsName: string | null;
  /** JSON text of its description: by the node that reports when the end is its own, and else. */
  readonly near: string;
  readonly far: string;
}

/** A connection attempt at one moment, as every record of it repeats it. */
export interface Attempt {
  readonly at: number;
  readonly source: FlowEnd;
  readonly destination: FlowEnd;
  readonly protocol: Protocol;
  readonly sourcePort: number;
  readonly port: number;
}

export type Side = 'EGRESS' | 'INGRESS';

/** A line with what orders it: milliseconds, then nanoseconds within. */
export interface FlowLine {
  readonly at: number;
  readonly nanos: number;
  readonly line: string;
}

/** Event types of Hubble. */
const traceEvent = 4;
const policyVerdictEvent = 5;
const accessLogEvent = 129;

function timeText(at: number, nanos: number): string {
  return `${new Date(at).toISOString().slice(0, 23)}${String(nanos).padStart(6, '0')}Z`;
}

/** What the rule says decides the type: 1 peer only, 2 peer and port, 3 port only, 4 neither. */
function matchType({ peer, port }: RuleMatch): number {
  if (peer === null) return port === null ? 4 : 3;
  return port === null ? 1 : 2;
}

function allowedBy(policies: readonly RuleMatch[], revision: number): unknown[] {
  return policies.map(({ policy: { kind, name, namespace } }) => ({
    name,
    namespace,
    labels: [`k8s:io.cilium.k8s.policy.name=${name}`],
    revision: String(revision),
    kind,
  }));
}

/** The members of a JSON object without its braces; the object must not be empty. */
function members(object: object): string {
  return JSON.stringify(object).slice(1, -1);
}

/** Writes the records of a connection. Descriptions of the ends are most of a record, so their text is made once. */
export class FlowRecords {
  constructor(private readonly random: Random) {}

  private write(node: ClusterNode, at: number, nanos: number, verdict: object, packet: string, rest: object): FlowLine {
    const time = timeText(at, nanos);
    const head = members({ time, uuid: this.random.uuid(), ...verdict });
    const tail = members({ node_name: node.name, time });
    const line = `{"flow":{${head},${packet},${members({ node_name: node.name, ...rest })}},${tail}}`;
    return { at, nanos, line };
  }

  private packet(attempt: Attempt, side: Side, isReply: boolean, type: 'L3_L4' | 'L7' = 'L3_L4'): string {
    const { source, destination, protocol, sourcePort, port } = attempt;
    const [from, to] = isReply ? [destination, source] : [source, destination];
    const flags = isReply ? { SYN: true, ACK: true } : { SYN: true };
    const ports = isReply
      ? { source_port: port, destination_port: sourcePort }
      : { source_port: sourcePort, destination_port: port };
    const reporter = side === 'EGRESS' ? source : destination;
    const layers = members({
      IP: { source: from.ip, destination: to.ip, ipVersion: 'IPv4' },
      l4: { [protocol]: protocol === 'TCP' ? { ...ports, flags } : ports },
    });
    const [fromText, toText] = [from === reporter ? from.near : from.far, to === reporter ? to.near : to.far];
    return `${layers},"source":${fromText},"destination":${toText},"Type":"${type}"`;
  }

  private names({ source, destination }: Attempt): object {
    return {
      ...(source.dnsName === null ? {} : { source_names: [source.dnsName] }),
      ...(destination.dnsName === null ? {} : { destination_names: [destination.dnsName] }),
    };
  }

  /**
   * The policy verdict event of the endpoint that decides: of the source for egress, of the destination for ingress.
   * `outcome` is what became of the packet there.
   */
  policyVerdict(
    node: ClusterNode,
    attempt: Attempt,
    side: Side,
    verdict: SideVerdict,
    outcome: 'FORWARDED' | 'REDIRECTED' | 'DROPPED' | 'AUDIT',
    revision: number,
  ): FlowLine {
    const summary = attempt.protocol === 'TCP' ? 'TCP Flags: SYN' : attempt.protocol;
    const dropped = outcome === 'DROPPED';
    const rules = typeof verdict.by === 'object' && 'policies' in verdict.by ? verdict.by.policies : [];
    const [first] = rules;
    const list = side === 'EGRESS' ? 'egress_allowed_by' : 'ingress_allowed_by';
    // The egress decision comes before the ingress decision of the same packet.
    const nanos = this.random.integer(0, 449_999) + (side === 'EGRESS' ? 0 : 450_000);
    return this.write(
      node,
      attempt.at,
      nanos,
      { verdict: outcome, ...(dropped ? { drop_reason: 133 } : {}) },
      this.packet(attempt, side, false),
      {
        event_type: { type: policyVerdictEvent },
        ...this.names(attempt),
        traffic_direction: side,
        ...(verdict.allowed ? { policy_match_type: first === undefined ? 4 : matchType(first) } : {}),
        ...(dropped ? { drop_reason_desc: 'POLICY_DENIED' } : { is_reply: false }),
        Summary: summary,
        ...(rules.length > 0 ? { [list]: allowedBy(rules, revision) } : {}),
      },
    );
  }

  /** A trace event: the answer passes the destination's end of the connection, or a packet reaches a pod. */
  trace(node: ClusterNode, attempt: Attempt, isReply: boolean): FlowLine {
    const point = isReply ? 'TO_STACK' : 'TO_ENDPOINT';
    return this.write(
      node,
      attempt.at,
      this.random.integer(900_000, 999_999),
      { verdict: 'FORWARDED' },
      this.packet(attempt, 'INGRESS', isReply),
      {
        ...(isReply ? { reply: true } : {}),
        event_type: isReply ? { type: traceEvent, sub_type: 3 } : { type: traceEvent },
        traffic_direction: 'INGRESS',
        trace_observation_point: point,
        is_reply: isReply,
        Summary: isReply ? 'TCP Flags: SYN, ACK' : 'TCP Flags: SYN',
      },
    );
  }

  /** An entry of the layer-7 access log; `delay` are the milliseconds after the connection was made. */
  layer7(
    node: ClusterNode,
    attempt: Attempt,
    side: Side,
    isReply: boolean,
    delay: number,
    l7: object,
    summary: string,
  ): FlowLine {
    return this.write(
      node,
      attempt.at + delay,
      this.random.integer(900_000, 999_999),
      { verdict: 'FORWARDED' },
      this.packet(attempt, side, isReply, 'L7'),
      {
        ...(isReply ? { reply: true } : {}),
        l7,
        event_type: { type: accessLogEvent },
        traffic_direction: side,
        is_reply: isReply,
        Summary: summary,
      },
    );
  }
}

/** A notice that events were lost before they could be exported. */
export function lossNotice(node: string, at: number, lost: number): string {
  return JSON.stringify({
    lost_events: { source: 'HUBBLE_RING_BUFFER', num_events_lost: String(lost) },
    node_name: node,
    time: timeText(at, 0),
  });
}
