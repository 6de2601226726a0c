import { Controller, Get, Inject } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { CurrentActor, Needs } from '../access/guard.js';
import { isPermitted } from '../access/permissions.js';
import type { Actor } from '../context.js';
import { frameworks } from '../controls/catalogs/frameworks.js';
import { Reports } from '../evidence/reports.js';
import { pageAnswer } from './answers.js';
import { ControlsPage } from './pages/controls.js';
import { LatestAssessment } from './read/latest-assessment.js';
import { reportedControls } from './read/reported-controls.js';
import { CurrentShell } from './shell.js';
import type { Shell } from './views.js';

/** How many of the newest reports are looked through for the latest of each framework. */
const reportsLookedAt = 100;

@ApiExcludeController()
@Controller('controls')
export class ControlPagesController {
  constructor(
    @Inject(LatestAssessment) private readonly assessment: LatestAssessment,
    @Inject(Reports) private readonly reports: Reports,
  ) {}

  @Get()
  @Needs('controls.read')
  async page(@CurrentShell() shell: Shell, @CurrentActor() actor: Actor): Promise<Response> {
    const [present, reports] = await Promise.all([
      this.assessment.get(),
      isPermitted(actor, 'reports.read') ? this.reports.list(reportsLookedAt) : [],
    ]);
    const { snapshot, assessedAt, byFramework } = present;
    return pageAnswer(
      ControlsPage({
        shell,
        assessment: {
          at: assessedAt,
          period: snapshot.period,
          scope: 'the whole estate',
          logSize: snapshot.integrity.size,
        },
        controls: reportedControls(present),
        frameworks: frameworks.map(({ id, title, version, publisher, requirements }) => {
          const latest = reports.find(({ frameworkId, state }) => frameworkId === id && state === 'ready');
          return {
            id,
            title,
            version,
            publisher,
            requirements: requirements.length,
            totals: byFramework.get(id)?.totals ?? null,
            latestReport: latest === undefined ? null : { id: latest.id, requestedAt: latest.requestedAt },
          };
        }),
      }),
    );
  }
}
