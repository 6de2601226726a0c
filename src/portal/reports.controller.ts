import { Controller, Get, Header, Inject, Param, Post, Query, type StreamableFile } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { frameworkById, frameworks } from '../controls/catalogs/frameworks.js';
import { ResultWord } from '../controls/model.js';
import { fileAnswer } from '../evidence/reports.controller.js';
import { NewReport, Reports, type ReportView } from '../evidence/reports.js';
import { Segments } from '../inventory/segments.js';
import { pageAnswer, seeOther } from './answers.js';
import {
  attempt,
  fieldText,
  fieldTexts,
  problemsOf,
  problemsOfInput,
  SentForm,
  type FieldNames,
  type Fields,
} from './forms.js';
import { NewReportPage } from './pages/new-report.js';
import { ReportPage } from './pages/report.js';
import { ReportsPage } from './pages/reports.js';
import { paths } from './paths.js';
import { readCursor, sliceOf } from './read/cursor.js';
import { ReportTotals } from './read/report-totals.js';
import { daysUntil } from './read/source-activity.js';
import { CurrentShell } from './shell.js';
import type { FieldProblems, NewReportView, ReportDetailView, ReportFile, Shell } from './views.js';

const pageSize = 50;
const mostListed = 10_000;

const Day = z.iso.date({ error: 'a day such as 2026-11-22 is needed' });

/** Days are UTC; both belong to the period. */
const ReportForm = z.object({ from: Day, to: Day }).refine(({ from, to }) => from <= to, {
  path: ['to'],
  error: 'the last day comes before the first',
});

const formFields: FieldNames = {
  from: { field: 'from', label: 'First day' },
  to: { field: 'to', label: 'Last day' },
  frameworkId: { field: 'framework', label: 'Framework' },
  periodFrom: { field: 'from', label: 'First day' },
  periodTo: { field: 'to', label: 'Last day' },
  segments: { field: 'segments', label: 'Scope' },
  title: { field: 'form', label: 'Title' },
};

/** What a page polls while a report is built. */
interface ReportProgress {
  readonly state: ReportView['state'];
  readonly step: string;
  readonly done: number;
  readonly total: number;
}

@ApiExcludeController()
@Controller('reports')
export class ReportPagesController {
  constructor(
    @Inject(Reports) private readonly reports: Reports,
    @Inject(ReportTotals) private readonly totals: ReportTotals,
    @Inject(Segments) private readonly segments: Segments,
  ) {}

  @Get()
  @Needs('reports.read')
  async list(@CurrentShell() shell: Shell, @Query() query: Fields): Promise<Response> {
    const cursor = readCursor(fieldText(query, 'cursor'));
    const { rows, paging } = sliceOf(await this.reports.list(mostListed), pageSize, cursor, ({ id }) => id);
    const totals = await this.totals.of(rows.flatMap(({ id, state }) => (state === 'ready' ? id : [])));
    return pageAnswer(
      ReportsPage({
        shell,
        rows: rows.map((report) => ({
          id: report.id,
          title: report.title,
          framework: frameworkTitle(report.frameworkId),
          scope: report.segments.length === 0 ? 'the whole estate' : report.segments.join(', '),
          periodFrom: report.periodFrom,
          periodTo: report.periodTo,
          requestedAt: report.requestedAt,
          requestedBy: report.requestedBy,
          state: report.state,
          totals: totals.get(report.id) ?? null,
        })),
        paging,
      }),
    );
  }

