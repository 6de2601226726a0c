/** What a recommendation is made from, and how strictly it is made. */

import { z } from 'zod';

/**
 * Flows between two ends on one destination port over the window, summed up. `source` and `destination` are workload
 * keys, or `ip:` and an address; `port` is -1 where none was recorded. `passed` counts flows that went through, `denied`
 * those a policy refused, `failed` those that came to nothing otherwise.
 */
export interface ObservedEdge {
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly port: number;
  readonly passed: number;
  readonly denied: number;
  readonly failed: number;
  /** UTC days with flows (`2026-11-22`), in order. */
  readonly days: readonly string[];
  /** UTC days on which some of them passed. */
  readonly passedDays: readonly string[];
  /** RFC 3339. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** Entries of the log that show it: the first, the last. */
  readonly entries: readonly number[];
}

/** A workload the records show; `labels` is null where none did. Times are RFC 3339. */
export interface ObservedWorkload {
  readonly key: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly firstSeen: string;
  readonly lastSeen: string;
}

/** How much must have been seen for a connection to count as wanted. */
export const Thresholds = z.strictObject({
  /** Days on which a connection must have been seen, where its workloads were there for longer. */
  leastDays: z.number().int().min(1).max(366).default(2),
  /** Flows a connection must have had, where its workloads were there for longer than `leastDays`. */
  leastFlows: z.number().int().min(1).max(1_000_000).default(3),
  /** Days on which an address outside the estate must have been seen to be written into a rule. */
  leastAddressDays: z.number().int().min(1).max(366).default(3),
  /** The most addresses one group of rules lists; above it, nobody could keep the list true. */
  mostAddresses: z.number().int().min(1).max(1000).default(50),
  /** Destinations and ports one end must have tried, mostly in vain or once, to count as scanning. */
  scanTargets: z.number().int().min(2).max(100_000).default(10),
});
export type Thresholds = z.infer<typeof Thresholds>;

/**
 * Why an edge is left out.
 *
 * - `node`: from the node of a pod, which is let in whatever policies say.
 * - `unknown_workload`: an end is no known workload in a namespace, and no address.
 * - `labels_unknown`: no record showed a label that could select an end.
 * - `not_modelled`: a NetworkPolicy cannot say the protocol, or the port was not recorded.
 * - `reply`: looks like the answer to a connection the other way round.
 * - `scan`: its source tried many destinations or ports, mostly in vain.
 * - `denied_only`: no flow ever passed.
 * - `one_off`: seen too seldom for how long its workloads have been there.
 * - `unstable_address`: an address outside the estate that was seen on too few days.
 * - `too_many_addresses`: more addresses share the connection than a rule can list.
 */
export const exclusionReasons = [
  'scan',
  'denied_only',
  'one_off',
  'reply',
  'unstable_address',
  'too_many_addresses',
  'node',
  'unknown_workload',
  'labels_unknown',
  'not_modelled',
] as const;
export const ExclusionReason = z.enum(exclusionReasons);
export type ExclusionReason = z.infer<typeof ExclusionReason>;

/** An edge that is left out, and why in a sentence. */
export interface Excluded {
  readonly edge: ObservedEdge;
  readonly reason: ExclusionReason;
  readonly text: string;
}

export function isAddress(end: string): boolean {
  return end.startsWith('ip:');
}

export function flowsOf({ passed, denied, failed }: ObservedEdge): number {
  return passed + denied + failed;
}

/** `TCP 8443` */
export function portText({ protocol, port }: Pick<ObservedEdge, 'protocol' | 'port'>): string {
  return port < 0 ? protocol : `${protocol} ${port}`;
}

/** Order of edges that does not depend on where they were read from. */
export function byEnds(a: ObservedEdge, b: ObservedEdge): number {
  return (
    compare(a.source, b.source) ||
    compare(a.destination, b.destination) ||
    compare(a.protocol, b.protocol) ||
    a.port - b.port
  );
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
