/** Recorded flows laid on the paths that policy allows. */

import { flowProtocols, protocols } from '../policies/model.js';
import type { EstateMap } from './estate-map.js';
import type { FigureEdge } from './model.js';

/** Verdicts of flows that went through: a staged denial lets its flow pass. */
const passed: ReadonlySet<string> = new Set(['allow', 'would_deny']);
const refused: ReadonlySet<string> = new Set(['deny', 'would_deny']);

/** What is known of a path's use: its last flow in the window. */
export interface LastUse {
  readonly flows: number;
  readonly lastTime: string;
  readonly lastIndex: number;
}

export interface Usage {
  /** By `pathKey`, for the paths that were used. */
  readonly used: ReadonlyMap<string, LastUse>;
  /** Flows that went through between workloads, and how many of them could be laid on an open path. */
  readonly passedFlows: number;
  readonly placedFlows: number;
}

/** `range` is the place of the port range among the path's ranges. */
export function pathKey(source: number, destination: number, range: number): string {
  return `${source} ${destination} ${range}`;
}

export function isPassed({ verdict }: FigureEdge): boolean {
  return passed.has(verdict);
}

export function isRefused({ verdict }: FigureEdge): boolean {
  return refused.has(verdict);
}

/** Place in `flowProtocols`, which records write in small letters; -1 for another. */
function protocolOf({ protocol }: FigureEdge): number {
  return flowProtocols.findIndex((name) => name.toLowerCase() === protocol.toLowerCase());
}

/** Which open paths the flows went over. A flow of no recorded port, or that no policy in force allows, is on none. */
export function usageOf(map: EstateMap, edges: readonly FigureEdge[]): Usage {
  const used = new Map<string, LastUse>();
  let [passedFlows, placedFlows] = [0, 0];
  for (const edge of edges) {
    if (!isPassed(edge)) continue;
    const [source, destination] = [map.number(edge.source), map.number(edge.destination)];
    if (source === -1 || destination === -1 || source === destination) continue;
    passedFlows += edge.flows;
    const name = flowProtocols[protocolOf(edge)];
    const range = map
      .ranges(source, destination)
      .findIndex(({ protocol, first, last }) => protocol === name && first <= edge.port && edge.port <= last);
    if (range === -1) continue;
    placedFlows += edge.flows;
    const key = pathKey(source, destination, range);
    const before = used.get(key);
    const later = before === undefined || before.lastIndex < edge.lastIndex ? edge : before;
    used.set(key, {
      flows: (before?.flows ?? 0) + edge.flows,
      lastTime: later.lastTime,
      lastIndex: later.lastIndex,
    });
  }
  return { used, passedFlows, placedFlows };
}

/** How policy decides an observed flow: by a rule that names it, or by what holds when none does. */
export type Decision = 'rule' | 'default' | 'unjudged';

/**
 * The decision of the policies in force on an edge, whatever was recorded. A flow that is denied is decided by a rule
 * when one denies it, by default when isolation does; one that is allowed is decided by a rule when a side allows it by
 * one, by default when no policy has a say at all.
 */
export function decisionOf(map: EstateMap, edge: FigureEdge): Decision {
  const { engine } = map.connectivity;
  const end = (key: string) => engine.endpointNumber(key.startsWith('ip:') ? { ip: key.slice(3) } : { pod: key });
  const [source, destination] = [end(edge.source), end(edge.destination)];
  const protocol = protocolOf(edge);
  if (source === -1 || destination === -1 || protocol === -1) return 'unjudged';
  if (edge.port < 0 || (protocol < protocols.length && edge.port === 0)) return 'unjudged';
  const { allowed, egress, ingress } = engine.verdictOf(source, destination, protocol, edge.port);
  const sides = [egress, ingress].filter((side) => side.allowed === allowed);
  return sides.some(({ by }) => typeof by === 'object' && 'policies' in by) ? 'rule' : 'default';
}