  @Post()
  @Needs('reports.request')
  async request(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @SentForm() body: Fields,
  ): Promise<Response> {
    const values: NewReportView['values'] = {
      framework: fieldText(body, 'framework') ?? '',
      from: fieldText(body, 'from') ?? '',
      to: fieldText(body, 'to') ?? '',
      segments: fieldTexts(body, 'segments'),
    };
    const period = ReportForm.safeParse(values);
    if (!period.success) return await this.form(shell, values, problemsOfInput(period.error, formFields), 400);
    const { from, to } = period.data;
    const input = NewReport.safeParse({
      title: `${frameworkTitle(values.framework)}, ${from} to ${to}`,
      frameworkId: values.framework,
      periodFrom: `${from}T00:00:00Z`,
      periodTo: new Date(Date.parse(`${to}T00:00:00Z`) + 86_400_000).toISOString(),
      segments: values.segments,
    });
    if (!input.success) return await this.form(shell, values, problemsOfInput(input.error, formFields), 400);
    const outcome = await attempt(() => this.reports.request(actor, input.data));
    if ('problem' in outcome)
      return await this.form(shell, values, problemsOf(outcome.problem, formFields), outcome.problem.status);
    return seeOther(paths.report(outcome.done.id));
  }

  @Get(':id')
  @Needs('reports.read')
  async detail(@CurrentShell() shell: Shell, @Param('id') id: string, @Query() query: Fields): Promise<Response> {
    const report = await this.reports.get(id);
    const result = ResultWord.safeParse(query['result']);
    const [pdf, bundle] = [fileOf(report, 'report.pdf'), fileOf(report, 'package.zip')];
    const view: ReportDetailView = {
      shell,
      id: report.id,
      title: report.title,
      requestedAt: report.requestedAt,
      requestedBy: report.requestedBy,
      state: report.state,
      progress: null,
      failure: report.failure,
      report: report.state === 'ready' ? await this.reports.model(id) : null,
      files: pdf === null || bundle === null ? null : { pdf, package: bundle },
      result: result.success ? result.data : null,
    };
    return pageAnswer(ReportPage(view));
  }

  // After `:id`: the more specific route is tried first, and the check for routes in each other's shadow knows it only this way.
  @Get('new')
  @Needs('reports.request')
  async newReport(@CurrentShell() shell: Shell): Promise<Response> {
    const days = daysUntil(shell.now, 30);
    const values = { framework: frameworks[0]?.id ?? '', from: days[0] ?? '', to: days.at(-1) ?? '', segments: [] };
    return await this.form(shell, values, {}, 200);
  }

  @Get(':id/progress')
  @Needs('reports.read')
  @Header('Cache-Control', 'no-store')
  async progress(@Param('id') id: string): Promise<ReportProgress> {
    const { state } = await this.reports.get(id);
    // The job says nothing while it works: a total of 0 leaves the bar moving.
    return { state, step: state === 'building' ? 'Collecting and checking the evidence' : '', done: 0, total: 0 };
  }

  @Get(':id/report.pdf')
  @Needs('reports.read')
  @Header('Cache-Control', 'no-store')
  async pdf(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<StreamableFile> {
    return fileAnswer(await this.reports.download(actor, id, 'report.pdf'), `segproof-${id}-report.pdf`);
  }

  @Get(':id/package.zip')
  @Needs('reports.read')
  @Header('Cache-Control', 'no-store')
  async bundle(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<StreamableFile> {
    return fileAnswer(await this.reports.download(actor, id, 'package.zip'), `segproof-${id}-package.zip`);
  }

  private async form(
    shell: Shell,
    values: NewReportView['values'],
    problems: FieldProblems,
    status: number,
  ): Promise<Response> {
    const segments = (await this.segments.list()).map(({ name }) => name);
    return pageAnswer(
      NewReportPage({
        shell,
        frameworks: frameworks.map(({ id, title }) => ({ id, title })),
        segments,
        values,
        problems,
      }),
      status,
    );
  }
}

function frameworkTitle(id: string): string {
  return frameworkById(id)?.title ?? id;
}

function fileOf({ files }: ReportView, name: string): ReportFile | null {
  const file = files.find((candidate) => candidate.name === name);
  return file === undefined ? null : { bytes: file.bytes, sha256: file.sha256 };
}
