import { Controller, Get, HttpCode, Inject, Post, Query, SerializeOptions, StreamableFile, Body } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { Needs } from '../access/guard.js';
import { Clock } from '../context.js';
import { Problem } from '../errors.js';
import { Jobs } from '../jobs/jobs.js';
import { dayAfter } from './days.js';
import { FigureExport } from './export.js';
import { Figures } from './figures.js';
import { backfillDays, FigureHistory, wholeEstate } from './history.js';
import { figuresVersion } from './model.js';
import {
  FiguresView,
  HistoryQuery,
  HistoryView,
  IncidentView,
  NewIncident,
  pathFilterOf,
  PathPageView,
  PathQuery,
  workloadFilterOf,
  WorkloadPageView,
  WorkloadQuery,
  type Links,
} from './views.js';

const Queued = z.object({ queued: z.literal(true) });

@ApiTags('figures')
@Controller('api/v1/figures')
export class FiguresController {
  constructor(
    @Inject(Figures) private readonly figures: Figures,
    @Inject(FigureHistory) private readonly history: FigureHistory,
    @Inject(FigureExport) private readonly exports: FigureExport,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get()
  @Needs('figures.read')
  @SerializeOptions({ schema: FiguresView })
  @ApiOperation({ summary: 'Figures of success of the estate and of each segment, as of now, each with its coverage' })
  async now(): Promise<FiguresView> {
    const { estate, segments, matrix, inputs } = await this.figures.now();
    const { estate: structure, window } = inputs;
    return {
      version: figuresVersion,
      from: window.inputs.from,
      asOf: window.inputs.asOf,
      estateDigest: structure.digest,
      windowDigest: window.digest,
      estate: { ...estate, links: linksOf(null) },
      segments: structure.inputs.segments.flatMap(({ name, criticality }) => {
        const figures = segments[name];
        return figures === undefined ? [] : [{ ...figures, name, criticality, links: linksOf(name) }];
      }),
      matrix: [...matrix],
    };
  }

  @Get('history')
  @Needs('figures.read')
  @SerializeOptions({ schema: HistoryView })
  @ApiOperation({ summary: 'Figures by day, of the estate or of a segment' })
  async days(@Query({ schema: HistoryQuery }) query: HistoryQuery): Promise<HistoryView> {
    const to = query.to ?? this.clock.now().toISOString().slice(0, 10);
    const from = query.from ?? dayAfter(to, -backfillDays);
    if (from > to) throw new Problem('invalid_input', `The first day must not come after the last: ${from}, ${to}.`);
    const segment = query.segment ?? null;
    return { from, to, segment, days: await this.history.of(segment ?? wholeEstate, from, to) };
  }

  @Post('history')
  @HttpCode(202)
  @Needs('figures.compute')
  @SerializeOptions({ schema: Queued })
  @ApiOperation({ summary: 'Bring the history of figures up to date now; it is done every hour anyway' })
  async bringUpToDate(): Promise<z.infer<typeof Queued>> {
    await this.jobs.add('figures.keep', {}, 'figures.keep');
    return { queued: true };
  }

  @Get('export')
  @Needs('figures.read')
  @ApiOperation({ summary: 'What the figures of now are computed from, as NDJSON: every figure can be computed again' })
  async export(): Promise<StreamableFile> {
    const { name, lines } = await this.exports.start();
    return new StreamableFile(Readable.from(lines), {
      type: 'application/x-ndjson',
      disposition: `attachment; filename="${name}"`,
    });
  }

  @Get('paths')
  @Needs('figures.read')
  @SerializeOptions({ schema: PathPageView })
  @ApiOperation({ summary: 'Open east-west paths: ports, use in the window, and the policies behind each' })
  async paths(@Query({ schema: PathQuery }) query: PathQuery): Promise<PathPageView> {
    const { matching, paths } = await this.figures.paths(pathFilterOf(query), query);
    return PathPageView.parse({ matching, paths });
  }

  @Get('workloads')
  @Needs('figures.read')
  @SerializeOptions({ schema: WorkloadPageView })
  @ApiOperation({ summary: 'Workloads by how far an intruder in them gets' })
  async workloads(@Query({ schema: WorkloadQuery }) query: WorkloadQuery): Promise<WorkloadPageView> {
    const { matching, workloads } = await this.figures.workloads(workloadFilterOf(query), query);
    return WorkloadPageView.parse({ matching, workloads });
  }
}

@ApiTags('figures')
@Controller('api/v1/incidents')
export class IncidentsController {
  constructor(@Inject(Figures) private readonly figures: Figures) {}

  @Post('simulate')
  @HttpCode(200)
  @Needs('figures.read')
  @SerializeOptions({ schema: IncidentView })
  @ApiOperation({ summary: 'A workload is taken: what can be reached from it hop by hop, before and after a draft' })
  async simulate(@Body({ schema: NewIncident }) { workload, draft }: NewIncident): Promise<IncidentView> {
    const changes = draft === undefined ? null : { objects: draft.objects, deleted: draft.delete };
    return IncidentView.parse(await this.figures.incident(workload, changes));
  }
}

function linksOf(segment: string | null): Links {
  const at = (path: string, query: Record<string, string>): string => {
    const search = new URLSearchParams(segment === null ? query : { ...query, segment }).toString();
    return `/api/v1/${path}${search === '' ? '' : `?${search}`}`;
  };
  return {
    openPaths: at('figures/paths', {}),
    unusedPaths: at('figures/paths', { used: 'false' }),
    blastRadius: at('figures/workloads', {}),
    crownJewels: at('figures/workloads', { exposedWithin: '1000000' }),
    ungoverned: at('figures/workloads', { ungoverned: 'any' }),
    findings: at('findings', { state: 'all' }),
    history: at('figures/history', {}),
  };
}
