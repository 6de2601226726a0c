import { Controller, Get, Inject, Param, Post } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { ErasureSelection } from '../retention/erasure-selection.js';
import { Erasures, NewErasure, type ErasureView } from '../retention/erasures.js';
import { Reason } from '../retention/rules.js';
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
import { ErasurePage } from './pages/erasure.js';
import { NewErasurePage } from './pages/new-erasure.js';
import { paths } from './paths.js';
import type { ErasureForm, NewErasureView } from './retention-views.js';
import { CurrentShell } from './shell.js';
import type { Allowance, FieldProblems, Shell } from './views.js';

const selectionFields: FieldNames = {
  text: { field: 'text', label: 'Text' },
  from: { field: 'from', label: 'Received from' },
  to: { field: 'to', label: 'Received before' },
  source: { field: 'source', label: 'Source' },
  indices: { field: 'indices', label: 'Entries' },
  reason: { field: 'reason', label: 'Reason' },
  selection: { field: 'form', label: 'Selection' },
};

const dayMilliseconds = 86_400_000;

/** Erasures: asked for by one person after looking at what would go, decided by another. */
@ApiExcludeController()
@Controller('retention/erasures')
export class ErasurePagesController {
  constructor(@Inject(Erasures) private readonly erasures: Erasures) {}

  @Get(':id')
  @Needs('retention.read')
  async detail(@CurrentShell() shell: Shell, @Param('id') id: string): Promise<Response> {
    return await this.erasurePage(shell, id, {}, 200);
  }

  // After `:id`: the more specific route is tried first, and the check for routes in each other's shadow knows it only this way.
  @Get('new')
  @Needs('retention.manage')
  form(@CurrentShell() shell: Shell): Response {
    const now = Date.parse(shell.now);
    const values: ErasureForm = {
      by: 'text',
      text: '',
      from: new Date(now - 30 * dayMilliseconds).toISOString(),
      to: shell.now,
      source: '',
      indices: '',
      reason: '',
    };
    return pageAnswer(NewErasurePage({ shell, values, preview: null, problems: {} }));
  }

  // The text is in the body, so that it does not come into anybody's log of addresses.
  @Post('new')
  @Needs('retention.manage')
  async ask(@CurrentShell() shell: Shell, @CurrentActor() actor: Actor, @SentForm() form: Fields): Promise<Response> {
    const values = valuesOf(form);
    const answer = (rest: Pick<NewErasureView, 'preview' | 'problems'>, status: number): Response =>
      pageAnswer(NewErasurePage({ shell, values, ...rest }), status);
    const read = readSelection(values);
    if ('problems' in read) return answer({ preview: null, problems: read.problems }, 400);
    const { selection } = read;
    const looked = await attempt(() => this.erasures.preview(selection));
    if ('problem' in looked) {
      return answer({ preview: null, problems: problemsOf(looked.problem, selectionFields) }, looked.problem.status);
    }
    const preview = looked.done;
    if (form['step'] !== 'request') return answer({ preview, problems: {} }, 200);
    const input = NewErasure.safeParse({ reason: values.reason, selection });
    if (!input.success) return answer({ preview, problems: problemsOfInput(input.error, selectionFields) }, 400);
    const asked = await attempt(() => this.erasures.request(actor, input.data));
    if ('problem' in asked) {
      return answer({ preview, problems: problemsOf(asked.problem, selectionFields) }, asked.problem.status);
    }
    return seeOther(paths.erasure(asked.done.id));
  }

  @Post(':id/decision')
  @Needs('retention.approve')
  async decide(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @SentForm() form: Fields,
  ): Promise<Response> {
    const comment = (fieldText(form, 'comment') ?? '').slice(0, 2000);
    const approves = form['decision'] === 'approve';
    if (!approves && form['decision'] !== 'reject') {
      return await this.erasurePage(shell, id, { form: 'Choose to approve or to reject.' }, 400);
    }
    if (!approves && !Reason.safeParse(comment).success) {
      return await this.erasurePage(shell, id, { comment: 'Say why the erasure is rejected.' }, 400);
    }
    const outcome = await attempt(() =>
      approves ? this.erasures.approve(actor, id, comment) : this.erasures.reject(actor, id, comment),
    );
    if ('problem' in outcome) {
      return await this.erasurePage(shell, id, problemsOf(outcome.problem), outcome.problem.status);
    }
    return seeOther(paths.erasure(id));
  }

  private async erasurePage(shell: Shell, id: string, problems: FieldProblems, status: number): Promise<Response> {
    const erasure = await this.erasures.get(id);
    const page = ErasurePage({
      shell: { ...shell, path: paths.erasure(id) },
      erasure,
      mayApprove: mayApprove(shell, erasure),
      mayReject: may(shell, 'retention.approve'),
      problems,
    });
    return pageAnswer(page, status);
  }
}

function valuesOf(form: Fields): ErasureForm {
  const text = (name: string): string => fieldText(form, name) ?? '';
  return {
    by: form['by'] === 'indices' ? 'indices' : 'text',
    text: text('text'),
    from: readTime(text('from')) ?? text('from'),
    to: readTime(text('to')) ?? text('to'),
    source: text('source'),
    indices: text('indices'),
    reason: text('reason'),
  };
}

function readSelection(
  values: ErasureForm,
): { readonly selection: ErasureSelection } | { readonly problems: FieldProblems } {
  if (values.by === 'indices') {
    const read = readIndices(values.indices);
    if ('problem' in read) return { problems: { indices: read.problem } };
    const selection = ErasureSelection.safeParse({ by: 'indices', indices: read.indices });
    return selection.success
      ? { selection: selection.data }
      : { problems: problemsOfInput(selection.error, selectionFields) };
  }
  const { text, from, to, source } = values;
  const selection = ErasureSelection.safeParse({ by: 'text', text, from, to, source: source === '' ? null : source });
  return selection.success
    ? { selection: selection.data }
    : { problems: problemsOfInput(selection.error, selectionFields) };
}

function mayApprove(shell: Shell, erasure: ErasureView): Allowance {
  if (!may(shell, 'retention.approve')) {
    return { permitted: false, because: 'Approving an erasure needs the role admin or approver.' };
  }
  if (erasure.requestedBy === shell.user?.name) {
    return { permitted: false, because: 'You asked for it; somebody else has to approve it.' };
  }
  return { permitted: true };
}
