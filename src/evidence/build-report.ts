import { checks } from '../controls/checks/registry.js';
import { mappingVersion } from '../controls/mappings/mappings.js';
import type { Assessment } from '../controls/assess.js';
import type { ControlResult, EvidenceSnapshot, Framework } from '../controls/model.js';
import { matchPolicyChanges } from '../changes/matching.js';
import { isWithin } from '../changes/instants.js';
import { policyIdText } from '../policies/model.js';
import type { CitedRecord, ReportedChange, ReportModel, UnauthorisedChange } from './report-model.js';

/** What a report says beside its assessment; all of it is recorded or counted before. */
export interface ReportFacts {
  readonly reportId: string;
  readonly title: string;
  readonly requestedAt: string;
  readonly requestedBy: string;
  readonly estate: boolean;
  readonly checkpoint: string;
  readonly verifierKey: string;
  readonly origin: string;
  readonly recordsByKind: Readonly<Record<string, number>>;
  readonly rejectedInPeriod: number;
  /** Resolves cited indices to records; every index asked for must come back. */
  readonly records: ReadonlyMap<number, CitedRecord>;
}

/** Policy changes of the period, held against the approved changes. */
function matchPeriod(snapshot: EvidenceSnapshot) {
  const versions = snapshot.policyVersions.filter((version) =>
    isWithin(version.eventTime, snapshot.period.from, snapshot.period.to),
  );
  return matchPolicyChanges(versions, snapshot.changes);
}

/** All indices a report cites: from the controls, and from the lists of changes. */
export function citedIndices(snapshot: EvidenceSnapshot, assessment: Assessment): number[] {
  const cited = new Set<number>();
  for (const control of assessment.controls) for (const { index } of citationsOf(control)) cited.add(index);
  for (const match of matchPeriod(snapshot)) cited.add(match.version.index);
  for (const change of changesOfPeriod(snapshot)) {
    cited.add(change.proposedIndex);
    if (change.reviewedIndex !== null) cited.add(change.reviewedIndex);
  }
  return [...cited].sort((a, b) => a - b);
}

function citationsOf(control: ControlResult) {
  return [...control.citations, ...control.observations.flatMap((observation) => observation.citations)];
}

/** Changes proposed, approved or open for carrying out within the period. */
function changesOfPeriod(snapshot: EvidenceSnapshot) {
  const { from, to } = snapshot.period;
  return snapshot.changes.filter(
    (change) =>
      isWithin(change.proposedAt, from, to) ||
      (change.approvedAt !== null && isWithin(change.approvedAt, from, to)) ||
      (change.windowFrom < to && change.windowTo > from),
  );
}

/** The read model of a report, from the snapshot and its assessment. Pure: the same input gives the same report. */
export function buildReport(
  snapshot: EvidenceSnapshot,
  assessment: Assessment,
  framework: Framework,
  facts: ReportFacts,
): ReportModel {
  const matches = matchPeriod(snapshot);
  const unauthorised = matches.flatMap((match): UnauthorisedChange[] =>
    match.authorised
      ? []
      : [
          {
            index: match.version.index,
            eventTime: match.version.eventTime,
            author: match.version.author,
            action: match.version.action,
            policy: policyIdText(match.version),
            explanation: match.explanation,
          },
        ],
  );
  const changes = changesOfPeriod(snapshot).map((change): ReportedChange => {
    const carriedOut = matches.filter((match) => match.authorised && match.change.id === change.id);
    return {
      id: change.id,
      title: change.title,
      state: change.state,
      requester: change.requester,
      approver: change.approver,
      proposedAt: change.proposedAt,
      approvedAt: change.approvedAt,
      windowFrom: change.windowFrom,
      windowTo: change.windowTo,
      recorded: [
        { index: change.proposedIndex, eventTime: change.proposedAt, summary: `proposed by ${change.requester}` },
        ...(change.reviewedIndex === null
          ? []
          : [
              {
                index: change.reviewedIndex,
                eventTime: change.approvedAt ?? change.proposedAt,
                summary: change.approver === null ? 'rejected' : `approved by ${change.approver}`,
              },
            ]),
      ],
      carriedOut: carriedOut.map(({ version }) => ({
        index: version.index,
        eventTime: version.eventTime,
        summary: `${version.action} ${policyIdText(version)} by ${version.author}`,
      })),
    };
  });
  const indices = citedIndices(snapshot, assessment);
  const records = indices.map((index) => {
    const record = facts.records.get(index);
    if (record === undefined) throw new Error(`entry ${index} is cited but was not found in the log`);
    return record;
  });
  const { integrity } = snapshot;
  const recordsInPeriod = Object.values(facts.recordsByKind).reduce((sum, count) => sum + count, 0);
  return {
    reportId: facts.reportId,
    title: facts.title,
    requestedAt: facts.requestedAt,
    requestedBy: facts.requestedBy,
    period: snapshot.period,
    scope: {
      estate: facts.estate,
      segments: snapshot.segments.map(({ name, owner, criticality, phase, workloads }) => ({
        name,
        owner,
        criticality,
        phase,
        workloads: workloads.length,
      })),
    },
    framework: { id: framework.id, title: framework.title, version: framework.version, publisher: framework.publisher },
    mappingVersion,
    log: {
      origin: facts.origin,
      size: integrity.size,
      rootHash: integrity.rootHash,
      checkpoint: facts.checkpoint,
      verifierKey: facts.verifierKey,
      verified: integrity.verified,
      verifiedAt: integrity.verifiedAt,
      problems: [...integrity.problems],
    },
    totals: {
      ...assessment.totals,
      recordsInPeriod,
      recordsByKind: { ...facts.recordsByKind },
      recordsIncluded: records.length,
      flowsInScope: snapshot.edges.reduce((sum, edge) => sum + edge.flows, 0),
      rejectedInPeriod: facts.rejectedInPeriod,
    },
    requirements: [...assessment.requirements],
    controls: assessment.controls.map((control) => {
      const check = checks.find(({ controlId }) => controlId === control.controlId);
      if (check === undefined) throw new Error(`the control ${control.controlId} has no check`);
      return { ...control, title: check.title, question: check.question, method: check.method };
    }),
    unauthorisedChanges: unauthorised,
    changes,
    sources: snapshot.sources.map((source) => ({
      name: source.name,
      received: source.received,
      rejected: source.rejected,
      lastEventTime: source.lastEventTime,
      longestGapSeconds: source.longestGap?.seconds ?? null,
      silent: isSilentAt(source, snapshot.asOf),
    })),
    records,
  };
}

function isSilentAt(source: EvidenceSnapshot['sources'][number], asOf: string): boolean {
  if (source.silenceAfterSeconds === null) return false;
  const last = source.lastReceivedAt ?? source.createdAt;
  return (Date.parse(asOf) - Date.parse(last)) / 1000 > source.silenceAfterSeconds;
}
