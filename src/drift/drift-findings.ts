/** Causes of drift in the words of the register. */

import { FindingFacts, type Cause, type Severity } from '../findings/finding.js';
import type { DriftCause } from './causes.js';
import type { PolicyKey } from '../policies/policy-key.js';
import type { Departure, Origin } from './departure.js';
import type { Effect } from './effect.js';
import type { Places } from './places.js';

/** `effect` is null where the content of a policy is not recorded or cannot be read. */
export interface MeasuredCause {
  readonly cause: DriftCause;
  readonly effect: Effect | null;
  readonly effectUnknown: string | null;
}

function nameText({ kind, namespace, name }: PolicyKey): string {
  return `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`;
}

function intendedText(origin: Origin): string {
  switch (origin.kind) {
    case 'first_seen':
      return 'as first seen';
    case 'accepted':
      return 'as accepted';
    case 'not_expected':
      return 'not there: no approved change creates it';
    case 'change':
      return `${origin.item.action === 'delete' ? 'deleted' : 'as approved'} by ${origin.item.change}`;
  }
}

function happened({ observed, origin, intended, by }: Departure): string {
  if (observed === 'absent') return by.kind === 'edit' ? 'deleted' : 'not there';
  if (observed === 'unknown') return 'changed, the record does not say to what';
  if (intended === 'absent') return origin.kind === 'not_expected' ? 'created' : 'still there';
  return by.kind === 'edit' ? 'edited' : 'not as approved';
}

function entriesOf(open: readonly Departure[]): number[] {
  const indices = open.flatMap(({ versions, observedVersion, origin }) => [
    ...versions.map(({ index }) => index),
    ...(versions.length === 0 && observedVersion !== null ? [observedVersion.index] : []),
    ...('version' in origin && origin.version !== null ? [origin.version.index] : []),
  ]);
  return [...new Set(indices)].sort((a, b) => a - b);
}

/** Policies and entries written out; the rest is counted. */
const mostListed = 50;

function rounded({ mean, p95, max }: Effect['blastRadius']['before']) {
  return { mean: Math.round(mean * 100) / 100, p95, max };
}

/** Opened paths are worse than closed ones, into a critical segment worst; a difference without any path is least. */
function severityOf({ cause, effect }: MeasuredCause, places: Places): Severity {
  if (effect === null) return 'medium';
  if (effect.gained.pairs === 0 && effect.lost.pairs === 0) return 'low';
  if (cause.kind === 'not_carried_out' || effect.gained.pairs === 0) return 'medium';
  const intoCritical = effect.gained.listed.some(
    ({ destination }) => places.of(destination).segment?.criticality === 'critical',
  );
  return intoCritical ? 'critical' : 'high';
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function effectText({ effect, effectUnknown }: MeasuredCause): string {
  if (effect === null) return `What it opens or closes cannot be told: ${effectUnknown ?? 'content not recorded'}.`;
  const { gained, lost, blastRadius } = effect;
  if (gained.pairs + lost.pairs === 0) return 'No path opens or closes on the present estate.';
  const { before, after } = blastRadius;
  const reach =
    before.max === after.max && before.mean === after.mean
      ? 'the blast radius stays as it was'
      : `mean blast radius ${rounded(before).mean} to ${rounded(after).mean}`;
  return `${counted(gained.pairs, 'path', 'paths')} more and ${counted(lost.pairs, 'path', 'paths')} fewer than intended; ${reach}.`;
}

function titleOf({ kind, by, open }: DriftCause): string {
  const [first] = open;
  if (kind === 'not_carried_out') return `${by} was approved and not carried out`;
  if (open.length > 1 || first === undefined) return `${open.length} policies edited at one time are not as intended`;
  return `${nameText(first.policy)} was ${first.observed === 'unknown' ? 'edited' : happened(first)}, not as intended`;
}

function factsOf({ cause, effect, effectUnknown }: MeasuredCause): FindingFacts {
  const { kind, open } = cause;
  const entries = entriesOf(open);
  const [first] = open;
  return FindingFacts.parse({
    cause: kind,
    change: first?.by.kind === 'not_carried_out' ? { id: first.by.item.changeId, number: first.by.item.change } : null,
    enforcementPoints: [
      ...new Set(
        open.map(({ policy, observedVersion }) => `${policy.system} via ${observedVersion?.source ?? 'no source'}`),
      ),
    ].sort(),
    policies: open.slice(0, mostListed).map((departure) => ({
      ...departure.policy,
      since: departure.since,
      intended: intendedText(departure.origin),
      intendedDigest: departure.intended,
      observed: happened(departure),
      observedDigest: departure.observed,
      version: departure.observedVersion?.version ?? null,
      entry: departure.observedVersion?.index ?? null,
    })),
    policiesInAll: open.length,
    entries: entries.slice(-mostListed),
    gained: effect?.gained ?? null,
    lost: effect?.lost ?? null,
    blastRadius:
      effect === null ? null : { before: rounded(effect.blastRadius.before), after: rounded(effect.blastRadius.after) },
    workloads: effect === null ? [] : effect.workloads.map((one) => ({ ...one })),
    workloadsTouched: effect?.workloadsTouched ?? null,
    effectUnknown,
  });
}

/** A finding for a cause of drift. It names no person: who edited is what its entries say, as long as they are kept. */
export function driftFinding(measured: MeasuredCause, places: Places): Cause {
  const { cause } = measured;
  const { kind, since, open } = cause;
  const names = open.slice(0, 3).map(({ policy }) => nameText(policy));
  const more = open.length > names.length ? ` and ${open.length - names.length} more` : '';
  const head = `${kind === 'edit' ? 'Not as intended' : 'Still to be done'}: ${names.join(', ')}${more}.`;
  return {
    kind: 'drift',
    cause: cause.id,
    segment: places.ofNamespaces([...new Set(open.map(({ policy }) => policy.namespace))])?.name ?? null,
    severity: severityOf(measured, places),
    title: titleOf(cause),
    detail: `${head} ${effectText(measured)}`,
    facts: factsOf(measured),
    occurredAt: since,
  };
}
