import type { FindingKind as RegisterKind } from '../findings/finding.js';
import type { Permission } from '../access/permissions.js';
import type { ResultWord } from '../controls/model.js';
import type { ReportedControl, ReportModel } from '../evidence/report-model.js';
import type { NormalForm, QuarantineReason, Verdict } from '../ingestion/normal-form.js';
import type { ReprocessAnswer } from '../inventory/quarantine.js';
import type { PolicyEntry } from '../policies/register/register-view.js';
import type { Said, StewardshipFlag } from '../policies/register/stewardship.js';
import type { SegmentPhase } from '../inventory/segment-phase.js';
import type { PhaseDetail } from '../phases/phases.js';
import type { DefaultDeny } from '../policies/default-deny.js';
import type { EdgeClass, UncertainReason } from '../policies/replay/replay.js';
import type { EdgePage, SimulationSummary, SimulationView, StoredPath } from '../simulations/simulation.js';
import type { OpenApiDocument } from './openapi.js';

/**
 * What each page shows, as plain data: controllers fill these from the read models, pages draw
 * them. Times are RFC 3339 in UTC; digests and hashes are lower-case hex, in full; indices and
 * sizes are safe integers. Nothing here is formatted: shortening, ages and units are the page's work.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

// ---- every page --------------------------------------------------------------------------------

export interface Shell {
  /** Path of this request without its query, to mark the place in the navigation. */
  readonly path: string;
  /** When the page was made; ages are counted from it. */
  readonly now: string;
  readonly version: string;
  /** Null on pages shown before sign-in: they carry no navigation. */
  readonly user: SignedInUser | null;
  /** Null where the reader may not know the state of the log (before sign-in). */
  readonly log: LogState | null;
}

export interface SignedInUser {
  readonly name: string;
  readonly displayName: string;
  readonly roles: readonly string[];
  /** What the roles permit: pages leave out what lies beyond. */
  readonly may: readonly Permission[];
}

export interface LogState {
  readonly origin: string;
  readonly size: number;
  readonly rootHash: string;
  /** The last verification, of the whole log or of what was new in it; null when none was made yet. */
  readonly verification: {
    readonly verified: boolean;
    readonly at: string;
    /** When the whole log was last verified; null when it never was. */
    readonly wholeAt: string | null;
    readonly problems: readonly string[];
    /** What could not be verified because a key is missing; says nothing about the log. */
    readonly unverifiable: readonly string[];
  } | null;
  /** Why nothing is signed; null while signing goes on. */
  readonly signingStopped: { readonly since: string; readonly because: string } | null;
  /** Witnesses that have seen another log; empty when all is well. */
  readonly contradictions: readonly { readonly witness: string; readonly since: string; readonly detail: string }[];
  /** Entries the lists take into account; smaller than `size` while followers catch up. */
  readonly followedSize: number;
}

/** Opaque cursors of a list; null where there is nothing further that way. */
export interface Paging {
  readonly older: string | null;
  readonly newer: string | null;
}

/** Why a form or filter was not accepted: field name to sentence. Empty when it was. */
export type FieldProblems = Readonly<Record<string, string>>;

export interface ChangeReference {
  readonly id: string;
  readonly number: string;
  readonly title: string;
}

/** Whether this reader may do this one thing, or why not. */
export type Allowance = { readonly permitted: true } | { readonly permitted: false; readonly because: string };

// ---- sign-in, errors ---------------------------------------------------------------------------

export interface SignInView {
  readonly shell: Shell;
  readonly userName: string;
  /** Where to go afterwards: a path of this portal, checked by the controller. */
  readonly next: string | null;
  /** Never says which of name and password was wrong. */
  readonly problem: string | null;
}

export interface ErrorView {
  readonly shell: Shell;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly requestId: string | null;
}

export interface NotPermittedView {
  readonly shell: Shell;
  /** What was asked for, as a phrase: `approve change CHG-0042`. */
  readonly what: string;
  readonly because: string;
  /** The entry that records the refusal. */
  readonly recordedIndex: number | null;
}

// ---- home --------------------------------------------------------------------------------------

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info';

