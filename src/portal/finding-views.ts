import type { FindingFiguresView } from '../findings/finding-figures.js';
import type { FindingKind, FindingView } from '../findings/finding.js';
import type { FindingCount } from '../findings/findings.js';
import type { PolicyKey } from '../policies/policy-key.js';
import type { FieldProblems, Paging, Severity, Shell } from './views.js';

/** What the list of findings is restricted to; null for everything. */
export interface FindingFilters {
  readonly state: 'open' | 'closed' | 'all';
  readonly kind: FindingKind | null;
  readonly severity: Severity | null;
  readonly segment: string | null;
}

export interface FindingsView {
  readonly shell: Shell;
  readonly filters: FindingFilters;
  readonly segments: readonly string[];
  readonly rows: readonly FindingView[];
  readonly matching: number;
  readonly counts: readonly FindingCount[];
  readonly figures: FindingFiguresView;
  readonly paging: Paging;
}

export interface FindingDetailView {
  readonly shell: Shell;
  readonly finding: FindingView;
  /** Who put policies in force, by entry, where the records say so. */
  readonly authors: ReadonlyMap<number, string>;
  /** Whether this user may say that what is in force is what was intended. */
  readonly mayAccept: boolean;
  readonly reason: string;
  readonly problems: FieldProblems;
  /** It was accepted just now; the next look closes it. */
  readonly accepted: boolean;
}

export interface HygieneFilters {
  readonly check: string | null;
  readonly namespace: string | null;
  readonly segment: string | null;
}

export interface HygieneRow {
  readonly id: string;
  readonly check: string;
  readonly severity: Severity;
  readonly title: string;
  readonly detail: string;
  readonly segment: string | null;
  readonly policies: readonly PolicyKey[];
  readonly places: number;
}

export interface HygieneView {
  readonly shell: Shell;
  readonly filters: HygieneFilters;
  readonly namespaces: readonly string[];
  readonly segments: readonly string[];
  /** How many findings each check has, whatever is filtered. */
  readonly checks: ReadonlyMap<string, number>;
  readonly rows: readonly HygieneRow[];
  readonly matching: number;
  readonly paging: Paging;
}
