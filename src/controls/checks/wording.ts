/** Words and citations that all checks write alike. */

import { policyIdText } from '../../policies/model.js';
import type { PolicyKey } from '../../policies/policy-key.js';
import { citationLimit, type Citation, type ControlResult, type EdgeView, type PolicyVersionView } from '../model.js';

const numbers = new Intl.NumberFormat('en-GB');

/** `1 flow`, `2,000 flows`; `plural` where an `s` is not enough. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${numbers.format(count)} ${count === 1 ? noun : plural}`;
}

/** The first names in full and the number of the rest: `a, b, c and 4 more`. */
export function listed(names: readonly string[], limit = 5): string {
  const shown = names.slice(0, limit).join(', ');
  return names.length > limit ? `${shown} and ${numbers.format(names.length - limit)} more` : shown;
}

/** A duration in the largest unit that keeps it readable: `40 s`, `25 min`, `3 h`, `2.5 days`. */
export function duration(seconds: number): string {
  const steps: readonly [number, string][] = [
    [86_400, 'days'],
    [3_600, 'h'],
    [60, 'min'],
  ];
  for (const [size, unit] of steps) if (seconds >= 2 * size) return `${Math.round((seconds / size) * 10) / 10} ${unit}`;
  return `${Math.round(seconds)} s`;
}

/** `NetworkPolicy payments/default-deny`. */
export function policyText(version: PolicyKey): string {
  return policyIdText(version);
}

export function citeVersion(version: PolicyVersionView): Citation {
  const { index, eventTime, action, author } = version;
  return { index, eventTime, summary: `${action} ${policyText(version)} by ${author}` };
}

/** `k8s:shop/web to k8s:payments/api TCP/8443`. */
export function edgeText({ source, destination, protocol, port }: EdgeView): string {
  return `${source} to ${destination} ${protocol}${port === null ? '' : `/${port}`}`;
}

/** Cites an edge by the first of its flow records. */
export function citeEdge(edge: EdgeView): Citation {
  return {
    index: edge.firstIndex,
    eventTime: edge.firstTime,
    summary: `${edge.verdict} ${edgeText(edge)}, ${counted(edge.flows, 'flow')} on ${edge.day}`,
  };
}

/** The first `citationLimit` of the cited records, most telling first, and how many there are; a record counts once. */
export function cited(citations: readonly Citation[]): Pick<ControlResult, 'citations' | 'citedTotal'> {
  const distinct = [...new Map(citations.map((citation) => [citation.index, citation])).values()];
  return { citations: distinct.slice(0, citationLimit), citedTotal: distinct.length };
}

/**
 * Cites flow records by the edges they were summed into: at most `citationLimit` edges are cited by their first
 * record, the total counts all their flow records.
 */
export function citedEdges(edges: readonly EdgeView[]): Pick<ControlResult, 'citations' | 'citedTotal'> {
  return {
    citations: cited(edges.slice(0, citationLimit).map(citeEdge)).citations,
    citedTotal: edges.reduce((sum, { flows }) => sum + flows, 0),
  };
}
