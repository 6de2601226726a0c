/** What hygiene checks say. */

/** The checks, by the word a finding carries. */
export type HygieneCheck =
  | 'selects-nothing'
  | 'rule-selects-nothing'
  | 'vacuous'
  | 'redundant-policy'
  | 'redundant-rule'
  | 'duplicate-policy'
  | 'overlapping'
  | 'orphan-label'
  | 'named-port-nowhere'
  | 'any-peer'
  | 'all-ports'
  | 'conflict'
  | 'inconsistent-labels'
  | 'not-selected';

/**
 * One finding. `warning` is what is probably not meant; a `note` may well be. `place` is a rule, `ingress[0]`, or empty
 * for the whole; `others` are the policies that explain the finding.
 */
export interface HygieneFinding {
  readonly check: HygieneCheck;
  readonly severity: 'warning' | 'note';
  readonly policies: readonly string[];
  readonly place: string;
  readonly others: readonly string[];
  readonly message: string;
}
