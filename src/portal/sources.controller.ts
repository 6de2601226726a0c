import { Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import { CONFIG, type Config } from '../config.js';
import type { Actor } from '../context.js';
import { previewsOfSample } from '../ingestion/preview.js';
import { contextOf } from '../ingestion/source-settings.js';
import { type BalanceBy, SourceHealths } from '../ingestion/source-health.js';
import { NewSource, SourceChange, Sources, type SourceView } from '../ingestion/sources.js';
import { Acknowledgement, MissingRecordsRegister } from '../inventory/missing-records.js';
import { pageAnswer, seeOther } from './answers.js';
import { attempt, fieldText, fieldTexts, problemsOf, problemsOfInput, SentForm, type Fields } from './forms.js';
import { may } from './may.js';
import { NewSourcePage, SourcePage } from './pages/source.js';
import { SourcesPage } from './pages/sources.js';
import { paths } from './paths.js';
import { daysUntil, SourceActivity } from './read/source-activity.js';
import { CurrentShell } from './shell.js';
import { emptySourceForm, inputOf, readSourceForm, settingFields, sourceFormOf } from './source-form.js';
import type { SourceForm, SourceView as SourcePageView } from './source-views.js';
import type { FieldProblems, Shell, SourceHealthMark } from './views.js';

/** Missing records that a page shows. */
const mostMissing = 50;
/** As in the documentation. */
const exampleUrl = 'https://segproof.example.com';
const exampleSyslogPort = 6514;

@ApiExcludeController()
@Controller('sources')
export class SourcePagesController {
  constructor(
    @Inject(Sources) private readonly sources: Sources,
    @Inject(SourceHealths) private readonly healths: SourceHealths,
    @Inject(MissingRecordsRegister) private readonly missing: MissingRecordsRegister,
    @Inject(SourceActivity) private readonly activity: SourceActivity,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  @Needs('sources.read')
  async list(@CurrentShell() shell: Shell): Promise<Response> {
    const [sources, perDay] = await Promise.all([this.sources.list(), this.activity.perDay(daysUntil(shell.now, 30))]);
    return pageAnswer(
      SourcesPage({
        shell,
        mayManage: may(shell, 'sources.manage'),
        rows: sources.map((source) => ({
          name: source.name,
          format: source.format,
          health: healthOf(source),
          createdAt: source.createdAt,
          lastReceivedAt: source.lastReceivedAt,
          lastEventTime: source.lastEventTime,
          received: source.received,
          appended: source.appended,
          duplicate: source.duplicate,
          quarantined: source.quarantined,
          refused: source.refused,
          silenceAfterSeconds: source.silenceAfterSeconds,
          perDay: perDay.get(source.name) ?? [],
        })),
      }),
    );
  }

  @Get(':name')
  @Needs('sources.read')
  async detail(@CurrentShell() shell: Shell, @Param('name') name: string, @Query() query: Fields): Promise<Response> {
    const source = await this.sources.get(name);
    const by = fieldText(query, 'by') === 'day' ? 'day' : 'hour';
    return await this.page(shell, source, { form: sourceFormOf(source) }, 200, by);
  }

  // After `:name`: the more specific route is tried first, and the check for routes in each other's shadow knows it only this way.
  @Get('new')
  @Needs('sources.manage')
  form(@CurrentShell() shell: Shell): Response {
    return pageAnswer(NewSourcePage({ shell, form: emptySourceForm, problems: {} }));
  }

  @Post(':name')
  @Needs('sources.manage')
  async change(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @Param('name') name: string,
    @SentForm() sent: Fields,
  ): Promise<Response> {
    const source = await this.sources.get(name);
    const form = readSourceForm(sent);
    const again = async (problems: FieldProblems, status: number): Promise<Response> =>
      await this.page(shell, source, { form, problems }, status);
    const input = SourceChange.safeParse(inputOf(form));
    if (!input.success) return await again(problemsOfInput(input.error, settingFields), 400);
    const outcome = await attempt(() => this.sources.change(actor, name, input.data));
    if ('problem' in outcome) return await again(problemsOf(outcome.problem, settingFields), outcome.problem.status);
    return seeOther(paths.source(name));
  }

  @Post('new')
  @Needs('sources.manage')
  async create(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @SentForm() sent: Fields,
  ): Promise<Response> {
    const form = readSourceForm(sent);
    const again = (problems: FieldProblems, status: number): Response =>
      pageAnswer(NewSourcePage({ shell, form, problems }), status);
    const input = NewSource.safeParse({ name: form.name, ...inputOf(form) });
    if (!input.success) return again(problemsOfInput(input.error, settingFields), 400);
    const outcome = await attempt(() => this.sources.create(actor, input.data));
    if ('problem' in outcome) return again(problemsOf(outcome.problem, settingFields), outcome.problem.status);
    const source = await this.sources.get(form.name);
    return await this.page(shell, source, { form: sourceFormOf(source), token: outcome.done.token });
  }

  @Post(':name/tokens')
  @Needs('sources.manage')
  async issueToken(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @Param('name') name: string,
  ): Promise<Response> {
    const { token } = await this.sources.issueToken(actor, name);
    const source = await this.sources.get(name);
    return await this.page(shell, source, { form: sourceFormOf(source), token });
  }

  @Post(':name/tokens/:hint/revoke')
  @Needs('sources.manage')
  async revokeToken(
    @CurrentActor() actor: Actor,
    @Param('name') name: string,
    @Param('hint') hint: string,
  ): Promise<Response> {
    await this.sources.revokeToken(actor, name, hint);
    return seeOther(`${paths.source(name)}#tokens`);
  }

  @Post(':name/missing/acknowledge')
  @Needs('sources.manage')
  async acknowledge(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @Param('name') name: string,
    @SentForm() sent: Fields,
  ): Promise<Response> {
    const input = Acknowledgement.safeParse({ reason: fieldText(sent, 'reason') ?? '' });
    if (!input.success) {
      const source = await this.sources.get(name);
      const problems = problemsOfInput(input.error, { reason: { field: 'reason', label: 'Reason' } });
      return await this.page(shell, source, { form: sourceFormOf(source), problems }, 400);
    }
    for (const id of fieldTexts(sent, 'id').filter((text) => z.uuid().safeParse(text).success)) {
      // What came meanwhile, or what somebody else acknowledged, needs no reason any longer.
      await attempt(() => this.missing.acknowledge(actor, name, id, input.data));
    }
    return seeOther(`${paths.source(name)}#missing`);
  }

  @Post(':name/sample')
  @Needs('sources.read')
  async trySample(
    @CurrentShell() shell: Shell,
    @Param('name') name: string,
    @SentForm() sent: Fields,
  ): Promise<Response> {
    const source = await this.sources.get(name);
    const form = readSourceForm(sent);
    if (form.sample.trim() === '')
      return await this.page(shell, source, { form, problems: { sample: 'Paste a record.' } }, 400);
    const input = SourceChange.safeParse(inputOf(form));
    if (!input.success)
      return await this.page(shell, source, { form, problems: problemsOfInput(input.error, settingFields) }, 400);
    const { format = source.format, settings = source.settings } = input.data;
    const context = contextOf(format, settings);
    return await this.page(shell, source, {
      form,
      preview: previewsOfSample(form.sample, context, false, new Date(shell.now)),
    });
  }

  private async page(
    shell: Shell,
    source: SourceView,
    shown: { readonly form: SourceForm } & Partial<Pick<SourcePageView, 'problems' | 'preview' | 'token'>>,
    status = 200,
    by: BalanceBy = 'hour',
  ): Promise<Response> {
    const view: SourcePageView = {
      shell: { ...shell, path: paths.source(source.name) },
      source,
      health: healthOf(source),
      figures: await this.healths.of(source.name, { by }),
      mayManage: may(shell, 'sources.manage'),
      problems: {},
      preview: null,
      token: null,
      tokens: await this.sources.tokens(source.name),
      missing: await this.missing.list(source.name, { state: 'all', limit: mostMissing }),
      connect: {
        url: this.config.PUBLIC_URL?.replace(/\/+$/u, '') ?? exampleUrl,
        isKnown: this.config.PUBLIC_URL !== undefined,
        syslogPort: this.config.SYSLOG_TLS_PORT ?? this.config.SYSLOG_TCP_PORT ?? exampleSyslogPort,
      },
      ...shown,
    };
    return pageAnswer(SourcePage(view), status);
  }
}

function healthOf({ silentSince, lastReceivedAt, silenceAfterSeconds }: SourceView): SourceHealthMark {
  if (silentSince !== null) return 'silent';
  if (lastReceivedAt === null) return 'never_reported';
  return silenceAfterSeconds === null ? 'not_watched' : 'reporting';
}
