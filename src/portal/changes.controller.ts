import { Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { stringify as stringifyYaml } from 'yaml';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import { isPermitted } from '../access/permissions.js';
import { changeNumber } from '../changes/change-number.js';
import { Changes, NewChange, type ChangeView } from '../changes/changes.js';
import { Simulations } from '../simulations/simulations.js';
import type { Actor } from '../context.js';
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
import { ChangePage } from './pages/change.js';
import { ChangesPage } from './pages/changes.js';
import { NewChangePage } from './pages/new-change.js';
import { paths } from './paths.js';
import { ChangeList } from './read/change-list.js';
import { readCursor } from './read/cursor.js';
import { PolicyMatches } from './read/policy-matches.js';
import { PolicyObjects, writtenPart } from './read/policy-objects.js';
import { CurrentShell } from './shell.js';
import type { Allowance, ChangeDetailView, FieldProblems, NewChangeView, Shell } from './views.js';

const pageSize = 50;

const Filter = z.enum(['all', 'for_review', 'proposed', 'approved', 'rejected']).catch('all');

/** A rejection without a reason helps nobody who has to propose something better. */
const ReviewForm = z
  .object({
    decision: z.enum(['approved', 'rejected'], 'choose to approve or to reject'),
    comment: z.string().max(5000),
  })
  .refine(({ decision, comment }) => decision === 'approved' || comment !== '', {
    path: ['comment'],
    error: 'say why you reject the change',
  });

const reviewFields: FieldNames = {
  decision: { field: 'form', label: 'Decision' },
  comment: { field: 'comment', label: 'Your comment' },
};

const Action = z.enum(['create', 'update', 'delete']).catch('create');

const changeFields: FieldNames = {
  title: { field: 'title', label: 'Title' },
  reason: { field: 'reason', label: 'Reason' },
  windowFrom: { field: 'windowFrom', label: 'Window from' },
  windowTo: { field: 'windowTo', label: 'Window to' },
  items: { field: 'policy', label: 'Policy' },
};

const dayMilliseconds = 86_400_000;

@ApiExcludeController()
@Controller('changes')
export class ChangePagesController {
  constructor(
    @Inject(Changes) private readonly changes: Changes,
    @Inject(ChangeList) private readonly changeList: ChangeList,
    @Inject(PolicyMatches) private readonly matches: PolicyMatches,
    @Inject(PolicyObjects) private readonly objects: PolicyObjects,
    @Inject(Simulations) private readonly simulations: Simulations,
  ) {}

  @Get()
  @Needs('changes.read')
  async list(@CurrentShell() shell: Shell, @CurrentActor() actor: Actor, @Query() query: Fields): Promise<Response> {
    const filter = Filter.parse(query['state']);
    const reviews = isPermitted(actor, 'changes.review');
    const [counts, awaiting, found] = await Promise.all([
      this.changes.counts(),
      reviews ? this.changeList.awaiting(actor.id) : 0,
      this.changeList.page(filter, actor.id, pageSize, readCursor(fieldText(query, 'cursor'))),
    ]);
    const { rows, paging } =
      filter === 'for_review' && !reviews ? { rows: [], paging: { older: null, newer: null } } : found;
    const progress = await this.matches.progress(
      rows.map(({ id }) => id),
      shell.now,
    );
    return pageAnswer(
      ChangesPage({
        shell,
        filter,
        counts: { ...counts, all: counts.proposed + counts.approved + counts.rejected, for_review: awaiting },
        rows: rows.map((row) => ({
          ...row,
          number: changeNumber(row.number),
          outcome: progress.get(row.id)?.outcome ?? 'waiting',
        })),
        paging,
      }),
    );
  }

  @Post()
  @Needs('changes.propose')
  async propose(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @SentForm() body: Fields,
  ): Promise<Response> {
    const text = (name: string): string => fieldText(body, name) ?? '';
    const values: NewChangeView['values'] = {
      title: text('title'),
      reason: text('reason'),
      windowFrom: readTime(text('windowFrom')) ?? text('windowFrom'),
      windowTo: readTime(text('windowTo')) ?? text('windowTo'),
      action: Action.parse(body['action']),
      policy: text('policy'),
    };
    const again = (problems: FieldProblems, status: number): Response =>
      pageAnswer(NewChangePage({ shell, values, problems }), status);
    const { action, policy, ...rest } = values;
    const input = NewChange.safeParse({
      ...rest,
      items: manifestsIn(policy).map((manifest) => ({ action, manifest })),
    });
    if (!input.success) return again(problemsOfInput(input.error, changeFields), 400);
    const outcome = await attempt(() => this.changes.propose(actor, input.data));
    if ('problem' in outcome) return again(problemsOf(outcome.problem, changeFields), outcome.problem.status);
    return seeOther(paths.change(outcome.done.id));
  }

  @Get(':id')
  @Needs('changes.read')
  async detail(@CurrentShell() shell: Shell, @CurrentActor() actor: Actor, @Param('id') id: string): Promise<Response> {
    return await this.changePage(shell, actor, id, {}, 200);
  }

  // After `:id`: the more specific route is tried first, and the check for routes in each other's shadow knows it only this way.
  @Get('new')
  @Needs('changes.propose')
  async newChange(@CurrentShell() shell: Shell, @Query() query: Fields): Promise<Response> {
    const simulation = fieldText(query, 'simulation');
    const draft = simulation === null ? {} : draftOf((await this.simulations.get(simulation)).items);
    return pageAnswer(NewChangePage({ shell, values: { ...emptyChange(shell.now), ...draft }, problems: {} }));
  }

  /** The form filled in by another page; nothing is proposed yet. */
  @Post('new')
  @Needs('changes.propose')
  prefilledChange(@CurrentShell() shell: Shell, @SentForm() body: Fields): Response {
    const text = (name: string): string => fieldText(body, name) ?? '';
    const given = { title: text('title'), reason: text('reason'), policy: text('policy') };
    return pageAnswer(NewChangePage({ shell, values: { ...emptyChange(shell.now), ...given }, problems: {} }));
  }

  @Post(':id/review')
  @Needs('changes.review')
  async review(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @SentForm() body: Fields,
  ): Promise<Response> {
    const form = ReviewForm.safeParse({ decision: body['decision'], comment: fieldText(body, 'comment') ?? '' });
    if (!form.success) return await this.changePage(shell, actor, id, problemsOfInput(form.error, reviewFields), 400);
    const { decision, comment } = form.data;
    const outcome = await attempt(() =>
      this.changes.review(actor, id, { decision: decision === 'approved' ? 'approve' : 'reject', comment }),
    );
    if ('problem' in outcome) {
      return await this.changePage(shell, actor, id, problemsOf(outcome.problem, reviewFields), outcome.problem.status);
    }
    return seeOther(paths.change(id));
  }

  private async changePage(
    shell: Shell,
    actor: Actor,
    id: string,
    problems: FieldProblems,
    status: number,
  ): Promise<Response> {
    const change = await this.changes.get(id);
    const [progress, before] = await Promise.all([
      this.matches.progress([change.id], shell.now),
      this.objects.inForceAt(change.items, change.proposedAt),
    ]);
    const newest = isPermitted(actor, 'simulations.read') ? await this.simulations.newestOf(change.items) : undefined;
    const simulation =
      newest === undefined
        ? undefined
        : { newest, stale: newest?.state === 'finished' && (await this.simulations.isStale(newest.id)) };
    const { outcome = 'waiting', matched = [] } = progress.get(change.id) ?? {};
    const view: ChangeDetailView = {
      shell: { ...shell, path: paths.change(id) },
      id: change.id,
      number: changeNumber(change.number),
      title: change.title,
      reason: change.reason,
      state: change.state,
      outcome,
      requester: change.requester,
      proposedAt: change.proposedAt,
      proposedIndex: change.proposedIndex,
      windowFrom: change.windowFrom,
      windowTo: change.windowTo,
      items: change.items.map((item, at) => ({
        ...item,
        before: before[at] ?? null,
        after: item.object === null ? null : writtenPart(item.object),
        matched: matched[at] ?? [],
      })),
      reviews: change.reviews.map(({ reviewer, decision, comment, reviewedAt, reviewedIndex }) => ({
        reviewer,
        decision: decision === 'approve' ? 'approved' : 'rejected',
        at: reviewedAt,
        comment,
        index: reviewedIndex,
        voidBecause: null,
      })),
      mayReview: mayReview(actor, change),
      ...(simulation === undefined ? {} : { simulation }),
      problems,
    };
    return pageAnswer(ChangePage(view), status);
  }
}

/** Items as somebody would write them. */
function draftOf(items: ChangeView['items']): Pick<NewChangeView['values'], 'action' | 'policy'> {
  const texts = items.map(({ kind, namespace, name, object }) => {
    const written = object ?? { kind, metadata: { ...(namespace === null ? {} : { namespace }), name } };
    return stringifyYaml(writtenPart(written));
  });
  return { action: items[0]?.action ?? 'create', policy: texts.join('---\n') };
}

function emptyChange(now: string): NewChangeView['values'] {
  // The window of a change is seldom today: reviewers need their time.
  const from = new Date(Date.parse(`${now.slice(0, 10)}T20:00:00Z`) + dayMilliseconds);
  return {
    title: '',
    reason: '',
    windowFrom: from.toISOString(),
    windowTo: new Date(from.getTime() + 4 * 3_600_000).toISOString(),
    action: 'create',
    policy: '',
  };
}

/** The documents of a YAML file; a text without any is one, so that it is refused as such. */
export function manifestsIn(text: string): string[] {
  const documents = text.split(/^---(?:[ \t].*)?\r?$/mu).filter((document) => document.trim() !== '');
  return documents.length === 0 ? [text] : documents;
}

/** Whether the form is offered; the use case decides. */
function mayReview(actor: Actor, change: ChangeView): Allowance {
  if (!isPermitted(actor, 'changes.review'))
    return { permitted: false, because: 'Reviewing changes needs the role approver.' };
  if (change.requesterId === actor.id)
    return { permitted: false, because: 'You proposed it; somebody else has to review it.' };
  if (change.state !== 'proposed') return { permitted: false, because: `It is already ${change.state}.` };
  return { permitted: true };
}
