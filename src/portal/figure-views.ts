import type { Incident } from '../figures/incident.js';
import type { Coverage, Criticality, FindingCounts, ScopeFigures, SegmentPair } from '../figures/model.js';
import type { ExplainedPath } from '../figures/paths-list.js';
import type { SelectingPolicy, WorkloadReach } from '../figures/workload-reach.js';
import type { EdgeRow, FieldProblems, Paging, Shell } from './views.js';

/** A figure's values by day; null where there is none for the day. */
export interface TrendPoint {
  readonly day: string;
  readonly value: number | null;
}

/** One figure: its value as people read it, what stands beside it, and where it leads. */
export interface FigureCard {
  readonly id: string;
  readonly title: string;
  /** The head of its column. */
  readonly short: string;
  /** What it counts, in a sentence. */
  readonly definition: string;
  readonly value: string;
  readonly href: string | null;
  /** Further values, each with the list it counts where there is one. */
  readonly beside: readonly { readonly text: string; readonly href: string | null }[];
  /** Days with the figure, and how a value of it reads. */
  readonly trend: readonly TrendPoint[];
  readonly trendUnit: 'count' | 'percent' | 'duration';
  /** Which way is better. */
  readonly better: 'lower' | 'higher';
  readonly coverage: Coverage;
}

export interface SegmentFigureRow {
  readonly name: string;
  readonly criticality: Criticality;
  readonly figures: ScopeFigures;
}

export interface FiguresPageView {
  readonly shell: Shell;
  readonly segment: string | null;
  readonly segmentNames: readonly string[];
  readonly from: string;
  readonly asOf: string;
  readonly cards: readonly FigureCard[];
  readonly findings: readonly FindingCounts[];
  readonly segments: readonly SegmentFigureRow[];
  /** Digests of what the figures follow from. */
  readonly estateDigest: string;
  readonly windowDigest: string;
}

export interface PathFilters {
  readonly from: string | null;
  readonly to: string | null;
  readonly segment: string | null;
  readonly source: string | null;
  readonly destination: string | null;
  readonly used: 'yes' | 'no' | null;
}

export interface PathsPageView {
  readonly shell: Shell;
  readonly filters: PathFilters;
  readonly segmentNames: readonly string[];
  readonly rows: readonly ExplainedPath[];
  readonly matching: number;
  readonly paging: Paging;
  readonly from: string;
  readonly asOf: string;
}

export interface WorkloadFilters {
  readonly segment: string | null;
  readonly exposed: '1' | '2' | '3' | 'any' | null;
  readonly ungoverned: 'ingress' | 'egress' | 'any' | null;
}

export interface WorkloadsPageView {
  readonly shell: Shell;
  readonly filters: WorkloadFilters;
  readonly segmentNames: readonly string[];
  readonly rows: readonly WorkloadReach[];
  readonly matching: number;
  readonly workloads: number;
  readonly paging: Paging;
}

export interface MapSegment {
  readonly name: string;
  readonly criticality: Criticality;
  readonly workloads: number;
}

export interface MapPageView {
  readonly shell: Shell;
  readonly segments: readonly MapSegment[];
  /** Workloads in no segment. */
  readonly outside: number;
  readonly matrix: readonly SegmentPair[];
  /** The segment whose connections the graph shows; null for all. */
  readonly segment: string | null;
  readonly from: string;
  readonly asOf: string;
}

export interface WorkloadPageView {
  readonly shell: Shell;
  readonly key: string;
  readonly name: string;
  readonly namespace: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** Null for a workload outside any namespace, which policies cannot select. */
  readonly reach: WorkloadReach | null;
  readonly policies: readonly SelectingPolicy[];
  readonly outgoing: { readonly rows: readonly ExplainedPath[]; readonly matching: number };
  readonly incoming: { readonly rows: readonly ExplainedPath[]; readonly matching: number };
  readonly edges: readonly EdgeRow[];
  readonly edgesTotal: number;
  readonly edgesSince: string;
}

export interface IncidentPageView {
  readonly shell: Shell;
  /** Keys of all workloads; empty where there are too many to choose from. */
  readonly choices: readonly string[];
  readonly values: { readonly workload: string; readonly draft: string };
  readonly problems: FieldProblems;
  /** Null until a workload is chosen. */
  readonly incident: Incident | null;
}
