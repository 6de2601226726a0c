import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Needs } from '../access/guard.js';
import { Problem } from '../errors.js';
import { dayAfter } from '../figures/days.js';
import { Figures } from '../figures/figures.js';
import { backfillDays, FigureHistory, wholeEstate } from '../figures/history.js';
import { pageAnswer } from './answers.js';
import type { WorkloadFilters } from './figure-views.js';
import { fieldText, type Fields } from './forms.js';
import { FigureWorkloadsPage } from './pages/figure-workloads.js';
import { FiguresPage } from './pages/figures.js';
import { MapPage } from './pages/map.js';
import { OpenPathsPage } from './pages/open-paths.js';
import { readCursor, wrongCursor } from './read/cursor.js';
import { figureCards } from './read/figure-cards.js';
import { CurrentShell } from './shell.js';
import type { Paging, Shell } from './views.js';

const pageSize = 100;
const hopsWords = ['1', '2', '3', 'any'] as const;
const sideWords = ['ingress', 'egress', 'any'] as const;

/** The figures of success, the lists behind them, and the map of segments. */
@ApiExcludeController()
@Controller()
export class FigurePagesController {
  constructor(
    @Inject(Figures) private readonly figures: Figures,
    @Inject(FigureHistory) private readonly history: FigureHistory,
  ) {}

  @Get('figures')
  @Needs('figures.read')
  async overview(@CurrentShell() shell: Shell, @Query() query: Fields): Promise<Response> {
    const segment = fieldText(query, 'segment');
    const today = shell.now.slice(0, 10);
    const [{ estate, segments, inputs }, days] = await Promise.all([
      this.figures.now(),
      this.history.of(segment ?? wholeEstate, dayAfter(today, -backfillDays), today),
    ]);
    const figures = segment === null ? estate : segments[segment];
    if (figures === undefined) throw new Problem('not_found', `There is no segment ${segment ?? ''}.`);
    const known = inputs.estate.inputs.segments;
    return pageAnswer(
      FiguresPage({
        shell,
        segment,
        segmentNames: known.map(({ name }) => name),
        from: inputs.window.inputs.from,
        asOf: inputs.window.inputs.asOf,
        cards: figureCards(figures, days, segment),
        findings: [figures.violations, ...figures.findings],
        segments: known.flatMap(({ name, criticality }) => {
          const own = segments[name];
          return own === undefined ? [] : [{ name, criticality, figures: own }];
        }),
        estateDigest: inputs.estate.digest,
        windowDigest: inputs.window.digest,
      }),
    );
  }

  @Get('figures/paths')
  @Needs('figures.read')
  async paths(@CurrentShell() shell: Shell, @Query() query: Fields): Promise<Response> {
    const used = oneOf(['yes', 'no'] as const, fieldText(query, 'used'));
    const filters = {
      segment: fieldText(query, 'segment'),
      from: fieldText(query, 'from'),
      to: fieldText(query, 'to'),
      source: fieldText(query, 'source'),
      destination: fieldText(query, 'destination'),
      used,
    };
    const offset = offsetOf(query);
    const [{ estate, window }, { paths, matching }] = await Promise.all([
      this.figures.inputs(),
      this.figures.paths({ ...filters, used: used === null ? null : used === 'yes' }, { offset, limit: pageSize }),
    ]);
    return pageAnswer(
      OpenPathsPage({
        shell,
        filters,
        segmentNames: estate.inputs.segments.map(({ name }) => name),
        rows: paths,
        matching,
        paging: pagingAt(offset, matching),
        from: window.inputs.from,
        asOf: window.inputs.asOf,
      }),
    );
  }

  @Get('figures/workloads')
  @Needs('figures.read')
  async workloads(@CurrentShell() shell: Shell, @Query() query: Fields): Promise<Response> {
    const filters: WorkloadFilters = {
      segment: fieldText(query, 'segment'),
      exposed: oneOf(hopsWords, fieldText(query, 'exposed')),
      ungoverned: oneOf(sideWords, fieldText(query, 'ungoverned')),
    };
    const offset = offsetOf(query);
    const { segment, exposed, ungoverned } = filters;
    const exposedWithin = exposed === null ? null : exposed === 'any' ? Infinity : Number(exposed);
    const [{ estate }, { workloads, matching }] = await Promise.all([
      this.figures.inputs(),
      this.figures.workloads({ segment, exposedWithin, ungoverned }, { offset, limit: pageSize }),
    ]);
    return pageAnswer(
      FigureWorkloadsPage({
        shell,
        filters,
        segmentNames: estate.inputs.segments.map(({ name }) => name),
        rows: workloads,
        matching,
        workloads: estate.inputs.workloads.length,
        paging: pagingAt(offset, matching),
      }),
    );
  }

  @Get('map')
  @Needs('figures.read')
  async map(@CurrentShell() shell: Shell, @Query() query: Fields): Promise<Response> {
    const { segments, matrix, inputs } = await this.figures.now();
    const known = inputs.estate.inputs.segments;
    const asked = fieldText(query, 'segment');
    return pageAnswer(
      MapPage({
        shell,
        segments: known.map(({ name, criticality }) => ({
          name,
          criticality,
          workloads: segments[name]?.workloads ?? 0,
        })),
        outside: inputs.estate.inputs.workloads.filter(({ segment }) => segment === null).length,
        matrix,
        segment: known.some(({ name }) => name === asked) ? asked : null,
        from: inputs.window.inputs.from,
        asOf: inputs.window.inputs.asOf,
      }),
    );
  }
}

function oneOf<Word extends string>(words: readonly Word[], text: string | null): Word | null {
  return words.find((word) => word === text) ?? null;
}

/** Where the page begins that the cursor of the address names: a place in the list, counted from 0. */
function offsetOf(query: Fields): number {
  const cursor = readCursor(fieldText(query, 'cursor'));
  if (cursor === null) return 0;
  if (!/^\d{1,9}$/u.test(cursor.place)) throw wrongCursor();
  return Number(cursor.place);
}

function pagingAt(offset: number, matching: number): Paging {
  return {
    older: offset + pageSize < matching ? `older.${offset + pageSize}` : null,
    newer: offset > 0 ? `newer.${Math.max(0, offset - pageSize)}` : null,
  };
}
