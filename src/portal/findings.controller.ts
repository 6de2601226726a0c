import { Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { DriftBaselines, NewBaseline } from '../drift/baselines.js';
import { Problem } from '../errors.js';
import { FindingFigures, FiguresQuery } from '../findings/finding-figures.js';
import { FindingKind, Severity, type FindingView } from '../findings/finding.js';
import { FindingQuery, Findings } from '../findings/findings.js';
import { Segments } from '../inventory/segments.js';
import { Jobs } from '../jobs/jobs.js';
import { Policies } from '../policies/policies.js';
import { pageAnswer, seeOther } from './answers.js';
import type { FindingFilters, HygieneFilters } from './finding-views.js';
import { attempt, fieldText, problemsOf, problemsOfInput, SentForm, type FieldNames, type Fields } from './forms.js';
import { may } from './may.js';
import { FindingPage } from './pages/finding.js';
import { FindingsPage } from './pages/findings.js';
import { HygienePage } from './pages/hygiene.js';
import { paths } from './paths.js';
import { pagingOf, readCursor, wrongCursor } from './read/cursor.js';
import { readFacts } from './read/finding-facts.js';
import { CurrentShell } from './shell.js';
import type { FieldProblems, Shell } from './views.js';

const pageSize = 50;
const hygienePageSize = 200;
const acceptFields: FieldNames = { reason: { field: 'reason', label: 'Reason' } };

const State = z.enum(['open', 'closed', 'all']);

/** The register of what needs a person. */
@ApiExcludeController()
@Controller()
export class FindingPagesController {
  constructor(
    @Inject(Findings) private readonly findings: Findings,
    @Inject(FindingFigures) private readonly figures: FindingFigures,
    @Inject(DriftBaselines) private readonly baselines: DriftBaselines,
    @Inject(Segments) private readonly segments: Segments,
    @Inject(Policies) private readonly policies: Policies,
    @Inject(Jobs) private readonly jobs: Jobs,
  ) {}

  @Get('findings')
  @Needs('findings.read')
  async list(@CurrentShell() shell: Shell, @Query() query: Fields): Promise<Response> {
    const filters: FindingFilters = {
      state: State.catch('open').parse(query['state']),
      kind: FindingKind.safeParse(query['kind']).data ?? null,
      severity: Severity.safeParse(query['severity']).data ?? null,
      segment: fieldText(query, 'segment'),
    };
    const [page, counts, figures, segments] = await Promise.all([
      this.findings.page(asked({ ...filters }, query, pageSize)),
      this.findings.counts({ state: filters.state }),
      this.figures.of(FiguresQuery.parse({})),
      this.segments.list(),
    ]);
    return pageAnswer(
      FindingsPage({
        shell,
        filters,
        segments: segments.map(({ name }) => name),
        rows: page.findings,
        matching: page.matching,
        counts,
        figures,
        paging: pagingOf({ older: page.next, newer: page.previous }),
      }),
    );
  }

  @Get('findings/:id')
  @Needs('findings.read')
  async detail(@CurrentShell() shell: Shell, @Param('id') id: string, @Query() query: Fields): Promise<Response> {
    return await this.page(shell, await this.one(id), { accepted: query['accepted'] === 'yes' });
  }

  @Post('findings/:id/accept')
  @Needs('drift.accept')
  async accept(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @SentForm() form: Fields,
  ): Promise<Response> {
    const finding = await this.one(id);
    const reason = fieldText(form, 'reason') ?? '';
    const again = async (problems: FieldProblems, status: number): Promise<Response> =>
      await this.page({ ...shell, path: paths.finding(id) }, finding, { reason, problems, status });
    const { drift } = readFacts(finding.facts);
    if (drift === null || finding.closedAt !== null || drift.policies.length < drift.policiesInAll)
      return await again({ form: 'This finding names no policies that could be accepted here; use the API.' }, 409);
    const policies = drift.policies.map(({ system, kind, namespace, name }) => ({ system, kind, namespace, name }));
    const input = NewBaseline.safeParse({ reason, policies });
    if (!input.success) return await again(problemsOfInput(input.error, acceptFields), 400);
    const outcome = await attempt(async () => await this.baselines.accept(actor, input.data));
    if ('problem' in outcome) return await again(problemsOf(outcome.problem, acceptFields), outcome.problem.status);
    await this.jobs.add('findings.look', {}, 'findings.look');
    return seeOther(`${paths.finding(id)}?accepted=yes`);
  }

  @Get('hygiene')
  @Needs('findings.read')
  async hygiene(@CurrentShell() shell: Shell, @Query() query: Fields): Promise<Response> {
    const filters: HygieneFilters = {
      check: fieldText(query, 'check'),
      namespace: fieldText(query, 'namespace'),
      segment: fieldText(query, 'segment'),
    };
    const ofHygiene = { state: 'open', kind: 'hygiene' } as const;
    const [page, counts, namespaces, segments] = await Promise.all([
      this.findings.page(asked({ ...ofHygiene, ...filters }, query, hygienePageSize)),
      this.findings.counts(ofHygiene),
      this.findings.namespaces(ofHygiene),
      this.segments.list(),
    ]);
    const checks = new Map<string, number>();
    for (const { check, count } of counts) if (check !== null) checks.set(check, (checks.get(check) ?? 0) + count);
    return pageAnswer(
      HygienePage({
        shell,
        filters,
        namespaces,
        segments: segments.map(({ name }) => name),
        checks,
        rows: page.findings.map((finding) => {
          const { hygiene } = readFacts(finding.facts);
          return {
            id: finding.id,
            check: hygiene?.check ?? '',
            severity: finding.severity,
            title: finding.title,
            detail: finding.detail,
            segment: finding.segment,
            policies: hygiene?.policies ?? [],
            places: hygiene?.placesInAll ?? 0,
          };
        }),
        matching: page.matching,
        paging: pagingOf({ older: page.next, newer: page.previous }),
      }),
    );
  }

  /** @throws Problem `not_found` */
  private async one(id: string): Promise<FindingView> {
    if (!z.uuid().safeParse(id).success) throw new Problem('not_found', `There is no finding ${id}.`);
    return await this.findings.one(id);
  }

  private async page(
    shell: Shell,
    finding: FindingView,
    more: {
      readonly accepted?: boolean;
      readonly reason?: string;
      readonly problems?: FieldProblems;
      readonly status?: number;
    },
  ): Promise<Response> {
    const { accepted = false, reason = '', problems = {}, status = 200 } = more;
    const { drift } = readFacts(finding.facts);
    const mayAccept = drift !== null && finding.closedAt === null && !accepted && may(shell, 'drift.accept');
    const authors =
      drift === null
        ? new Map<number, string>()
        : await this.policies.authors(drift.policies.flatMap(({ entry }) => entry ?? []));
    return pageAnswer(FindingPage({ shell, finding, authors, mayAccept, reason, problems, accepted }), status);
  }
}

/**
 * The query of the API for what a page's address asks.
 * @throws Problem `invalid_input`
 */
function asked(filters: Readonly<Record<string, string | null>>, query: Fields, limit: number): FindingQuery {
  const cursor = readCursor(fieldText(query, 'cursor'));
  const given = Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== null));
  const place = cursor === null ? {} : { [cursor.way === 'older' ? 'before' : 'after']: cursor.place };
  const read = FindingQuery.safeParse({ ...given, ...place, limit });
  if (!read.success) throw wrongCursor();
  return read.data;
}
