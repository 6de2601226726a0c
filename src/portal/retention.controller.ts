import { Controller, Get, Inject, Param, Post } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { LegalHolds, NewHold } from '../retention/holds.js';
import { Erasures } from '../retention/erasures.js';
import { Retention } from '../retention/retention.js';
import { NewRule, Reason, RetentionClass, RetentionRules } from '../retention/rules.js';
import { pageAnswer, seeOther } from './answers.js';
import {
  attempt,
  fieldText,
  problemsOf,
  problemsOfInput,
  readTime,
  SentForm,
  type FieldNames,
  type Fields,
} from './forms.js';
import { readIndices } from './indices.js';
import { may } from './may.js';
import { RetentionPage } from './pages/retention.js';
import { paths } from './paths.js';
import type { HoldForm, RetentionPageView, RuleForm } from './retention-views.js';
import { CurrentShell } from './shell.js';
import type { Allowance, FieldProblems, Shell } from './views.js';

const listed = 100;

const RuleInput = NewRule.extend({
  keepDays: z
    .string()
    .regex(/^\d*$/u, 'a whole number is needed, or nothing')
    .transform((text) => (text === '' ? null : Number(text)))
    .pipe(NewRule.shape.keepDays),
});

const ruleFields: FieldNames = {
  keepDays: { field: 'keepDays', label: 'Days to keep' },
  reason: { field: 'ruleReason', label: 'Reason' },
};

const holdFields: FieldNames = {
  name: { field: 'name', label: 'Name' },
  reason: { field: 'holdReason', label: 'Reason' },
  scope: { field: 'to', label: 'What it covers' },
};

const noRule: RuleForm = { retentionClass: 'flow', keepDays: '', reason: '' };
const noHold: HoldForm = { name: '', reason: '', retentionClass: '', source: '', from: '', to: '', indices: '' };

/** Retention rules and legal holds; erasures have pages of their own. */
@ApiExcludeController()
@Controller('retention')
export class RetentionPagesController {
  constructor(
    @Inject(RetentionRules) private readonly rules: RetentionRules,
    @Inject(LegalHolds) private readonly holds: LegalHolds,
    @Inject(Erasures) private readonly erasures: Erasures,
    @Inject(Retention) private readonly retention: Retention,
  ) {}

  @Get()
  @Needs('retention.read')
  async page(@CurrentShell() shell: Shell): Promise<Response> {
    return await this.answer(shell, {}, 200);
  }

  @Post('rules')
  @Needs('retention.manage')
  async setRule(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @SentForm() form: Fields,
  ): Promise<Response> {
    const rule: RuleForm = {
      retentionClass: RetentionClass.catch('flow').parse(form['retentionClass']),
      keepDays: fieldText(form, 'keepDays') ?? '',
      reason: fieldText(form, 'ruleReason') ?? '',
    };
    const again = async (problems: FieldProblems, status: number): Promise<Response> =>
      await this.answer(shell, problems, status, { rule });
    const input = RuleInput.safeParse(rule);
    if (!input.success) return await again(problemsOfInput(input.error, ruleFields), 400);
    const outcome = await attempt(() => this.rules.set(actor, rule.retentionClass, input.data));
    if ('problem' in outcome) return await again(problemsOf(outcome.problem, ruleFields), outcome.problem.status);
    return seeOther(`${paths.retention}#rules`);
  }

  @Post('holds')
  @Needs('retention.manage')
  async placeHold(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @SentForm() form: Fields,
  ): Promise<Response> {
    const text = (name: string): string => fieldText(form, name) ?? '';
    const hold: HoldForm = {
      name: text('name'),
      reason: text('holdReason'),
      retentionClass: text('holdClass'),
      source: text('source'),
      from: text('from'),
      to: text('to'),
      indices: text('indices'),
    };
    const again = async (problems: FieldProblems, status: number): Promise<Response> =>
      await this.answer(shell, problems, status, { hold });
    const read = readHold(hold);
    if ('problems' in read) return await again(read.problems, 400);
    const outcome = await attempt(() => this.holds.place(actor, read.hold));
    if ('problem' in outcome) return await again(problemsOf(outcome.problem, holdFields), outcome.problem.status);
    return seeOther(`${paths.retention}#holds`);
  }

  @Post('holds/:id/release')
  @Needs('retention.approve')
  async releaseHold(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @SentForm() form: Fields,
  ): Promise<Response> {
    const reason = Reason.safeParse(fieldText(form, 'reason') ?? '');
    if (!reason.success) return await this.answer(shell, { form: 'Give a reason for releasing the hold.' }, 400);
    const outcome = await attempt(() => this.holds.release(actor, id, reason.data));
    if ('problem' in outcome) return await this.answer(shell, problemsOf(outcome.problem), outcome.problem.status);
    return seeOther(`${paths.retention}#holds`);
  }

  private async answer(
    shell: Shell,
    problems: FieldProblems,
    status: number,
    forms: { readonly rule?: RuleForm; readonly hold?: HoldForm } = {},
  ): Promise<Response> {
    const [rules, due, holds, erasures, removals] = await Promise.all([
      this.rules.list(),
      this.retention.due(),
      this.holds.list(false),
      this.erasures.list(listed),
      this.retention.removals(listed),
    ]);
    const view: RetentionPageView = {
      shell: { ...shell, path: paths.retention },
      rules,
      due,
      holds: holds.map((hold) => ({ ...hold, mayRelease: mayRelease(shell, hold.placedBy) })),
      erasures,
      removals,
      mayManage: may(shell, 'retention.manage'),
      rule: forms.rule ?? noRule,
      hold: forms.hold ?? noHold,
      problems,
    };
    return pageAnswer(RetentionPage(view), status);
  }
}

/** The hold that a form describes, or what is wrong with it. */
function readHold(form: HoldForm): { readonly hold: NewHold } | { readonly problems: FieldProblems } {
  const problems: Record<string, string> = {};
  const time = (name: 'from' | 'to'): string | null => {
    if (form[name] === '') return null;
    const read = readTime(form[name]);
    if (read === null) problems[name] = 'A time such as 2026-10-01T00:00 is needed.';
    return read;
  };
  const indices = form.indices === '' ? null : readIndices(form.indices);
  if (indices !== null && 'problem' in indices) problems['indices'] = indices.problem;
  const scope = {
    retentionClass: form.retentionClass === '' ? null : form.retentionClass,
    source: form.source === '' ? null : form.source,
    from: time('from'),
    to: time('to'),
    indices: indices === null || 'problem' in indices ? null : indices.indices,
  };
  const input = NewHold.safeParse({ name: form.name, reason: form.reason, scope });
  if (!input.success) Object.assign(problems, problemsOfInput(input.error, holdFields));
  return Object.keys(problems).length > 0 || !input.success ? { problems } : { hold: input.data };
}

function mayRelease(shell: Shell, placedBy: string): Allowance {
  if (!may(shell, 'retention.approve'))
    return { permitted: false, because: 'An administrator or an approver releases it.' };
  if (placedBy === shell.user?.name)
    return { permitted: false, because: 'You placed it; somebody else has to release it.' };
  return { permitted: true };
}
