import { Controller, Get, Inject, Post, Query } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { CurrentActor, Needs } from '../access/guard.js';
import { CONFIG, type Config } from '../config.js';
import type { Actor } from '../context.js';
import { Database } from '../database/database.js';
import { Jobs } from '../jobs/jobs.js';
import { Checkpoints } from '../log/checkpoints.js';
import { parseVerifierKey } from '../log/core/note.js';
import type { WitnessPolicy } from '../log/core/witness-policy.js';
import { listKeys } from '../log/keys.js';
import { Log } from '../log/log.js';
import { Resume, Signing } from '../log/signing.js';
import { Verification } from '../log/verification.js';
import { PublishedCheckpoints, WITNESS_POLICY } from '../log/witness/published.js';
import { pageAnswer, seeOther } from './answers.js';
import { attempt, fieldText, problemsOf, problemsOfInput, SentForm, type FieldNames, type Fields } from './forms.js';
import type { IntegrityView } from './integrity-views.js';
import { may } from './may.js';
import { IntegrityPage } from './pages/integrity.js';
import { paths, withQuery } from './paths.js';
import { CurrentShell } from './shell.js';
import type { FieldProblems, Shell } from './views.js';

const resumeFields: FieldNames = { reason: { field: 'reason', label: 'Reason' } };
const verificationsShown = 20;

/** Whether the log is intact and signed, since when, by which keys, and the decision to go on when it is not. */
@ApiExcludeController()
@Controller('integrity')
export class IntegrityPagesController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(Signing) private readonly signing: Signing,
    @Inject(Verification) private readonly verification: Verification,
    @Inject(Checkpoints) private readonly checkpoints: Checkpoints,
    @Inject(PublishedCheckpoints) private readonly published: PublishedCheckpoints,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(WITNESS_POLICY) private readonly policy: WitnessPolicy | null,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  @Needs('log.read')
  async page(@CurrentShell() shell: Shell, @Query() query: Fields): Promise<Response> {
    return await this.answer(shell, {}, 200, fieldText(query, 'asked') === 'verification' ? 'verification' : null);
  }

  @Post('resume-signing')
  @Needs('log.manage')
  async resume(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @SentForm() form: Fields,
  ): Promise<Response> {
    const input = Resume.safeParse({ reason: fieldText(form, 'reason') ?? '' });
    if (!input.success) return await this.answer(shell, problemsOfInput(input.error, resumeFields), 400);
    const outcome = await attempt(() => this.signing.resume(actor, input.data));
    if ('problem' in outcome) return await this.answer(shell, problemsOf(outcome.problem), outcome.problem.status);
    await this.checkpoints.keep();
    return seeOther(`${paths.integrity}#signing`);
  }

  @Post('verify')
  @Needs('log.manage')
  async verify(): Promise<Response> {
    await this.jobs.add('log.verify', {}, 'log.verify');
    return seeOther(withQuery(paths.integrity, { asked: 'verification' }));
  }

  private async answer(
    shell: Shell,
    problems: FieldProblems,
    status: number,
    done: IntegrityView['done'] = null,
  ): Promise<Response> {
    const inUse = this.log.verifierKey;
    const [verifications, keys, kept, witnessed] = await Promise.all([
      this.verification.history(verificationsShown),
      listKeys(this.database, [parseVerifierKey(inUse)]),
      this.checkpoints.latest(),
      this.published.witnessed(),
    ]);
    const { stopped, lastSigned } = this.signing.state();
    const view: IntegrityView = {
      shell: { ...shell, path: paths.integrity },
      signing: {
        stopped: stopped === null ? null : { since: stopped.at, reason: stopped.reason, detail: stopped.detail },
        lastSigned,
      },
      mayManage: may(shell, 'log.manage'),
      verifications: verifications.map(({ startedAt, finishedAt, ...row }) => ({
        ...row,
        startedAt: startedAt.toISOString(),
        finishedAt: finishedAt.toISOString(),
      })),
      keys: keys.map(({ verifier, registeredAt, ...key }) => ({
        ...key,
        verifierKey: verifier.text,
        current: verifier.text === inUse,
        registeredAt: registeredAt.toISOString(),
      })),
      outside: {
        checkpointSize: kept?.size ?? null,
        checkpointAt: kept?.signedAt.toISOString() ?? null,
        witnesses: (this.policy?.witnesses ?? []).map(({ name }) => name),
        witnessedSize: witnessed?.size ?? null,
        witnessedAt: witnessed?.signedAt.toISOString() ?? null,
        anchors: [
          ...(this.config.ANCHOR_DIR === undefined ? [] : ['a folder']),
          ...(this.config.ANCHOR_WEBHOOK_URL === undefined ? [] : ['a webhook']),
        ],
      },
      problems,
      done,
    };
    return pageAnswer(IntegrityPage(view), status);
  }
}
