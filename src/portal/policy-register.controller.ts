import { Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { Problem } from '../errors.js';
import { Policies } from '../policies/policies.js';
import { DiffQuery, PolicyDiffs, type PolicyDiff } from '../policies/policy-diffs.js';
import type { PolicyKey } from '../policies/policy-key.js';
import { keyOfPath, PolicyPath } from '../policies/policy-path.js';
import { PolicyRegister } from '../policies/register/register.js';
import { Stewardship } from '../policies/register/stewardship.js';
import { PolicyTemplates } from '../policies/templates.js';
import { pageAnswer, seeOther } from './answers.js';
import { attempt, fieldText, problemsOf, problemsOfInput, SentForm, type Fields } from './forms.js';
import { PolicyDiffPage } from './pages/policy-diff.js';
import { PolicyDraftPage } from './pages/policy-draft.js';
import { PolicyRegisterPage } from './pages/policy-register.js';
import { TemplatesPage } from './pages/templates.js';
import { paths } from './paths.js';
import { writtenPart } from './read/policy-objects.js';
import type { RegisterForm } from './register-views.js';
import { CurrentShell } from './shell.js';
import type { FieldProblems, Shell } from './views.js';

const RulePath = PolicyPath.extend({ digest: z.string() });
type RulePath = z.infer<typeof RulePath>;
const place = ':system/:kind/:namespace/:name';

const registerFields = {
  owner: { field: 'owner', label: 'Owner' },
  reason: { field: 'reason', label: 'Reason' },
  expires: { field: 'expires', label: 'Expires' },
  review: { field: 'review', label: 'Review by' },
  labels: { field: 'labels', label: 'Labels' },
};

@ApiExcludeController()
@Controller('policies')
export class PolicyRegisterPagesController {
  constructor(
    @Inject(Policies) private readonly policies: Policies,
    @Inject(PolicyRegister) private readonly register: PolicyRegister,
    @Inject(PolicyDiffs) private readonly diffs: PolicyDiffs,
    @Inject(PolicyTemplates) private readonly templates: PolicyTemplates,
  ) {}

  @Get('templates')
  @Needs('policies.read')
  async templateList(@CurrentShell() shell: Shell): Promise<Response> {
    return pageAnswer(TemplatesPage({ shell, templates: await this.templates.list() }));
  }

  @Get('draft')
  @Needs('policies.read')
  draftForm(@CurrentShell() shell: Shell): Response {
    return pageAnswer(PolicyDraftPage({ shell, values: { action: 'apply', policy: '' }, problems: {}, diff: null }));
  }

  @Post('draft')
  @Needs('policies.read')
  async draft(@CurrentShell() shell: Shell, @SentForm() form: Fields): Promise<Response> {
    const action = form['action'] === 'delete' ? 'delete' : 'apply';
    const policy = fieldText(form, 'policy') ?? '';
    const values = { action, policy } as const;
    const again = (problems: FieldProblems, status: number) =>
      pageAnswer(PolicyDraftPage({ shell, values, problems, diff: null }), status);
    if (policy === '') return again({ policy: 'The policy is needed, as YAML or JSON.' }, 400);
    const outcome = await attempt(() => this.diffs.draft({ action, manifest: policy }));
    if ('problem' in outcome)
      return again(
        problemsOf(outcome.problem, { manifest: { field: 'policy', label: 'Policy' } }),
        outcome.problem.status,
      );
    return pageAnswer(PolicyDraftPage({ shell, values, problems: {}, diff: written(outcome.done) }));
  }

  @Get(`${place}/diff`)
  @Needs('policies.read')
  async diff(
    @CurrentShell() shell: Shell,
    @Param({ schema: PolicyPath }) path: PolicyPath,
    @Query({ schema: DiffQuery }) query: DiffQuery,
  ): Promise<Response> {
    const policy = keyOfPath(path);
    const [versions, diff] = await Promise.all([this.policies.versions(policy), this.diffs.between(policy, query)]);
    return pageAnswer(
      PolicyDiffPage({ shell, policy, versions: versions.map(({ version }) => version), diff: written(diff) }),
    );
  }

  @Get(`${place}/register`)
  @Needs('policies.manage')
  async registerForm(@CurrentShell() shell: Shell, @Param({ schema: PolicyPath }) path: PolicyPath): Promise<Response> {
    return await this.form(shell, keyOfPath(path), null);
  }

  @Get(`${place}/register/:digest`)
  @Needs('policies.manage')
  async ruleForm(@CurrentShell() shell: Shell, @Param({ schema: RulePath }) path: RulePath): Promise<Response> {
    return await this.form(shell, keyOfPath(path), path.digest);
  }

  @Post(`${place}/register`)
  @Needs('policies.manage')
  async set(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @Param({ schema: PolicyPath }) path: PolicyPath,
    @SentForm() form: Fields,
  ): Promise<Response> {
    return await this.setFrom(shell, actor, keyOfPath(path), null, form);
  }

  @Post(`${place}/register/:digest`)
  @Needs('policies.manage')
  async setRule(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @Param({ schema: RulePath }) path: RulePath,
    @SentForm() form: Fields,
  ): Promise<Response> {
    return await this.setFrom(shell, actor, keyOfPath(path), path.digest, form);
  }

  private async setFrom(
    shell: Shell,
    actor: Actor,
    policy: PolicyKey,
    rule: string | null,
    form: Fields,
  ): Promise<Response> {
    const text = (name: keyof RegisterForm): string => fieldText(form, name) ?? '';
    const values: RegisterForm = {
      owner: text('owner'),
      reason: text('reason'),
      expires: text('expires'),
      review: text('review'),
      labels: text('labels'),
    };
    const again = async (problems: FieldProblems, status: number) =>
      await this.form(shell, policy, rule, { values, problems, status });
    const labels = readLabels(values.labels);
    if (labels === null) return await again({ labels: 'Labels: key=value on each line is expected.' }, 400);
    const orNull = (value: string) => (value === '' ? null : value);
    const input = Stewardship.safeParse({
      owner: orNull(values.owner),
      reason: orNull(values.reason),
      expires: orNull(values.expires),
      review: orNull(values.review),
      labels,
    });
    if (!input.success) return await again(problemsOfInput(input.error, registerFields), 400);
    const outcome = await attempt(() => this.register.set(actor, policy, rule, input.data));
    if ('problem' in outcome) return await again(problemsOf(outcome.problem, registerFields), outcome.problem.status);
    return seeOther(`${paths.policy(policy)}#register`);
  }

  private async form(
    shell: Shell,
    policy: PolicyKey,
    digest: string | null,
    sent: { readonly values: RegisterForm; readonly problems: FieldProblems; readonly status: number } | null = null,
  ): Promise<Response> {
    const entry = await this.register.get(policy);
    const rule = digest === null ? null : (entry.rules?.find((one) => one.digest === digest) ?? null);
    if (digest !== null && rule === null)
      throw new Problem('not_found', 'The policy has no rule with this digest, and has had none.');
    const set = (rule ?? entry).set;
    const values: RegisterForm = {
      owner: set?.owner ?? '',
      reason: set?.reason ?? '',
      expires: set?.expires ?? '',
      review: set?.review ?? '',
      labels: Object.entries(set?.labels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join('\n'),
    };
    const view = { shell, entry, rule, values: sent?.values ?? values, problems: sent?.problems ?? {} };
    return pageAnswer(PolicyRegisterPage(view), sent?.status ?? 200);
  }
}

/** Labels from lines of `key=value`; null when a line is none. */
function readLabels(text: string): Record<string, string> | null {
  const lines = text.split(/\r?\n/u).map((line) => line.trim());
  const pairs = lines.filter((line) => line !== '').map((line) => /^([^=]+)=(.*)$/u.exec(line));
  if (pairs.some((pair) => pair === null)) return null;
  return Object.fromEntries(pairs.map((pair) => [pair?.[1]?.trim() ?? '', pair?.[2]?.trim() ?? '']));
}

/** The objects as people wrote them. */
function written(diff: PolicyDiff): PolicyDiff {
  const end = (one: PolicyDiff['from']): PolicyDiff['from'] => ({
    ...one,
    object: one.object === null ? null : z.json().parse(writtenPart(one.object)),
  });
  return { ...diff, from: end(diff.from), to: end(diff.to) };
}
