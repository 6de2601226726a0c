import { Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Needs } from '../access/guard.js';
import { Problem } from '../errors.js';
import { Figures } from '../figures/figures.js';
import type { PathFilter } from '../figures/paths-list.js';
import { readDocuments } from '../policies/manifests/documents.js';
import { pageAnswer } from './answers.js';
import type { IncidentPageView } from './figure-views.js';
import { attempt, fieldText, problemsOf, SentForm, type Fields } from './forms.js';
import { IncidentPage } from './pages/incident.js';
import { WorkloadPage } from './pages/workload.js';
import { SegmentEstate } from './read/segment-estate.js';
import { CurrentShell } from './shell.js';
import type { FieldProblems, Shell } from './views.js';

/** More workloads than this are not offered as a list. */
const mostChoices = 500;
const pathsShown = 200;
const edgesShown = 200;

/** A workload, and what happens when it is taken. */
@ApiExcludeController()
@Controller()
export class IncidentPagesController {
  constructor(
    @Inject(Figures) private readonly figures: Figures,
    @Inject(SegmentEstate) private readonly estate: SegmentEstate,
  ) {}

  @Get('incident')
  @Needs('figures.read')
  async choose(@CurrentShell() shell: Shell, @Query() query: Fields): Promise<Response> {
    return await this.answer(shell, { workload: fieldText(query, 'workload') ?? '', draft: '' }, false);
  }

  /** Nothing is kept of a simulation: the form's answer is the page itself. */
  @Post('incident')
  @Needs('figures.read')
  async simulate(@CurrentShell() shell: Shell, @SentForm() form: Fields): Promise<Response> {
    const draft = typeof form['draft'] === 'string' ? form['draft'] : '';
    return await this.answer(shell, { workload: fieldText(form, 'workload') ?? '', draft }, true);
  }

  private async answer(shell: Shell, values: IncidentPageView['values'], sent: boolean): Promise<Response> {
    const { estate } = await this.figures.inputs();
    const keys = estate.inputs.workloads.map(({ key }) => key);
    const page = (problems: FieldProblems, incident: IncidentPageView['incident']) =>
      pageAnswer(
        IncidentPage({ shell, choices: keys.length > mostChoices ? [] : keys, values, problems, incident }),
        Object.keys(problems).length === 0 ? 200 : 400,
      );
    if (values.workload === '') return page(sent ? { workload: 'Choose the workload that is taken.' } : {}, null);
    const read = draftOf(values.draft);
    if ('problem' in read) return page({ draft: read.problem }, null);
    const asked = await attempt(() => this.figures.incident(values.workload, read.draft));
    return 'done' in asked ? page({}, asked.done) : page(draftProblems(asked.problem), null);
  }

  @Get('workloads/:key')
  @Needs('figures.read')
  async workload(@CurrentShell() shell: Shell, @Param('key') key: string): Promise<Response> {
    const inputs = await this.figures.inputs();
    const since = inputs.window.inputs.from.slice(0, 10);
    const filter: PathFilter = { from: null, to: null, segment: null, source: null, destination: null, used: null };
    const page = { offset: 0, limit: pathsShown };
    const seen = await this.estate.workload(key);
    if (seen === null) throw new Problem('not_found', `No record shows a workload ${key}.`);
    const isMapped = inputs.estate.inputs.workloads.some((workload) => workload.key === key);
    const [known, outgoing, incoming, { edges, total }] = await Promise.all([
      isMapped ? this.figures.workload(key) : null,
      this.figures.paths({ ...filter, source: key }, page),
      this.figures.paths({ ...filter, destination: key }, page),
      this.estate.edgesOf([key], since, edgesShown),
    ]);
    return pageAnswer(
      WorkloadPage({
        shell,
        key,
        ...seen,
        reach: known?.reach ?? null,
        policies: known?.policies ?? [],
        outgoing: { rows: outgoing.paths, matching: outgoing.matching },
        incoming: { rows: incoming.paths, matching: incoming.matching },
        edges,
        edgesTotal: total,
        edgesSince: `${since}T00:00:00Z`,
      }),
    );
  }
}

/** The policies in the text of a draft; null for none. */
function draftOf(text: string): { readonly draft: Parameters<Figures['incident']>[1] } | { readonly problem: string } {
  if (text.trim() === '') return { draft: null };
  const { objects, problems } = readDocuments([{ name: 'draft', text }]);
  const [first] = problems;
  if (first !== undefined)
    return { problem: `Document ${first.place.document} of the draft cannot be read: ${first.message}.` };
  return { draft: { objects: objects.map(({ value }) => value), deleted: [] } };
}

/** Problems of the draft by their place in it; documents count from 1 for people. */
function draftProblems(problem: Problem): FieldProblems {
  if (problem.errors.length === 0) return problemsOf(problem);
  const sentences = problem.errors.map(({ pointer, message }) => {
    const [, place = '0', path = ''] = /^\/draft\/objects\/(\d+)\/?(.*)$/u.exec(pointer) ?? [];
    return `Object ${Number(place) + 1}${path === '' ? '' : `, ${path}`}: ${message}.`;
  });
  return { draft: sentences.slice(0, 10).join(' ') };
}
