/** Flows that passed although no policy allowed them, and denied flows that press on a segment. Pure. */

import type { Cause, Severity } from '../findings/finding.js';
import { policyIdText } from '../policies/model.js';
import type { SideVerdict, Verdict } from '../policies/simulation/evaluate.js';
import type { Place, Places } from './places.js';

/** An edge of one day, as the inventory keeps it. Times are RFC 3339. */
export interface ObservedEdge {
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly port: number;
  readonly direction: string;
  readonly flows: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly firstTime: string;
  readonly lastTime: string;
}

/** An edge with the policies that deny it; `whole` when they did at its first flow as well as at its last. */
export interface ViolatingEdge {
  readonly edge: ObservedEdge;
  readonly deniedBy: readonly string[];
  readonly whole: boolean;
}

/** Edges older than this many days are no present violations: the flow is taken to be gone. */
export const violationDays = 7;
/** Policies reach enforcement points a little after they are written: flows of this time are judged by both states. */
export const graceSeconds = 60;
/** Denied attempts of one source on one segment within `pressureHours` that are worth a finding. */
export const pressureFlows = 500;
/** Different destinations and ports that one source was denied in one segment: it looks around. */
export const scanTargets = 20;
export const pressureHours = 24;

const edgesListed = 20;

function deniedBy({ allowed, by }: SideVerdict): readonly string[] {
  if (allowed || typeof by === 'string') return [];
  return 'isolatedBy' in by ? by.isolatedBy.map(policyIdText) : by.policies.map(({ policy }) => policyIdText(policy));
}

/**
 * The policies that deny an edge recorded as allowed; empty when none does. What was reported at its source only may
 * have been denied at its destination, which then says so itself.
 */
export function denials(direction: string, { egress, ingress }: Verdict): readonly string[] {
  const sides = direction === 'egress' ? [egress] : [egress, ingress];
  return [...new Set(sides.flatMap(deniedBy))].sort();
}

function portText({ protocol, port }: ObservedEdge): string {
  return port < 0 ? protocol : `${protocol} ${port}`;
}

function severityOf({ segment }: Place): Severity {
  if (segment === null) return 'medium';
  if (segment.phase !== 'enforcing') return 'low';
  return segment.criticality === 'critical' || segment.criticality === 'high' ? segment.criticality : 'medium';
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

const earliest = (times: readonly string[]) => times.reduce((a, b) => (b < a ? b : a));
const latest = (times: readonly string[]) => times.reduce((a, b) => (b > a ? b : a));

function listed(edges: readonly ObservedEdge[]) {
  return [...edges]
    .sort((a, b) => (a.lastTime < b.lastTime ? 1 : a.lastTime > b.lastTime ? -1 : a.lastIndex - b.lastIndex))
    .slice(0, edgesListed)
    .map(({ source, destination, protocol, port, flows, firstIndex, lastIndex, firstTime, lastTime }) => ({
      source,
      destination,
      port: port < 0 ? null : port,
      protocol,
      flows,
      firstIndex,
      lastIndex,
      firstTime,
      lastTime,
    }));
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): [string, Item[]][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return [...groups];
}

/** A finding for each source place, destination place and port. Precondition: every edge has a policy that denies it. */
export function violationFindings(violating: readonly ViolatingEdge[], places: Places): Cause[] {
  const keyOf = ({ edge }: ViolatingEdge) =>
    `${places.of(edge.source).text} > ${places.of(edge.destination).text} ${portText(edge)}`;
  return grouped(violating, keyOf).flatMap(([key, group]): Cause[] => {
    const [first] = group;
    if (first === undefined) return [];
    const [from, to] = [places.of(first.edge.source), places.of(first.edge.destination)];
    const flows = group.reduce((sum, { edge, whole }) => sum + (whole ? edge.flows : 1), 0);
    const isLeast = group.some(({ whole }) => !whole);
    const policies = [...new Set(group.flatMap((one) => one.deniedBy))].sort();
    const since = earliest(group.map(({ edge, whole }) => (whole ? edge.firstTime : edge.lastTime)));
    const last = latest(group.map(({ edge }) => edge.lastTime));
    const pairs = new Set(group.map(({ edge }) => `${edge.source} ${edge.destination}`)).size;
    return [
      {
        kind: 'violation',
        cause: `allowed ${key}`,
        segment: (to.segment ?? from.segment)?.name ?? null,
        severity: severityOf(to.segment === null && from.segment !== null ? from : to),
        title: `Flows from ${from.text} to ${to.text} on ${portText(first.edge)} passed, and no policy allows them`,
        detail: `${isLeast ? 'At least ' : ''}${counted(flows, 'flow')} between ${counted(pairs, 'pair')} of ends, denied by ${policies.slice(0, 3).join(', ')}${policies.length > 3 ? ` and ${policies.length - 3} more` : ''}.`,
        facts: {
          source: from.text,
          destination: to.text,
          port: portText(first.edge),
          flows,
          flowsAtLeast: isLeast,
          pairs,
          firstTime: since,
          lastTime: last,
          deniedBy: policies.slice(0, 20),
          edges: listed(group.map(({ edge }) => edge)),
          entries: [...new Set(group.map(({ edge }) => edge.lastIndex))].sort((a, b) => b - a).slice(0, edgesListed),
        },
        occurredAt: since,
      },
    ];
  });
}

/** Sources whose denied attempts on a place are many, or go to many ends of it. `denied` are edges of the last day. */
export function pressureFindings(denied: readonly ObservedEdge[], places: Places): Cause[] {
  return grouped(denied, ({ source, destination }) => `${source} > ${places.of(destination).text}`).flatMap(
    ([key, edges]): Cause[] => {
      const [first] = edges;
      if (first === undefined) return [];
      const flows = edges.reduce((sum, edge) => sum + edge.flows, 0);
      const targets = new Set(edges.map((edge) => `${edge.destination} ${portText(edge)}`)).size;
      const scans = targets >= scanTargets;
      if (!scans && flows < pressureFlows) return [];
      const to = places.of(first.destination);
      const critical = to.segment?.criticality === 'critical' || to.segment?.criticality === 'high';
      const since = earliest(edges.map(({ firstTime }) => firstTime));
      return [
        {
          kind: 'violation',
          cause: `pressure ${key}`,
          segment: to.segment?.name ?? places.of(first.source).segment?.name ?? null,
          severity: scans && critical ? 'high' : scans || critical ? 'medium' : 'low',
          title: scans ? `${first.source} looks around in ${to.text}` : `${first.source} presses on ${to.text}`,
          detail: `${counted(flows, 'denied attempt')} on ${counted(targets, 'destination and port', 'destinations and ports')} within a day.`,
          facts: {
            source: first.source,
            destination: to.text,
            flows,
            targets,
            scans,
            firstTime: since,
            lastTime: latest(edges.map(({ lastTime }) => lastTime)),
            edges: listed(edges),
            entries: [...new Set(edges.map(({ lastIndex }) => lastIndex))].sort((a, b) => b - a).slice(0, edgesListed),
          },
          occurredAt: since,
        },
      ];
    },
  );
}