/** What is looked at for the home page alone; all other kinds are those of the register. */
export type FindingKind =
  | RegisterKind
  | 'integrity'
  | 'unauthorised_change'
  | 'unenforced_segment'
  | 'rejected_records'
  | 'failed_control';

/** Something that needs a person. `href` comes from `paths`, never from a record. */
export interface FindingView {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly title: string;
  readonly detail: string;
  readonly since: string;
  readonly href: string;
}

/** Records of one UTC day by verdict; verdicts that did not occur may be left out. */
export interface DayVolume {
  /** `YYYY-MM-DD` */
  readonly day: string;
  readonly counts: Partial<Record<Verdict, number>>;
}

export interface ResultTotals {
  readonly satisfied: number;
  readonly notSatisfied: number;
  readonly notApplicable: number;
  readonly notAssessed: number;
}

export interface HomeView {
  readonly shell: Shell;
  /** All open findings, in any order. */
  readonly findings: readonly FindingView[];
  /** Changes waiting for a review this user may give. */
  readonly awaitingReview: number;
  readonly completeness: {
    readonly sources: number;
    readonly sourcesReporting: number;
    readonly segments: number;
    readonly segmentsEnforcing: number;
    readonly policies: number;
    /** Within the 30 days of `volume`. */
    readonly policyChanges: number;
    readonly policyChangesAuthorised: number;
    readonly records: number;
    readonly rejected: number;
  };
  readonly frameworks: readonly { readonly id: string; readonly title: string; readonly totals: ResultTotals }[];
  readonly assessedAt: string | null;
  /** 30 consecutive days, oldest first, today last. */
  readonly volume: readonly DayVolume[];
}

// ---- records -----------------------------------------------------------------------------------

/** As parsed from the URL; times normalised to RFC 3339 UTC. Query names are the field names. */
export interface RecordFilters {
  readonly from: string | null;
  readonly to: string | null;
  readonly receivedFrom: string | null;
  readonly receivedTo: string | null;
  readonly kind: string | null;
  readonly source: string | null;
  readonly verdict: string | null;
  readonly workload: string | null;
  readonly actor: string | null;
  readonly policy: string | null;
  readonly conflicting: string | null;
  readonly text: string | null;
}

export interface RecordRow {
  readonly index: number;
  readonly kind: string;
  readonly source: string;
  readonly eventTime: string | null;
  readonly receivedAt: string;
  readonly verdict: Verdict;
  readonly summary: string;
  /** Workload keys of a flow's two ends. */
  readonly from: string | null;
  readonly to: string | null;
  readonly protocol: string | null;
  readonly port: number | null;
  /** Text form of the policies named by the record. */
  readonly policies: readonly string[];
}

export interface RecordsView {
  readonly shell: Shell;
  readonly filters: RecordFilters;
  readonly problems: FieldProblems;
  /** What the selects offer. */
  readonly kinds: readonly string[];
  readonly sources: readonly string[];
  readonly rows: readonly RecordRow[];
  /** How many match in all; null when counting would take too long. */
  readonly matching: number | null;
  readonly paging: Paging;
}

export interface RecordDetailView {
  readonly shell: Shell;
  readonly index: number;
  readonly id: string;
  readonly kind: string;
  readonly source: string;
  readonly occurredAt: string | null;
  readonly receivedAt: string;
  /** What the entry says: none for acts of the service itself, several where a delivery holds several facts. */
  readonly records: readonly NormalForm[];
  /** As received. `text` is UTF-8, or base64 where the bytes are not valid UTF-8. */
  readonly raw: { readonly bytes: number; readonly encoding: 'utf8' | 'base64'; readonly text: string };
  readonly proof: {
    readonly leafHash: string;
    readonly payloadHash: string;
    readonly salt: string;
    /** The leaf, RFC 8785 canonical JSON. */
    readonly leaf: string;
    readonly treeSize: number;
    readonly rootHash: string;
    readonly path: readonly string[];
    /** Signed checkpoint for `treeSize`. */
    readonly checkpoint: string;
  };
  /** The change that authorised this policy change, where one did; `unauthorised` says why none did. */
  readonly authorisedBy: ChangeReference | null;
  readonly unauthorised: string | null;
  /** The entry that had this record's id before, with other bytes; and those that came with it later. */
  readonly conflicts: { readonly firstIndex: number | null; readonly later: readonly number[] };
  /** What the record was read as before newer parsers read it, the newest first. */
  readonly earlierForms: readonly EarlierFormView[];
  readonly previousIndex: number | null;
  readonly nextIndex: number | null;
}

