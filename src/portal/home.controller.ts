import { Controller, Get, Inject } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { CurrentActor, SignedIn } from '../access/guard.js';
import { isPermitted } from '../access/permissions.js';
import type { Actor } from '../context.js';
import { frameworks } from '../controls/catalogs/frameworks.js';
import { severities, type FindingKind } from '../findings/finding.js';
import { Findings } from '../findings/findings.js';
import { Sources } from '../ingestion/sources.js';
import { Policies } from '../policies/policies.js';
import { pageAnswer } from './answers.js';
import { HomePage } from './pages/home.js';
import { ChangeList } from './read/change-list.js';
import { findingsIn } from './read/findings.js';
import { FlowVolume } from './read/flow-volume.js';
import { LatestAssessment } from './read/latest-assessment.js';
import { PolicyMatches } from './read/policy-matches.js';
import { QuarantinedRecords } from './read/quarantined-records.js';
import { reportedControls } from './read/reported-controls.js';
import { SegmentEstate } from './read/segment-estate.js';
import { segmentRow } from './read/segment-rows.js';
import { daysUntil } from './read/source-activity.js';
import { CurrentShell } from './shell.js';
import type { HomeView, Shell } from './views.js';

/** Hygiene is summed up: it is much, and none of it is urgent. */
const namedKinds: readonly FindingKind[] = [
  'gap',
  'silence',
  'conflicting_record',
  'drift',
  'violation',
  'enforcement_off',
];
const mostNamed = 30;

const everything = { source: null, reason: null };

/** What needs attention, how complete the evidence is, and how the frameworks stand. */
@ApiExcludeController()
@Controller()
export class HomeController {
  constructor(
    @Inject(LatestAssessment) private readonly assessment: LatestAssessment,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(Policies) private readonly policies: Policies,
    @Inject(ChangeList) private readonly changeList: ChangeList,
    @Inject(PolicyMatches) private readonly matches: PolicyMatches,
    @Inject(QuarantinedRecords) private readonly rejected: QuarantinedRecords,
    @Inject(SegmentEstate) private readonly estate: SegmentEstate,
    @Inject(Findings) private readonly findings: Findings,
    @Inject(FlowVolume) private readonly volume: FlowVolume,
  ) {}

  @Get()
  @SignedIn()
  async page(@CurrentShell() shell: Shell, @CurrentActor() actor: Actor): Promise<Response> {
    const days = daysUntil(shell.now, 30);
    const [present, sources, policies, judged, segments, inForce, volume, lastRejected, awaitingReview, open] =
      await Promise.all([
        this.assessment.get(),
        this.sources.list(),
        this.policies.list(),
        this.matches.judged({ since: `${days[0]}T00:00:00Z` }),
        this.estate.all(),
        this.estate.policiesInForce(),
        this.volume.perDay(days),
        this.rejected.page(everything, 1, null),
        isPermitted(actor, 'changes.review') ? this.changeList.awaiting(actor.id) : 0,
        this.openFindings(shell.now),
      ]);
    const rows = segments.map((one) => ({
      ...segmentRow(one, [], inForce.get(one.segment.namespace) ?? []),
      phaseSince: one.segment.phaseSince,
    }));
    const findings = findingsIn({
      log: shell.log,
      changes: judged,
      sources,
      segments: rows,
      controls: reportedControls(present),
      assessedAt: present.assessedAt,
      ...open,
      mayReadQuarantine: isPermitted(actor, 'rejected.read'),
      lastQuarantinedAt: lastRejected.rows[0]?.receivedAt ?? null,
    });
    const view: HomeView = {
      shell,
      findings,
      awaitingReview,
      completeness: {
        sources: sources.length,
        sourcesReporting: sources.filter((source) => source.lastReceivedAt !== null && source.silentSince === null)
          .length,
        segments: rows.length,
        segmentsEnforcing: rows.filter(({ phase }) => phase === 'enforcing').length,
        policies: policies.filter((policy) => policy.inForce).length,
        policyChanges: judged.length,
        policyChangesAuthorised: judged.filter(({ unauthorised }) => unauthorised === null).length,
        records: sources.reduce((sum, { appended, quarantined }) => sum + appended + quarantined, 0),
        rejected: sources.reduce((sum, { quarantined }) => sum + quarantined, 0),
      },
      frameworks: frameworks.flatMap(({ id, title }) => {
        const totals = present.byFramework.get(id)?.totals;
        return totals === undefined ? [] : [{ id, title, totals }];
      }),
      assessedAt: present.assessedAt,
      volume,
    };
    return pageAnswer(HomePage(view));
  }

  /** Of the register: the worst by name, hygiene in sum. */
  private async openFindings(now: string) {
    const [register, hygiene] = await Promise.all([
      this.findings.worst(namedKinds, mostNamed),
      this.findings.worst(['hygiene'], 1),
    ]);
    const counts = hygiene.length === 0 ? [] : await this.findings.counts({ state: 'open', kind: 'hygiene' });
    const count = counts.reduce((sum, one) => sum + one.count, 0);
    const worst = severities.find((severity) => counts.some((one) => one.severity === severity)) ?? 'info';
    return { register, hygiene: count === 0 ? null : { count, worst, since: hygiene[0]?.openedAt ?? now } };
  }
}
