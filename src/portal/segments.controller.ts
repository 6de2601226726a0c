import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Needs } from '../access/guard.js';
import { Problem } from '../errors.js';
import { phaseAfter } from '../phases/criteria.js';
import { Phases } from '../phases/phases.js';
import { pageAnswer } from './answers.js';
import { SegmentPage } from './pages/segment.js';
import { SegmentsPage } from './pages/segments.js';
import { daysUntil } from './read/source-activity.js';
import { SegmentEstate } from './read/segment-estate.js';
import { flowsByWorkload, segmentRow, trafficBetween } from './read/segment-rows.js';
import { CurrentShell } from './shell.js';
import type { Shell } from './views.js';

const edgesShown = 200;

/** The first of the 30 days that end today. */
function sinceDay(now: string): string {
  return daysUntil(now, 30)[0] ?? now.slice(0, 10);
}

@ApiExcludeController()
@Controller('segments')
export class SegmentPagesController {
  constructor(
    @Inject(SegmentEstate) private readonly estate: SegmentEstate,
    @Inject(Phases) private readonly phases: Phases,
  ) {}

  @Get()
  @Needs('segments.read')
  async list(@CurrentShell() shell: Shell): Promise<Response> {
    const [all, flows, policies] = await Promise.all([
      this.estate.all(),
      this.estate.flowSums(sinceDay(shell.now)),
      this.estate.policiesInForce(),
    ]);
    const rows = all.map((one) => segmentRow(one, flows, policies.get(one.segment.namespace) ?? []));
    return pageAnswer(SegmentsPage({ shell, rows, traffic: trafficBetween(all, flows) }));
  }

  @Get(':name')
  @Needs('segments.read')
  async detail(@CurrentShell() shell: Shell, @Param('name') name: string): Promise<Response> {
    const since = sinceDay(shell.now);
    const [all, flows, policies] = await Promise.all([
      this.estate.all(),
      this.estate.flowSums(since),
      this.estate.policiesInForce(),
    ]);
    const found = all.find(({ segment }) => segment.name === name);
    if (found === undefined) throw new Problem('not_found', `There is no segment ${name}.`);
    const { segment, members } = found;
    const keys = members.map(({ key }) => key);
    const [{ edges, total }, phase] = await Promise.all([
      this.estate.edgesOf(keys, since, edgesShown),
      this.phases.detail(name),
    ]);
    const byWorkload = flowsByWorkload(flows);
    return pageAnswer(
      SegmentPage({
        shell,
        phase,
        move: { phase: phaseAfter(segment.phase) ?? 'monitoring', reason: '', override: false },
        segment: segmentRow(found, flows, policies.get(segment.namespace) ?? []),
        matchLabels: segment.matchLabels,
        workloads: members.map((workload) => ({
          key: workload.key,
          name: workload.namespace === null ? workload.name : `${workload.namespace}/${workload.name}`,
          labels: workload.labels,
          lastSeen: workload.lastSeen,
          flows: byWorkload.get(workload.key) ?? 0,
        })),
        edges,
        edgesTotal: total,
        edgesSince: `${since}T00:00:00Z`,
      }),
    );
  }
}
