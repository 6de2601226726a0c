/** Enforcement that was switched off: verdicts that were only reported, and default denial that is gone. Pure. */

import type { Cause } from '../findings/finding.js';
import { policyIdText, type Direction, type Policy } from '../policies/model.js';
import { hasBit } from '../policies/simulation/bitset.js';
import { compile, type Engine, type Topology } from '../policies/simulation/evaluate.js';
import type { Place, Places, SegmentPlace } from './places.js';
import { graceSeconds, type ObservedEdge } from './violations.js';

/** Audit verdicts older than this (hours) are no present state. */
export const auditHours = 24;
/** A denial this long (seconds) after the last audit verdict shows that enforcement is back. */
export const enforcedAgainSeconds = 3600;
const listedEnds = 50;
const listedEdges = 20;

/** The ends at which an edge was decided: destination for ingress, source for egress, either when it does not say. */
function enforcers({ direction, source, destination }: ObservedEdge): string[] {
  if (direction === 'ingress') return [destination];
  return direction === 'egress' ? [source] : [...new Set([source, destination])];
}

interface Decisions {
  readonly place: Place;
  readonly audited: ObservedEdge[];
  readonly denied: ObservedEdge[];
}

function byPlace(
  audited: readonly ObservedEdge[],
  denied: readonly ObservedEdge[],
  places: Places,
): readonly Decisions[] {
  const found = new Map<string, Decisions>();
  const take = (edges: readonly ObservedEdge[], list: 'audited' | 'denied') => {
    for (const edge of edges)
      for (const key of enforcers(edge)) {
        const place = places.of(key);
        if (place.text === 'outside') continue;
        const decisions = found.get(place.text) ?? { place, audited: [], denied: [] };
        decisions[list].push(edge);
        found.set(place.text, decisions);
      }
  };
  take(audited, 'audited');
  take(denied, 'denied');
  return [...found.values()];
}

const latest = (edges: readonly ObservedEdge[]) => Math.max(...edges.map(({ lastTime }) => Date.parse(lastTime)));

/**
 * Segments in phase enforcing, and namespaces without a segment in which flows were denied before, whose flows of the
 * last day only got an audit verdict. `audited` and `denied` are edges of the last week.
 */
export function auditFindings(
  audited: readonly ObservedEdge[],
  denied: readonly ObservedEdge[],
  places: Places,
  now: Date,
): Cause[] {
  return byPlace(audited, denied, places).flatMap(({ place, ...of }): Cause[] => {
    const { segment, text } = place;
    const denials = of.denied;
    if (segment !== null && segment.phase !== 'enforcing') return [];
    const since = segment === null ? Number.NEGATIVE_INFINITY : Date.parse(segment.phaseSince) + graceSeconds * 1000;
    const edges = of.audited.filter(({ lastTime }) => Date.parse(lastTime) >= since);
    if (edges.length === 0) return [];
    const [last, lastDenied] = [latest(edges), latest(denials)];
    // Of an edge that began before the segment was enforced, only the last flow is certain to be of the time after.
    const isWhole = ({ firstTime }: ObservedEdge) => Date.parse(firstTime) >= since;
    const began = edges
      .map((edge) => (isWhole(edge) ? edge.firstTime : edge.lastTime))
      .reduce((first, time) => (time < first ? time : first));
    if (now.getTime() - last > auditHours * 3_600_000) return [];
    if (lastDenied - last >= enforcedAgainSeconds * 1000) return [];
    if (segment === null && !denials.some(({ firstTime }) => firstTime < began)) return [];
    const flows = edges.reduce((sum, edge) => sum + (isWhole(edge) ? edge.flows : 1), 0);
    const isLeast = !edges.every(isWhole);
    const recent = [...edges].sort((a, b) => (a.lastTime < b.lastTime ? 1 : -1)).slice(0, listedEdges);
    return [
      {
        kind: 'enforcement_off',
        cause: `audit ${text}`,
        segment: segment?.name ?? null,
        severity: segment === null ? 'medium' : segment.criticality === 'critical' ? 'critical' : 'high',
        title: `${text} only reports what it should deny`,
        detail: `${isLeast ? 'At least ' : ''}${flows} ${flows === 1 ? 'flow' : 'flows'} got an audit verdict (would be denied, but passed)${segment === null ? '; flows were denied there before' : ', although the segment is in phase enforcing'}.`,
        facts: {
          mode: 'audit',
          flows,
          flowsAtLeast: isLeast,
          firstTime: began,
          lastTime: new Date(last).toISOString(),
          lastDenied: denials.length === 0 ? null : new Date(lastDenied).toISOString(),
          edges: recent.map((edge) => ({ ...edge, port: edge.port < 0 ? null : edge.port })),
          entries: [...new Set(recent.map(({ lastIndex }) => lastIndex))].sort((a, b) => b - a),
        },
        occurredAt: began,
      },
    ];
  });
}

/** Versions that took policies of a namespace away. */
export interface PolicyRemoval {
  readonly namespace: string | null;
  readonly policy: string;
  readonly index: number;
  readonly at: string;
}

const directions: readonly Direction[] = ['ingress', 'egress'];

