/** The eight application segments of the estate, each a Kubernetes namespace. */

import type { SegmentDefinition } from '../inventory/segments.js';

/** A segment as it is registered. */
export interface EstateSegment extends Omit<SegmentDefinition, 'matchLabels'> {
  readonly name: string;
  readonly matchLabels: Readonly<Record<string, string>>;
}

/** How far policies go inside a segment: its workloads may all talk to each other, or each needs its own rule. */
export type Isolation = 'namespace' | 'workload';

/** The segment that stays in audit mode: its policies guard ingress only, and deny nothing. */
export const neverEnforced = 'back-office';
/** Its policies are in audit mode first, and enforced in the second week. */
export const enforcedLater = 'fraud';
/** Has no policies in its first days. */
export const isolatedLater = 'notifications';

const isolations: Readonly<Record<string, Isolation>> = {
  'cards-vault': 'workload',
  ledger: 'workload',
  'back-office': 'workload',
};

export function isolationOf(namespace: string): Isolation {
  return isolations[namespace] ?? 'namespace';
}

/** Which directions the segment's policies govern. */
export function governedDirections(namespace: string): readonly ('Ingress' | 'Egress')[] {
  return namespace === neverEnforced ? ['Ingress'] : ['Ingress', 'Egress'];
}

function segment(
  name: string,
  owner: string,
  criticality: EstateSegment['criticality'],
  phase: EstateSegment['phase'] = 'enforcing',
): EstateSegment {
  return { name, owner, criticality, phase, namespace: name, matchLabels: {} };
}

/** The segments as they are registered at the start. */
export const segments: readonly EstateSegment[] = [
  segment('checkout', 'Checkout Platform', 'critical'),
  segment('payments', 'Payments Core', 'critical'),
  segment('cards-vault', 'Cardholder Data', 'critical'),
  segment('fraud', 'Fraud and Risk', 'high', 'monitoring'),
  segment('ledger', 'Ledger and Accounting', 'critical'),
  segment('settlement', 'Settlement and Payouts', 'high'),
  segment('notifications', 'Merchant Communication', 'medium', 'testing'),
  segment('back-office', 'Support and Reporting', 'medium', 'monitoring'),
];
