import { digestOf, type DraftItem } from './draft.js';
import {
  LabelsAsOf,
  SimulationResult,
  SimulationState,
  type SimulationSummary,
  type SimulationView,
} from './simulation.js';

/** Rows of simulations as the database gives them, and what leaves the service. */
export interface SimulationRow {
  readonly id: string;
  readonly title: string;
  readonly change_id: string | null;
  readonly items: SimulationView['items'];
  readonly items_digest: string;
  readonly first_day: string;
  readonly last_day: string;
  readonly labels: string;
  readonly ip_block_matches_pods: boolean | null;
  readonly requested_by: string;
  readonly requested_at: Date;
  readonly requested_index: string;
  readonly state: string;
  readonly edges_done: string;
  readonly edges_total: string | null;
  readonly failure: string | null;
  readonly finished_at: Date | null;
  readonly finished_index: string | null;
  readonly result: unknown;
}

export const selectSimulations = `
  SELECT s.id, s.title, s.change_id, s.items, s.items_digest, to_char(s.first_day, 'YYYY-MM-DD') AS first_day,
         to_char(s.last_day, 'YYYY-MM-DD') AS last_day, s.labels, s.ip_block_matches_pods, u.name AS requested_by, s.requested_at,
         s.requested_index, s.state, s.edges_done, s.edges_total, s.failure, s.finished_at, s.finished_index, s.result
  FROM simulation s JOIN users u ON u.id = s.requested_by`;

export function viewOf(row: SimulationRow): SimulationView {
  const result = row.result === null ? null : SimulationResult.parse(row.result);
  return {
    id: row.id,
    title: row.title,
    changeId: row.change_id,
    items: row.items,
    itemsDigest: row.items_digest,
    from: row.first_day,
    to: row.last_day,
    labels: LabelsAsOf.parse(row.labels),
    ipBlockMatchesPods: row.ip_block_matches_pods,
    requestedBy: row.requested_by,
    requestedAt: row.requested_at.toISOString(),
    requestedIndex: Number(row.requested_index),
    state: SimulationState.parse(row.state),
    edgesDone: Number(row.edges_done),
    edgesTotal: row.edges_total === null ? null : Number(row.edges_total),
    failure: row.failure,
    finishedAt: row.finished_at?.toISOString() ?? null,
    finishedIndex: row.finished_index === null ? null : Number(row.finished_index),
    resultDigest: result === null ? null : digestOf(result),
    result,
  };
}

export function summaryOf(row: SimulationRow): SimulationSummary {
  const { result, items, ...view } = viewOf(row);
  return { ...view, policies: items.map(policyText), classes: result?.classes ?? null };
}

export function policyText({ kind, namespace, name }: Pick<DraftItem, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`;
}
