import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { canonicalOrPlain } from '../policies/object-digest.js';
import type { PolicyEstates, Reader } from '../policies/estate.js';
import { policyKeyText } from '../policies/policy-key.js';
import { importPolicies, type PolicyImport } from '../policies/import.js';
import type { LabelsSince, ReplaySet, ReplayWorkload } from '../policies/replay/replay.js';
import { belongsTo } from '../inventory/segments.js';
import { draftOf, type DraftItem, type InForce } from './draft.js';
import type { SegmentMembers } from './summary.js';

/** What was asked of a simulation. */
export interface SimulationOrder {
  readonly id: string;
  readonly items: readonly DraftItem[];
  readonly from: string;
  readonly to: string;
  readonly labels: 'flow_time' | 'now';
  readonly ipBlockMatchesPods: boolean | null;
  readonly requestedAt: string;
}

/** All a result depends on besides the edges and the times sources spoke. Kept with it, so that it can be run again. */
export interface SimulationInputs {
  readonly order: SimulationOrder;
  readonly inForce: readonly InForce[];
  readonly workloads: readonly ReplayWorkload[];
  readonly segments: readonly SegmentMembers[];
}

export interface SimulatedPolicies {
  readonly inForce: PolicyImport;
  readonly draft: PolicyImport;
}

/** As the transaction sees the database. */
export async function readInputs(
  order: SimulationOrder,
  estates: PolicyEstates,
  reader: Reader,
): Promise<SimulationInputs> {
  const estate = await estates.at(null, reader);
  const history = order.labels === 'now' ? null : await readHistory(order.to, reader);
  const segments = await reader.query<{ name: string; namespace: string; match_labels: Record<string, string> }>(
    'SELECT name, namespace, match_labels FROM segment ORDER BY name COLLATE "C"',
  );
  return {
    order,
    inForce: estate.objects
      .map(({ system, kind, namespace, name, object }) => ({ system, kind, namespace, name, object }))
      .sort((a, b) => (policyKeyText(a) < policyKeyText(b) ? -1 : 1)),
    workloads: estate.workloads
      .map((workload) => (history === null ? workload : { ...workload, history: history.get(workload.key) ?? [] }))
      .sort((a, b) => (a.key < b.key ? -1 : 1)),
    segments: segments.map(({ name, namespace, match_labels: matchLabels }) => ({
      name,
      workloads: estate.workloads
        .filter((one) => belongsTo({ namespace, matchLabels }, { namespace: one.namespace, labels: one.labels ?? {} }))
        .map(({ key }) => key)
        .sort(),
    })),
  };
}

/** Only where the labels seen last became others; by when each set was first seen on its day. */
async function readHistory(to: string, reader: Reader): Promise<Map<string, LabelsSince[]>> {
  const rows = await reader.query<{ key: string; since: number; labels: Record<string, string> }>(
    `SELECT key, date_part('epoch', first_time) AS since, labels FROM (
       SELECT key, first_time, labels, digest, lag(digest) OVER (PARTITION BY key ORDER BY first_time, digest) AS before
       FROM workload_labels WHERE day <= $1) seen
     WHERE digest IS DISTINCT FROM before ORDER BY key, first_time, digest`,
    [to],
  );
  const history = new Map<string, LabelsSince[]>();
  for (const { key, since, labels } of rows) {
    const known = history.get(key);
    if (known === undefined) history.set(key, [{ since, labels }]);
    else known.push({ since, labels });
  }
  return history;
}

/** Policies before and after, imported as of when the simulation was asked for. */
export function policiesOf({ order, inForce }: SimulationInputs): SimulatedPolicies {
  const known = inForce.filter(({ object }) => object !== null);
  return {
    inForce: importPolicies(
      known.map(({ object }) => object),
      order.requestedAt,
    ),
    draft: importPolicies(draftOf(known, order.items), order.requestedAt),
  };
}

export function replaySetOf(inputs: SimulationInputs, { inForce, draft }: SimulatedPolicies): ReplaySet {
  return {
    inForce: inForce.policies,
    draft: draft.policies,
    workloads: inputs.workloads,
    namespaces: [],
    ipBlockMatchesPods: inputs.order.ipBlockMatchesPods,
  };
}

const deflate = promisify<string, Buffer>(deflateRaw);
const inflate = promisify<Buffer, Buffer>(inflateRaw);

export async function packInputs(inputs: SimulationInputs): Promise<Buffer> {
  return await deflate(canonicalOrPlain(inputs));
}

export async function unpackInputs(packed: Buffer): Promise<SimulationInputs> {
  return JSON.parse((await inflate(packed)).toString('utf8')) as SimulationInputs; // as `packInputs` wrote it
}
