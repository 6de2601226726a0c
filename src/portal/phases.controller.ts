import { Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { phaseAfter } from '../phases/criteria.js';
import { BlockedAcceptance, PhaseMove, Phases } from '../phases/phases.js';
import { Thresholds } from '../policies/recommendation/observed.js';
import { RecommendationRequest, Recommendations } from '../policies/recommendations.js';
import { lastDays } from '../policies/segment-traffic.js';
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
import { PhasesPage } from './pages/phases.js';
import { RecommendationPage } from './pages/recommendation.js';
import { SegmentPhasePage } from './pages/segment-phase.js';
import { paths } from './paths.js';
import type { RecommendationForm } from './segmentation-views.js';
import { CurrentShell } from './shell.js';
import type { FieldProblems, PhaseMoveForm, Shell } from './views.js';

const moveFields: FieldNames = {
  phase: { field: 'phase', label: 'Move to' },
  reason: { field: 'reason', label: 'Reason' },
};

const acceptFields: FieldNames = {
  reason: { field: 'acceptReason', label: 'Reason' },
  connections: { field: 'connection', label: 'Connections' },
};

const recommendationFields: FieldNames = {
  from: { field: 'from', label: 'First day' },
  to: { field: 'to', label: 'Last day' },
  leastDays: { field: 'leastDays', label: 'Least days seen' },
  leastFlows: { field: 'leastFlows', label: 'Least flows' },
  leastAddressDays: { field: 'leastAddressDays', label: 'Least days of an address' },
  mostAddresses: { field: 'mostAddresses', label: 'Most addresses listed' },
  scanTargets: { field: 'scanTargets', label: 'Targets that make a scan' },
};

const usualDays = 30;
const usual = Thresholds.parse({});

/** The board of phases, moving a segment, and policies recommended for one. */
@ApiExcludeController()
@Controller()
export class PhasePagesController {
  constructor(
    @Inject(Phases) private readonly phases: Phases,
    @Inject(Recommendations) private readonly recommendations: Recommendations,
  ) {}

  @Get('phases')
  @Needs('segments.read')
  async board(@CurrentShell() shell: Shell): Promise<Response> {
    return pageAnswer(PhasesPage({ shell, board: await this.phases.board() }));
  }

  @Get('segments/:name/phase')
  @Needs('segments.read')
  async phase(@CurrentShell() shell: Shell, @Param('name') name: string): Promise<Response> {
    return await this.phasePage(shell, name, null, {}, 200);
  }

  @Post('segments/:name/phase')
  @Needs('phases.move')
  async move(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @Param('name') name: string,
    @SentForm() body: Fields,
  ): Promise<Response> {
    const values: PhaseMoveForm = {
      phase: fieldText(body, 'phase') ?? '',
      reason: fieldText(body, 'reason') ?? '',
      override: fieldTexts(body, 'override').includes('yes'),
    };
    const input = PhaseMove.safeParse(values);
    if (!input.success) return await this.phasePage(shell, name, values, problemsOfInput(input.error, moveFields), 400);
    const outcome = await attempt(() => this.phases.move(actor, name, input.data));
    if ('problem' in outcome) {
      const { problem } = outcome;
      return await this.phasePage(shell, name, values, problemsOf(problem, moveFields), problem.status);
    }
    return seeOther(paths.segmentPhase(name));
  }

  @Post('segments/:name/accepted-blocks')
  @Needs('phases.accept_blocked')
  async acceptBlocked(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @Param('name') name: string,
    @SentForm() body: Fields,
  ): Promise<Response> {
    const input = BlockedAcceptance.safeParse({
      reason: fieldText(body, 'acceptReason') ?? '',
      connections: fieldTexts(body, 'connection').map(readJson),
    });
    if (!input.success) return await this.phasePage(shell, name, null, problemsOfInput(input.error, acceptFields), 400);
    const outcome = await attempt(() => this.phases.acceptBlocked(actor, name, input.data));
    if ('problem' in outcome) {
      const { problem } = outcome;
      return await this.phasePage(shell, name, null, problemsOf(problem, acceptFields), problem.status);
    }
    return seeOther(`${paths.segmentPhase(name)}#blocked`);
  }

  @Get('segments/:name/recommendation')
  @Needs('policies.read')
  async recommendation(
    @CurrentShell() shell: Shell,
    @Param('name') name: string,
    @Query() query: Fields,
  ): Promise<Response> {
    const range = lastDays(new Date(shell.now), usualDays);
    const given = (field: keyof RecommendationForm, otherwise: string | number): string =>
      fieldText(query, field) ?? String(otherwise);
    const values: RecommendationForm = {
      from: given('from', range.from),
      to: given('to', range.to),
      leastDays: given('leastDays', usual.leastDays),
      leastFlows: given('leastFlows', usual.leastFlows),
      leastAddressDays: given('leastAddressDays', usual.leastAddressDays),
      mostAddresses: given('mostAddresses', usual.mostAddresses),
      scanTargets: given('scanTargets', usual.scanTargets),
    };
    const page = (
      recommendation: Awaited<ReturnType<Recommendations['of']>> | null,
      problems: FieldProblems,
      status: number,
    ) => pageAnswer(RecommendationPage({ shell, segment: name, values, recommendation, problems }), status);
    const { from, to, ...numbers } = values;
    const thresholds = Thresholds.safeParse(
      Object.fromEntries(Object.entries(numbers).map(([field, text]) => [field, Number(text)])),
    );
    if (!thresholds.success) return page(null, problemsOfInput(thresholds.error, recommendationFields), 400);
    const input = RecommendationRequest.safeParse({ from, to, thresholds: thresholds.data });
    if (!input.success) return page(null, problemsOfInput(input.error, recommendationFields), 400);
    const outcome = await attempt(() => this.recommendations.of(name, input.data));
    if ('problem' in outcome) return page(null, problemsOf(outcome.problem), outcome.problem.status);
    return page(outcome.done, {}, 200);
  }

  private async phasePage(
    shell: Shell,
    name: string,
    values: PhaseMoveForm | null,
    problems: FieldProblems,
    status: number,
  ): Promise<Response> {
    const phase = await this.phases.detail(name);
    const next = phaseAfter(phase.phase) ?? 'monitoring';
    const move = values ?? { phase: next, reason: '', override: false };
    const view = { shell: { ...shell, path: paths.phases }, phase, move, problems };
    return pageAnswer(SegmentPhasePage(view), status);
  }
}

/** A connection as the form holds it; what is no JSON is no connection, and the schema says so. */
function readJson(text: string): unknown {
  try {
    return z.json().parse(JSON.parse(text));
  } catch {
    return null;
  }
}