export interface EarlierFormView {
  readonly part: number;
  readonly format: string;
  readonly parserVersion: number;
  readonly supersededAt: string;
  /** The entry that holds the digest of the form. */
  readonly supersededIndex: number;
  readonly digest: string;
  /** Fields that the search knows otherwise now; null where there is nothing. */
  readonly differences: readonly { readonly field: string; readonly was: string | null; readonly is: string | null }[];
}

export interface QuarantinedRow {
  readonly id: string;
  readonly source: string;
  readonly receivedAt: string;
  readonly reason: QuarantineReason;
  readonly detail: string;
  readonly bytes: number;
  /** The first bytes as text, undecodable bytes shown as U+FFFD. */
  readonly excerpt: string;
}

export interface QuarantineView {
  readonly shell: Shell;
  readonly filters: { readonly source: string | null; readonly reason: string | null };
  readonly sources: readonly string[];
  readonly rows: readonly QuarantinedRow[];
  readonly matching: number;
  readonly paging: Paging;
  readonly mayReprocess: boolean;
  /** What reading records again came to, just now. */
  readonly reprocessed: ReprocessAnswer | null;
}

// ---- changes -----------------------------------------------------------------------------------

export type ChangeState = 'proposed' | 'approved' | 'rejected';
export type ChangeAction = 'create' | 'update' | 'delete';
/** What the records show about an approved change. */
export type ChangeOutcome = 'waiting' | 'carried_out' | 'partly' | 'not_carried_out' | 'not_applicable';

export interface ChangeRow {
  /** As in addresses. */
  readonly id: string;
  /** As people call it: `CHG-42`. */
  readonly number: string;
  readonly title: string;
  readonly state: ChangeState;
  readonly outcome: ChangeOutcome;
  readonly requester: string;
  readonly approver: string | null;
  readonly proposedAt: string;
  readonly windowFrom: string;
  readonly windowTo: string;
  readonly items: number;
}

/** `for_review`: proposed by others, and this user may review them. */
export type ChangeFilter = 'all' | 'for_review' | ChangeState;

export interface ChangesView {
  readonly shell: Shell;
  readonly filter: ChangeFilter;
  readonly counts: Readonly<Record<ChangeFilter, number>>;
  readonly rows: readonly ChangeRow[];
  readonly paging: Paging;
}

export interface MatchedVersion {
  readonly index: number;
  readonly eventTime: string;
  readonly author: string;
  readonly digest: string | null;
  readonly sameContent: boolean;
  readonly insideWindow: boolean;
}

export interface ChangeItemView {
  readonly system: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly action: ChangeAction;
  readonly digest: string | null;
  /** The version in force when the change was proposed, and the object asked for. */
  readonly before: Json;
  readonly after: Json;
  readonly matched: readonly MatchedVersion[];
}

export interface ReviewView {
  readonly reviewer: string;
  readonly decision: 'approved' | 'rejected';
  readonly at: string;
  readonly comment: string;
  readonly index: number;
  /** Why it no longer counts; null while it does. */
  readonly voidBecause: string | null;
}

export interface ChangeDetailView {
  readonly shell: Shell;
  readonly id: string;
  readonly number: string;
  readonly title: string;
  readonly reason: string;
  readonly state: ChangeState;
  readonly outcome: ChangeOutcome;
  readonly requester: string;
  readonly proposedAt: string;
  readonly proposedIndex: number;
  readonly windowFrom: string;
  readonly windowTo: string;
  readonly items: readonly ChangeItemView[];
  readonly reviews: readonly ReviewView[];
  readonly mayReview: Allowance;
  /** What simulating exactly these items showed last. */
  readonly simulation?: ChangeSimulationView;
  readonly problems: FieldProblems;
}

export interface NewChangeView {
  readonly shell: Shell;
  readonly values: {
    readonly title: string;
    readonly reason: string;
    /** RFC 3339 UTC, or whatever was typed where it could not be read. */
    readonly windowFrom: string;
    readonly windowTo: string;
    readonly action: ChangeAction;
    readonly policy: string;
  };
  readonly problems: FieldProblems;
}

