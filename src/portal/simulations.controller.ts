import { Controller, Get, Header, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import { changeNumber } from '../changes/change-number.js';
import { Changes } from '../changes/changes.js';
import type { Actor } from '../context.js';
import { SimulationOutcomes } from '../simulations/outcomes.js';
import { EdgeClass, EdgeQuery, NewSimulation, PathQuery, UncertainReason } from '../simulations/simulation.js';
import { Simulations } from '../simulations/simulations.js';
import { pageAnswer, seeOther } from './answers.js';
import { manifestsIn } from './changes.controller.js';
import { attempt, fieldText, problemsOf, readTime, SentForm, type Fields } from './forms.js';
import { NewChangePage } from './pages/new-change.js';
import { SimulationEdgesPage } from './pages/simulation-edges.js';
import { SimulationPathsPage } from './pages/simulation-paths.js';
import { SimulationPage } from './pages/simulation.js';
import { SimulationsPage } from './pages/simulations.js';
import { paths } from './paths.js';
import { readCursor, sliceOf } from './read/cursor.js';
import { PolicyObjects } from './read/policy-objects.js';
import { daysUntil } from './read/source-activity.js';
import { CurrentShell } from './shell.js';
import type { Shell } from './views.js';

const pageSize = 50;
const mostListed = 1000;
const daysLookedBack = 30;

const Action = z.enum(['create', 'update', 'delete']).catch('create');

/** What a page polls while a simulation runs; portal.js reloads it when the state is `ready` or `failed`. */
interface Progress {
  readonly state: 'building' | 'ready' | 'failed';
  readonly step: string;
  readonly done: number;
  readonly total: number;
}

@ApiExcludeController()
@Controller('simulations')
export class SimulationPagesController {
  constructor(
    @Inject(Simulations) private readonly simulations: Simulations,
    @Inject(SimulationOutcomes) private readonly outcomes: SimulationOutcomes,
    @Inject(Changes) private readonly changes: Changes,
    @Inject(PolicyObjects) private readonly objects: PolicyObjects,
  ) {}

  @Get()
  @Needs('simulations.read')
  async list(@CurrentShell() shell: Shell, @Query() query: Fields): Promise<Response> {
    const all = await this.simulations.list({ limit: mostListed, before: null });
    const { rows, paging } = sliceOf(all, pageSize, readCursor(fieldText(query, 'cursor')), ({ id }) => id);
    return pageAnswer(SimulationsPage({ shell, rows, paging }));
  }

  /** From the form of a new change, whose policy is simulated, or for a change that is registered. */
  @Post()
  @Needs('simulations.run')
  async request(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @SentForm() body: Fields,
  ): Promise<Response> {
    const text = (name: string): string => fieldText(body, name) ?? '';
    const days = daysUntil(shell.now, daysLookedBack);
    const period = { from: days[0], to: days.at(-1) };
    const changeId = fieldText(body, 'change');
    if (changeId !== null) {
      const { id } = await this.simulations.request(actor, NewSimulation.parse({ ...period, changeId }));
      return seeOther(paths.simulation(id));
    }
    const values = {
      title: text('title'),
      reason: text('reason'),
      windowFrom: readTime(text('windowFrom')) ?? text('windowFrom'),
      windowTo: readTime(text('windowTo')) ?? text('windowTo'),
      action: Action.parse(body['action']),
      policy: text('policy'),
    };
    const again = (problems: Readonly<Record<string, string>>, status: number): Response =>
      pageAnswer(NewChangePage({ shell: { ...shell, path: paths.newChange }, values, problems }), status);
    if (values.policy === '') return again({ policy: 'Give the policy that is to be simulated.' }, 400);
    const input = NewSimulation.safeParse({
      ...period,
      items: manifestsIn(values.policy).map((manifest) => ({ action: values.action, manifest })),
      ...(values.title === '' ? {} : { title: values.title.slice(0, 200) }),
    });
    if (!input.success) return again({ form: z.prettifyError(input.error) }, 400);
    const outcome = await attempt(() => this.simulations.request(actor, input.data));
    if ('problem' in outcome)
      return again(
        problemsOf(outcome.problem, { items: { field: 'policy', label: 'Policy' } }),
        outcome.problem.status,
      );
    return seeOther(paths.simulation(outcome.done.id));
  }

  @Get(':id')
  @Needs('simulations.read')
  async detail(@CurrentShell() shell: Shell, @Param('id') id: string): Promise<Response> {
    const simulation = await this.simulations.get(id);
    const [before, stale, change] = await Promise.all([
      this.objects.inForceAt(simulation.items, simulation.requestedAt),
      simulation.state === 'finished' ? this.simulations.isStale(id) : false,
      simulation.changeId === null ? null : this.changes.get(simulation.changeId),
    ]);
    return pageAnswer(
      SimulationPage({
        shell,
        simulation,
        before,
        stale,
        change: change === null ? null : { id: change.id, number: changeNumber(change.number) },
      }),
    );
  }

  @Post(':id/cancel')
  @Needs('simulations.run')
  async cancel(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<Response> {
    // One that has ended meanwhile shows so.
    await attempt(() => this.simulations.cancel(actor, id));
    return seeOther(paths.simulation(id));
  }

  @Get(':id/progress')
  @Needs('simulations.read')
  @Header('Cache-Control', 'no-store')
  async progress(@Param('id') id: string): Promise<Progress> {
    const { state, edgesDone, edgesTotal } = await this.simulations.get(id);
    if (state === 'finished') return { state: 'ready', step: '', done: 1, total: 1 };
    if (state === 'failed' || state === 'cancelled') return { state: 'failed', step: '', done: 0, total: 0 };
    if (edgesTotal === null) return { state: 'building', step: 'Waiting for a worker', done: 0, total: 0 };
    const all = edgesTotal > 0 && edgesDone === edgesTotal;
    return {
      state: 'building',
      step: all ? 'Comparing paths and blast radius' : `${edgesDone} of ${edgesTotal} edges judged`,
      done: edgesDone,
      total: edgesTotal,
    };
  }

  @Get(':id/edges')
  @Needs('simulations.read')
  async edges(@CurrentShell() shell: Shell, @Param('id') id: string, @Query() query: Fields): Promise<Response> {
    const { title, result } = await this.simulations.get(id);
    const filters = {
      class: EdgeClass.catch('newly_blocked').parse(query['class']),
      reason: UncertainReason.nullable().catch(null).parse(query['reason']),
      workload: fieldText(query, 'workload'),
      peer: fieldText(query, 'peer'),
      segment: fieldText(query, 'segment'),
    };
    const cursor = readCursor(fieldText(query, 'cursor'))?.place;
    const given = Object.entries({ ...filters, cursor }).filter(([, value]) => value !== null && value !== undefined);
    const page = await this.outcomes.edges(id, EdgeQuery.parse({ ...Object.fromEntries(given), limit: pageSize }));
    const counted = filters.reason === null ? result?.classes[filters.class] : result?.reasons[filters.reason];
    return pageAnswer(
      SimulationEdgesPage({
        shell: { ...shell, path: paths.simulations() },
        id,
        title,
        filters,
        segments: result?.segments.map(({ name }) => name) ?? [],
        total: counted?.edges ?? 0,
        edges: page.edges,
        paging: { older: page.next === null ? null : `older.${page.next}`, newer: null },
      }),
    );
  }

  @Get(':id/paths')
  @Needs('simulations.read')
  async paths(@CurrentShell() shell: Shell, @Param('id') id: string, @Query() query: Fields): Promise<Response> {
    const { title, result } = await this.simulations.get(id);
    const change = PathQuery.shape.change.catch('opened').parse(query['change']);
    const cursor = readCursor(fieldText(query, 'cursor'))?.place;
    const page = await this.outcomes.paths(id, {
      change,
      limit: pageSize,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const { opened = 0, closed = 0, changed = 0 } = result?.paths ?? {};
    return pageAnswer(
      SimulationPathsPage({
        shell: { ...shell, path: paths.simulations() },
        id,
        title,
        change,
        counts: { opened, closed, changed },
        paths: page.paths,
        paging: { older: page.next === null ? null : `older.${page.next}`, newer: null },
      }),
    );
  }
}