/** Rules that allow everything undo the isolation of the pods their policy selects. */
function openers(policies: readonly Policy[], direction: Direction): readonly Policy[] {
  return policies.filter(
    ({ staged, precedence, ...policy }) =>
      staged === null &&
      precedence === 'additive' &&
      policy[direction]?.some(({ action, peers, ports }) => action === 'Accept' && peers === null && ports === null),
  );
}

interface OpenMembers {
  readonly ingress: readonly string[];
  readonly egress: readonly string[];
  readonly openedBy: readonly string[];
}

function openMembers(engine: Engine, policies: readonly Policy[], members: readonly string[]): OpenMembers {
  const openedBy = new Set<string>();
  const [ingress = [], egress = []] = directions.map((direction) => {
    const opening = openers(policies, direction);
    return members.filter((key) => {
      const pod = engine.endpointNumber({ pod: key });
      const guard = engine.guard(direction, pod);
      if (guard?.some(({ isolatedBy }) => isolatedBy !== null) !== true) return true;
      const by = opening.filter((policy) => hasBit(engine.compiled(policy).subject, pod));
      for (const { id } of by) openedBy.add(policyIdText(id));
      return by.length > 0;
    });
  });
  return { ingress, egress, openedBy: [...openedBy].sort() };
}

/** Segments in phase enforcing with workloads that no policy isolates. `members` gives the workloads of a segment. */
export function isolationFindings(
  segments: readonly SegmentPlace[],
  members: (segment: SegmentPlace) => readonly string[],
  topology: Topology,
  policies: readonly Policy[],
  removals: readonly PolicyRemoval[],
): Cause[] {
  const engine = compile(topology, policies, { ipBlockMatchesPods: false });
  const staged = policies.filter((policy) => policy.staged !== null);
  return segments.flatMap((segment): Cause[] => {
    const keys = members(segment);
    if (segment.phase !== 'enforcing' || keys.length === 0) return [];
    const open = openMembers(engine, policies, keys);
    if (open.ingress.length + open.egress.length === 0) return [];
    const waiting = staged.filter((policy) =>
      keys.some((key) => hasBit(engine.compiled(policy).subject, engine.endpointNumber({ pod: key }))),
    );
    const removed = removals.filter(
      ({ namespace, at }) => (namespace === segment.namespace || namespace === null) && at >= segment.phaseSince,
    );
    const stagedNames = waiting.map(({ id }) => policyIdText(id));
    const parts = [
      ...(open.ingress.length > 0 ? [`${open.ingress.length} for ingress`] : []),
      ...(open.egress.length > 0 ? [`${open.egress.length} for egress`] : []),
    ];
    const also = [
      ...(open.openedBy.length > 0 ? [`${open.openedBy.slice(0, 3).join(', ')} allows everything.`] : []),
      ...(stagedNames.length > 0 ? [`${stagedNames.slice(0, 3).join(', ')} is staged only and enforces nothing.`] : []),
      ...(removed[0] === undefined ? [] : [`${removed[0].policy} was deleted.`]),
    ];
    return [
      {
        kind: 'enforcement_off',
        cause: `isolation ${segment.name}`,
        segment: segment.name,
        severity: segment.criticality,
        title: `${segment.name} does not deny by default`,
        detail:
          `Of ${keys.length} ${keys.length === 1 ? 'workload' : 'workloads'} not denied by default: ${parts.join(', ')}, although the segment is in phase enforcing. ${also.join(' ')}`.trim(),
        facts: {
          mode: 'open',
          workloads: keys.length,
          ingressOpen: open.ingress.slice(0, listedEnds),
          ingressOpenInAll: open.ingress.length,
          egressOpen: open.egress.slice(0, listedEnds),
          egressOpenInAll: open.egress.length,
          openedBy: open.openedBy.slice(0, listedEnds),
          staged: stagedNames.slice(0, listedEnds),
          entries: removed.slice(0, listedEdges).map(({ index }) => index),
        },
        occurredAt: removed[0]?.at ?? segment.phaseSince,
      },
    ];
  });
}

/** A change of the mode in which a host enforces, as the control plane recorded it. */
export interface ModeChange {
  readonly system: string;
  readonly host: string;
  readonly before: string | null;
  readonly after: string;
  readonly at: string;
  readonly index: number;
}

/** Modes of Illumio in which rules are computed and bind nobody. */
const lookingOnly: ReadonlySet<string> = new Set(['visibility_only', 'idle']);

/** Hosts whose mode was last switched from one that enforces to one that only looks. `changes` are all, in order of time. */
export function modeFindings(changes: readonly ModeChange[]): Cause[] {
  const last = new Map(changes.map((change) => [`${change.system} ${change.host}`, change]));
  return [...last].flatMap(([key, { host, before, after, at, index }]): Cause[] => {
    if (!lookingOnly.has(after) || before === null || lookingOnly.has(before)) return [];
    return [
      {
        kind: 'enforcement_off',
        cause: `mode ${key}`,
        segment: null,
        severity: 'high',
        title: `${host} was switched from ${before} to ${after}`,
        detail: 'Its policies are computed and bind nobody.',
        facts: { mode: after, before, host, entries: [index] },
        occurredAt: at,
      },
    ];
  });
}
