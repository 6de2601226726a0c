import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Clock } from '../context.js';
import { Problem } from '../errors.js';
import { Log } from '../log/log.js';
import { Verification } from '../log/verification.js';
import { assessFramework, runControls, type Assessment } from './assess.js';
import { frameworkById, frameworks } from './catalogs/frameworks.js';
import { ControlResult, RequirementResult, type EvidenceSnapshot, type Framework } from './model.js';
import { Snapshots } from './snapshot.js';

export const AssessmentView = z.object({
  framework: z.object({ id: z.string(), title: z.string(), version: z.string() }),
  period: z.object({ from: z.string(), to: z.string() }),
  assessedAt: z.string(),
  totals: z.object({
    requirements: z.number().int(),
    satisfied: z.number().int(),
    notSatisfied: z.number().int(),
    notApplicable: z.number().int(),
    notAssessed: z.number().int(),
    controls: z.number().int(),
  }),
  controls: z.array(ControlResult),
  requirements: z.array(RequirementResult),
});
export type AssessmentView = z.infer<typeof AssessmentView>;

export const FrameworkSummary = z.object({
  id: z.string(),
  title: z.string(),
  version: z.string(),
  requirements: z.number().int(),
});

export interface PresentAssessment {
  readonly snapshot: EvidenceSnapshot;
  readonly assessedAt: string;
  readonly byFramework: ReadonlyMap<string, Assessment>;
}

const periodDays = 30;
const keptSeconds = 30;

/** How controls stand now, over the last 30 days: for the pages and the API. Reports assess their own period. */
@Injectable()
export class Assessments {
  private kept: { readonly size: number; readonly assessment: Promise<PresentAssessment>; readonly at: number } | null =
    null;

  constructor(
    @Inject(Snapshots) private readonly snapshots: Snapshots,
    @Inject(Verification) private readonly verification: Verification,
    @Inject(Log) private readonly log: Log,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  frameworks(): z.infer<typeof FrameworkSummary>[] {
    return frameworks.map(({ id, title, version, requirements }) => ({
      id,
      title,
      version,
      requirements: requirements.length,
    }));
  }

  /** @throws Problem `not_found` */
  framework(id: string): Framework {
    const framework = frameworkById(id);
    if (framework === undefined) throw new Problem('not_found', `There is no framework ${id}.`);
    return framework;
  }

  /** The present assessment of all frameworks; made anew at most every 30 seconds, and only when the log has grown. */
  async present(): Promise<PresentAssessment> {
    const { size } = await this.log.head();
    const now = this.clock.now().getTime();
    const { kept } = this;
    if (kept !== null && Math.abs(now - kept.at) < keptSeconds * 1000) return await kept.assessment;
    if (kept !== null && kept.size === size && Math.abs(now - kept.at) < 3_600_000) return await kept.assessment;
    const assessment = this.make();
    this.kept = { size, assessment, at: now };
    assessment.catch(() => {
      this.kept = null;
    });
    return await assessment;
  }

  async view(frameworkId: string): Promise<AssessmentView> {
    const { id, title, version } = this.framework(frameworkId);
    const { snapshot, assessedAt, byFramework } = await this.present();
    const assessment = byFramework.get(id);
    if (assessment === undefined) throw new Error(`the framework ${id} was not assessed`);
    return {
      framework: { id, title, version },
      period: snapshot.period,
      assessedAt,
      totals: assessment.totals,
      controls: [...assessment.controls],
      requirements: [...assessment.requirements],
    };
  }

  private async make(): Promise<PresentAssessment> {
    const now = this.clock.now();
    const last = await this.verification.last();
    const head = await this.log.head();
    const snapshot = await this.snapshots.take({
      period: { from: new Date(now.getTime() - periodDays * 86_400_000).toISOString(), to: now.toISOString() },
      asOf: now.toISOString(),
      segments: [],
      integrity: {
        size: head.size,
        rootHash: head.root.toString('hex'),
        verified: last !== null && last.problems.length === 0,
        verifiedAt: last?.finishedAt.toISOString() ?? new Date(0).toISOString(),
        problems: last?.problems ?? [],
      },
    });
    const results = runControls(snapshot);
    return {
      snapshot,
      assessedAt: now.toISOString(),
      byFramework: new Map(frameworks.map((framework) => [framework.id, assessFramework(framework, results)])),
    };
  }
}
