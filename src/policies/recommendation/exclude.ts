/** Which observed edges are no basis for a rule: scanning, one-off, answers, ends that nothing can select. */

import { parseAddress } from '../simulation/address.js';
import {
  byEnds,
  flowsOf,
  isAddress,
  portText,
  type Excluded,
  type ObservedEdge,
  type ObservedWorkload,
  type Thresholds,
} from './observed.js';

export interface Sorted {
  readonly kept: readonly ObservedEdge[];
  readonly excluded: readonly Excluded[];
}

interface Inventory {
  readonly workloads: ReadonlyMap<string, ObservedWorkload>;
  /** Keys of workloads that labels can select. */
  readonly selectable: ReadonlySet<string>;
  /** The window, RFC 3339: what was there before or after it could not be seen in it. */
  readonly from: string;
  readonly to: string;
}

const ruleProtocols: ReadonlySet<string> = new Set(['TCP', 'UDP', 'SCTP']);

/** Where Linux and the dynamic range of IANA take the ports of clients from. */
const firstEphemeralPort = 32_768;

/** An end that is tried by more such ports than this gets answers on them, not connections. */
const mostServicePorts = 3;

const dayMilliseconds = 86_400_000;

/** Sorts edges into those that rules shall cover and those that are left out, each with the first reason that holds. */
export function sortOut(edges: readonly ObservedEdge[], inventory: Inventory, thresholds: Thresholds): Sorted {
  const { workloads, selectable } = inventory;
  const ordered = [...edges].sort(byEnds);
  const answered = answersOf(ordered);
  const scans = scansOf(
    ordered.filter((edge) => !answered.has(edge)),
    thresholds,
  );
  const kept: ObservedEdge[] = [];
  const excluded: Excluded[] = [];
  for (const edge of ordered) {
    const found =
      unplaced(edge, workloads, selectable) ??
      answered.get(edge) ??
      scans.get(edge) ??
      refused(edge) ??
      seldom(edge, inventory, thresholds);
    if (found === null) kept.push(edge);
    else excluded.push({ edge, ...found });
  }
  return { kept, excluded };
}

type Found = Pick<Excluded, 'reason' | 'text'>;

function unplaced(
  edge: ObservedEdge,
  workloads: ReadonlyMap<string, ObservedWorkload>,
  selectable: ReadonlySet<string>,
): Found | null {
  for (const end of [edge.source, edge.destination]) {
    if (isAddress(end)) {
      if (parseAddress(end.slice(3)) === null)
        return { reason: 'unknown_workload', text: `${end.slice(3)} is no address.` };
      continue;
    }
    const workload = workloads.get(end);
    if (workload === undefined) return { reason: 'unknown_workload', text: `No record says what ${end} is.` };
    if (end === 'reserved:host')
      return { reason: 'node', text: 'No policy can name a node; a pod is open to its own node regardless.' };
    if (end === 'reserved:world')
      return {
        reason: 'unknown_workload',
        text: 'Its address was not recorded; name the addresses or ranges yourself.',
      };
    if (workload.namespace === null)
      return { reason: 'unknown_workload', text: `${end} lies in no namespace, so no policy can name it.` };
    if (!selectable.has(end)) return { reason: 'labels_unknown', text: `No record shows a label that selects ${end}.` };
  }
  if (!ruleProtocols.has(edge.protocol))
    return { reason: 'not_modelled', text: `A NetworkPolicy has no word for ${edge.protocol}.` };
  if (edge.port < 1) return { reason: 'not_modelled', text: 'The destination port was not recorded.' };
  return null;
}