// ---- simulations -------------------------------------------------------------------------------

export interface SimulationsView {
  readonly shell: Shell;
  readonly rows: readonly SimulationSummary[];
  readonly paging: Paging;
}

export interface SimulationDetailView {
  readonly shell: Shell;
  readonly simulation: SimulationView;
  /** Whether other policies are in force by now; false while it has no result. */
  readonly stale: boolean;
  /** The objects its items replace, as they stood when it was asked for. */
  readonly before: readonly Json[];
  /** The change it was asked for, or the newest one of the same items. */
  readonly change: { readonly id: string; readonly number: string } | null;
}

export interface SimulationEdgesView {
  readonly shell: Shell;
  readonly id: string;
  readonly title: string;
  readonly filters: {
    readonly class: EdgeClass;
    readonly reason: UncertainReason | null;
    readonly workload: string | null;
    readonly peer: string | null;
    readonly segment: string | null;
  };
  readonly segments: readonly string[];
  /** All edges of the class and reason, whatever the other filters. */
  readonly total: number;
  readonly edges: EdgePage['edges'];
  readonly paging: Paging;
}

export interface SimulationPathsView {
  readonly shell: Shell;
  readonly id: string;
  readonly title: string;
  readonly change: PathChangeWord;
  readonly counts: Readonly<Record<PathChangeWord, number>>;
  readonly paths: readonly StoredPath[];
  readonly paging: Paging;
}

export type PathChangeWord = 'opened' | 'closed' | 'changed';

export interface ChangeSimulationView {
  /** Null where these items were not simulated yet. */
  readonly newest: SimulationView | null;
  readonly stale: boolean;
}

// ---- policies, segments, sources ---------------------------------------------------------------

export interface PolicyRow {
  readonly system: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly inForce: boolean;
  readonly versions: number;
  readonly unauthorisedVersions: number;
  readonly changedAt: string;
  readonly changedBy: string;
  readonly digest: string | null;
  readonly owner: Said;
  readonly flags: readonly StewardshipFlag[];
  /** Rules that are expired or past their review by themselves. */
  readonly rulesFlagged: number;
}

export interface PoliciesView {
  readonly shell: Shell;
  readonly filters: {
    readonly namespace: string | null;
    readonly text: string | null;
    readonly authorised: string | null;
    readonly system: string | null;
    readonly needs: string | null;
  };
  readonly systems: readonly string[];
  readonly namespaces: readonly string[];
  readonly rows: readonly PolicyRow[];
  readonly matching: number;
  readonly paging: Paging;
}

export interface PolicyVersionRow {
  /** 1 for the first version. */
  readonly version: number;
  readonly index: number;
  readonly action: ChangeAction;
  readonly author: string;
  readonly eventTime: string;
  readonly digest: string | null;
  /** Its canonical digest is that of the version before. */
  readonly sameMeaning: boolean;
  readonly object: Json;
  readonly authorisedBy: ChangeReference | null;
  /** Why no approved change covers it; null when one does. */
  readonly unauthorised: string | null;
}

export interface PolicyDetailView {
  readonly shell: Shell;
  readonly entry: PolicyEntry;
  /** Newest first. */
  readonly versions: readonly PolicyVersionRow[];
}

export interface SegmentRow {
  readonly name: string;
  readonly owner: string;
  readonly criticality: 'low' | 'medium' | 'high' | 'critical';
  readonly phase: SegmentPhase;
  readonly namespace: string;
  readonly workloads: number;
  readonly defaultDeny: DefaultDeny;
  /** Flows of the last 30 days that touch the segment. */
  readonly allowed: number;
  readonly denied: number;
}

export interface SegmentsView {
  readonly shell: Shell;
  readonly rows: readonly SegmentRow[];
  /** Flows of the last 30 days between segments; `outside` names everything that is in no segment. */
  readonly traffic: readonly {
    readonly from: string;
    readonly to: string;
    readonly allowed: number;
    readonly denied: number;
    readonly wouldDeny: number;
  }[];
}

