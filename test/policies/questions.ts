/** Every flow worth asking about in a small topology, and what an engine says on it. */

import assert from 'node:assert/strict';
import { icmpPort, protocols } from '../../src/policies/model.js';
import { Connectivity } from '../../src/policies/simulation/connectivity.js';
import type { Endpoint, Engine, Topology } from '../../src/policies/simulation/evaluate.js';
import { askedPorts, externalAddresses } from './clusters.js';
import type { Question } from './reference.js';

/** Ports of each protocol with ports, and one echo request of each ICMP. */
const asked: readonly Pick<Question, 'protocol' | 'port'>[] = [
  ...protocols.flatMap((protocol) => askedPorts.map((port) => ({ protocol, port }))),
  { protocol: 'ICMP', port: icmpPort(8, 0) },
  { protocol: 'ICMPv6', port: icmpPort(128, 0) },
];

export function questions({ pods }: Topology): Question[] {
  const ends = [...pods, ...externalAddresses];
  return ends.flatMap((source) =>
    ends.flatMap((destination) =>
      typeof source === 'string' && typeof destination === 'string'
        ? []
        : asked.map((what) => ({ source, destination, ...what })),
    ),
  );
}

export function endOf(end: Question['source']): Endpoint {
  return typeof end === 'string' ? { ip: end } : { pod: end.key };
}

export function engineSays(engine: Engine, question: Question): { egress: boolean; ingress: boolean } {
  const { source, destination, protocol, port } = question;
  const verdict = engine.verdict({ source: endOf(source), destination: endOf(destination), protocol, port });
  assert.equal(verdict.allowed, verdict.egress.allowed && verdict.ingress.allowed);
  return { egress: verdict.egress.allowed, ingress: verdict.ingress.allowed };
}

/** Asserts that the connectivity map holds exactly the ports on which the engine allows a flow; it leaves ICMP out. */
export function assertMapAgrees(engine: Engine, topology: Topology): void {
  const map = new Connectivity(engine);
  for (const question of questions(topology)) {
    if (question.protocol === 'ICMP' || question.protocol === 'ICMPv6') continue;
    const [source, destination] = [endOf(question.source), endOf(question.destination)];
    const ports = map.sets.ranges(map.between(engine.endpointNumber(source), engine.endpointNumber(destination)));
    const open = ports.some(
      ({ protocol, first, last }) => protocol === question.protocol && first <= question.port && question.port <= last,
    );
    const { egress, ingress } = engineSays(engine, question);
    assert.equal(open, egress && ingress, JSON.stringify(question));
  }
}