/** Edges to a client's port of an end that itself connects the other way: answers taken for connections. */
function answersOf(edges: readonly ObservedEdge[]): ReadonlyMap<ObservedEdge, Found> {
  const pairs = new Map<string, ObservedEdge[]>();
  for (const edge of edges) {
    const key = JSON.stringify([edge.source, edge.destination, edge.protocol]);
    const list = pairs.get(key);
    if (list === undefined) pairs.set(key, [edge]);
    else list.push(edge);
  }
  const found = new Map<ObservedEdge, Found>();
  for (const list of pairs.values()) {
    const [first] = list;
    const high = list.filter(({ port }) => port >= firstEphemeralPort);
    if (first === undefined || high.length === 0) continue;
    const back = pairs.get(JSON.stringify([first.destination, first.source, first.protocol])) ?? [];
    const service = back.find(({ port }) => port > 0 && port < firstEphemeralPort);
    if (service === undefined || first.source === first.destination) continue;
    for (const edge of high) {
      if (high.length <= mostServicePorts && flowsOf(edge) * 10 > flowsOf(service)) continue;
      const text = `${edge.destination} calls ${edge.source} on ${portText(service)}; this looks like the answer to one of its own ports.`;
      found.set(edge, { reason: 'reply', text });
    }
  }
  return found;
}

/** Tried in vain, or once. */
function vain(edge: ObservedEdge): boolean {
  return edge.passed === 0 || (edge.days.length === 1 && flowsOf(edge) <= 2);
}

/** Edges of ends that scan: what was in vain, and what passed on no other days than those of the scan. */
function scansOf(edges: readonly ObservedEdge[], { scanTargets }: Thresholds): ReadonlyMap<ObservedEdge, Found> {
  const bySource = new Map<string, ObservedEdge[]>();
  for (const edge of edges) {
    const list = bySource.get(edge.source);
    if (list === undefined) bySource.set(edge.source, [edge]);
    else list.push(edge);
  }
  const found = new Map<ObservedEdge, Found>();
  for (const [source, list] of bySource) {
    const tried = list.filter(vain);
    if (tried.length < scanTargets || tried.length * 2 < list.length) continue;
    const days = new Set(tried.flatMap((edge) => edge.days));
    const destinations = new Set(tried.map(({ destination }) => destination)).size;
    const ports = new Set(tried.map(portText)).size;
    const text = `${source} tried ${destinations} ${destinations === 1 ? 'destination' : 'destinations'} on ${ports} ${ports === 1 ? 'port' : 'ports'}, ${tried.length} of ${list.length} in vain or once.`;
    for (const edge of list)
      if (vain(edge) || edge.passedDays.every((day) => days.has(day))) found.set(edge, { reason: 'scan', text });
  }
  return found;
}

function refused({ passed, denied, failed }: ObservedEdge): Found | null {
  if (passed > 0) return null;
  const how = failed === 0 ? 'denied' : denied === 0 ? 'failed' : 'denied or failed';
  return { reason: 'denied_only', text: `All ${denied + failed} flows ${how}; nothing that works depends on it.` };
}

function seldom(
  edge: ObservedEdge,
  { workloads, from, to }: Inventory,
  { leastDays, leastFlows, leastAddressDays }: Thresholds,
): Found | null {
  const there = [edge.source, edge.destination].flatMap((end) => {
    const workload = workloads.get(end);
    return workload === undefined ? [] : [daysOf(workload, from, to)];
  });
  const lived = Math.min(...there);
  const days = edge.passedDays.length;
  const seen = `Passed ${edge.passed} times on ${days} ${days === 1 ? 'day' : 'days'}`;
  if (lived > leastDays && (days < leastDays || edge.passed < leastFlows))
    return {
      reason: 'one_off',
      text: `${seen}, while its workloads have been there for ${lived} days; ${leastDays} days and ${leastFlows} flows are wanted.`,
    };
  if ([edge.source, edge.destination].some(isAddress) && days < Math.min(leastAddressDays, Math.max(lived, 1)))
    return {
      reason: 'unstable_address',
      text: `${seen}; an address is written into a rule when it was seen on ${leastAddressDays} days.`,
    };
  return null;
}

/** Days of the window from the first sight of a workload to the last, both counted. */
function daysOf({ firstSeen, lastSeen }: ObservedWorkload, from: string, to: string): number {
  const day = (time: number): number => Math.floor(time / dayMilliseconds);
  const first = Math.max(Date.parse(firstSeen), Date.parse(from));
  const last = Math.min(Date.parse(lastSeen), Date.parse(to) - 1);
  return Math.max(1, day(last) - day(first) + 1);
}