export interface EdgeRow {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port: number | null;
  readonly verdict: Verdict;
  readonly flows: number;
  readonly firstTime: string;
  readonly lastTime: string;
  /** The policy that allowed it; null where none did or the source does not say. */
  readonly policy: string | null;
}

/** The form that moves a segment, as it was sent: texts as they were typed. */
export interface PhaseMoveForm {
  readonly phase: string;
  readonly reason: string;
  readonly override: boolean;
}

export interface SegmentDetailView {
  readonly shell: Shell;
  readonly phase: PhaseDetail;
  readonly move: PhaseMoveForm;
  readonly segment: SegmentRow;
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly workloads: readonly {
    readonly key: string;
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly lastSeen: string;
    readonly flows: number;
  }[];
  readonly edges: readonly EdgeRow[];
  /** All edges there are; more than `edges` where the list was cut. */
  readonly edgesTotal: number;
  readonly edgesSince: string;
}

export type SourceHealthMark = 'reporting' | 'silent' | 'never_reported' | 'not_watched';

export interface SourceRow {
  readonly name: string;
  readonly format: string | null;
  readonly health: SourceHealthMark;
  readonly createdAt: string;
  readonly lastReceivedAt: string | null;
  readonly lastEventTime: string | null;
  readonly received: number;
  readonly appended: number;
  readonly duplicate: number;
  readonly quarantined: number;
  readonly refused: number;
  readonly silenceAfterSeconds: number | null;
  /** Records a day over the last 30 days, oldest first. */
  readonly perDay: readonly number[];
}

export interface SourcesView {
  readonly shell: Shell;
  readonly mayManage: boolean;
  readonly rows: readonly SourceRow[];
}

// ---- controls and reports ----------------------------------------------------------------------

export interface ControlsView {
  readonly shell: Shell;
  /** Null when nothing was assessed yet. */
  readonly assessment: {
    readonly at: string;
    readonly period: { readonly from: string; readonly to: string };
    readonly scope: string;
    /** Entries of the log it rests on. */
    readonly logSize: number;
  } | null;
  readonly controls: readonly ReportedControl[];
  readonly frameworks: readonly {
    readonly id: string;
    readonly title: string;
    readonly version: string;
    readonly publisher: string;
    readonly requirements: number;
    readonly totals: ResultTotals | null;
    readonly latestReport: { readonly id: string; readonly requestedAt: string } | null;
  }[];
}

export type ReportState = 'queued' | 'building' | 'ready' | 'failed';

export interface ReportRow {
  readonly id: string;
  readonly title: string;
  readonly framework: string;
  readonly scope: string;
  readonly periodFrom: string;
  readonly periodTo: string;
  readonly requestedAt: string;
  readonly requestedBy: string;
  readonly state: ReportState;
  readonly totals: ResultTotals | null;
}

export interface ReportsView {
  readonly shell: Shell;
  readonly rows: readonly ReportRow[];
  readonly paging: Paging;
}

export interface NewReportView {
  readonly shell: Shell;
  readonly frameworks: readonly { readonly id: string; readonly title: string }[];
  readonly segments: readonly string[];
  readonly values: {
    readonly framework: string;
    /** `YYYY-MM-DD`; both days belong to the period. */
    readonly from: string;
    readonly to: string;
    /** Empty: the whole estate. */
    readonly segments: readonly string[];
  };
  readonly problems: FieldProblems;
}

export interface ReportFile {
  readonly bytes: number;
  readonly sha256: string;
}

export interface ReportDetailView {
  readonly shell: Shell;
  readonly id: string;
  readonly title: string;
  readonly requestedAt: string;
  readonly requestedBy: string;
  readonly state: ReportState;
  readonly progress: { readonly step: string; readonly done: number; readonly total: number } | null;
  /** What went wrong, and what to do; for a failed report. */
  readonly failure: string | null;
  /** The read model everything else about the report is drawn from; null until it is ready. */
  readonly report: ReportModel | null;
  readonly files: { readonly pdf: ReportFile; readonly package: ReportFile } | null;
  /** Requirements with this result only; from the URL. */
  readonly result: ResultWord | null;
}

// ---- API reference -----------------------------------------------------------------------------

export interface ApiReferenceView {
  readonly shell: Shell;
  readonly document: OpenApiDocument;
}
