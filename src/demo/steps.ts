/** The estate as a sequence of things to be sent to the service. */

import type { Reported } from './attempts.js';
import { AuditLog } from './audit-records.js';
import { hour, minute, second, type Calendar } from './calendar.js';
import type { PolicyEvent, Unfolded } from './carry-out.js';
import { mishaps } from './expectations.js';
import { lossNotice } from './flow-records.js';
import type { ManifestChange } from './manifests.js';
import { admin, argocd } from './people.js';
import type { Random } from './random.js';
import { segments, type EstateSegment } from './segments.js';
import type { PhaseChange, PlannedChange, Story } from './story.js';
import type { Traffic } from './traffic.js';
import { auditSource, prodSources, type Workloads } from './workloads.js';

/** What the lines of a body are. */
export interface BatchContents {
  readonly lines: number;
  readonly flows: number;
  /** Policy objects put in force, changed or deleted. */
  readonly policyChanges: number;
  readonly unreadable: number;
  /** The same body was sent before, so each of its records is a duplicate. */
  readonly resent: boolean;
}

/** One thing to be sent; `at` is when, and lies after everything that a batch tells of. */
export type Step =
  | {
      readonly at: Date;
      readonly kind: 'ingest';
      readonly source: string;
      /** NDJSON: lines that end in a line feed. */
      readonly body: string;
      readonly contents: BatchContents;
    }
  | {
      readonly at: Date;
      readonly kind: 'propose';
      readonly key: string;
      readonly by: string;
      readonly title: string;
      readonly reason: string;
      readonly windowFrom: Date;
      readonly windowTo: Date;
      readonly items: readonly ManifestChange[];
    }
  | {
      readonly at: Date;
      readonly kind: 'review';
      readonly key: string;
      readonly by: string;
      readonly decision: 'approve' | 'reject';
      readonly comment: string;
    }
  | { readonly at: Date; readonly kind: 'segment'; readonly by: string; readonly segment: EstateSegment }
  | ({ readonly at: Date; readonly kind: 'phase'; readonly by: string } & Omit<PhaseChange, 'at'>);

export interface StepsInput {
  readonly calendar: Calendar;
  readonly story: Story;
  readonly unfolded: Unfolded;
  readonly workloads: Workloads;
  readonly random: Random;
  readonly traffic: Traffic;
}

const slotHours = 6;
const mostLines = 2_000;
const rolloutsPerSlot = 3;

type Contents = Partial<Omit<BatchContents, 'lines'>>;

function ingest(at: number, source: string, lines: readonly string[], contents: Contents): Step {
  const counts = { lines: lines.length, flows: 0, policyChanges: 0, unreadable: 0, resent: false, ...contents };
  return { at: new Date(at), kind: 'ingest', source, body: `${lines.join('\n')}\n`, contents: counts };
}

function changeSteps(change: PlannedChange, items: readonly ManifestChange[], random: Random): Step[] {
  const { key, by, title, reason, window, review } = change;
  const [windowFrom, windowTo] = [new Date(window[0]), new Date(window[1])];
  const seconds = () => random.integer(0, 59_999);
  const proposal: Step = {
    at: new Date(change.proposedAt + seconds()),
    kind: 'propose',
    key,
    by,
    title,
    reason,
    windowFrom,
    windowTo,
    items,
  };
  if (review === null) return [proposal];
  const { decision, comment } = review;
  return [proposal, { at: new Date(review.at + seconds()), kind: 'review', key, by: review.by, decision, comment }];
}

/** Policy objects that one act changed reach the service in one delivery. */
function deliveries(events: readonly PolicyEvent[]): PolicyEvent[][] {
  const groups: PolicyEvent[][] = [];
  for (const event of events) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (group !== undefined && last?.change === event.change && last.by === event.by) group.push(event);
    else groups.push([event]);
  }
  return groups;
}

/** Everything but traffic, in order of time. */
function plannedSteps({ calendar, story, unfolded, random }: StepsInput): Step[] {
  const steps: Step[] = [
    ...segments.map((segment, at): Step => ({
      at: new Date(calendar.from + minute + at * 20 * second),
      kind: 'segment',
      by: admin,
      segment,
    })),
    ...story.phases.map(({ at, ...change }): Step => ({ at: new Date(at), kind: 'phase', by: admin, ...change })),
    ...story.changes.flatMap((change) => changeSteps(change, unfolded.items.get(change.key) ?? [], random)),
  ];
  const audit = new AuditLog(random);
  // In order of time, because the audit log remembers what objects there are.
  const audited = [
    ...deliveries(unfolded.events).map((group) => ({
      at: group.at(-1)?.at ?? 0,
      lines: () => group.map((event) => audit.policyEvent(event)),
      policyChanges: group.length,
    })),
    ...unfolded.dryRuns.map((run) => ({ at: run.at, lines: () => [audit.dryRun(run)], policyChanges: 0 })),
    ...story.refusals.map((refusal) => ({ at: refusal.at, lines: () => [audit.refusal(refusal)], policyChanges: 0 })),
  ].sort((a, b) => a.at - b.at);
  for (const { at, lines, policyChanges } of audited)
    steps.push(ingest(at + random.integer(900, 4_000), auditSource, lines(), { policyChanges }));
  return steps.sort((a, b) => a.at.getTime() - b.at.getTime());
}

function inOrder(a: Reported, b: Reported): number {
  return a.at - b.at || a.nanos - b.nanos;
}

/** The flows of one source between two deliveries, with what went wrong on the way. */
function flowLines(reported: readonly Reported[], unreadable: number, notices: readonly string[]) {
  const lines = reported.map(({ line }) => line);
  for (let cut = 1; cut <= unreadable; cut++) {
    const place = Math.floor((lines.length * cut) / (unreadable + 1));
    const line = lines[place];
    // What is left must not look whole.
    if (line !== undefined) lines[place] = line.slice(0, Math.floor(line.length * 0.6)).replace(/\}+$/, '');
  }
  return { lines: [...lines, ...notices], flows: reported.length - unreadable };
}

/** Cuts a delivery into bodies, each with its share of the counts. */
function* bodies(
  at: number,
  source: string,
  lines: readonly string[],
  flows: number,
  unreadable: number,
): Generator<Step> {
  if (lines.length <= mostLines) {
    if (lines.length > 0) yield ingest(at, source, lines, { flows, unreadable });
    return;
  }
  for (let from = 0; from < lines.length; from += mostLines) {
    const part = lines.slice(from, from + mostLines);
    const read = part.filter((line) => line.endsWith('}'));
    const partFlows = read.filter((line) => line.startsWith('{"flow"')).length;
    yield ingest(at, source, part, { flows: partFlows, unreadable: part.length - read.length });
  }
}

/** What happens to the rest of a slot's records on their way, by the hours of the slot. */
function fallingIn(hours: readonly number[], firstHour: number): number {
  return hours.filter((at) => firstHour <= at && at < firstHour + slotHours).length;
}

/** All deliveries of the six hours that begin with an hour, due at their end. */
function* slotSteps({ calendar, workloads, random, traffic }: StepsInput, firstHour: number): Generator<Step> {
  const hours = Array.from({ length: Math.min(slotHours, traffic.hours - firstHour) }, (_, at) => firstHour + at);
  const from = calendar.from + firstHour * hour;
  const at = from + hours.length * hour;
  const bySource = new Map<string, Reported[]>();
  for (const number of hours)
    for (const reported of traffic.hour(number)) {
      const list = bySource.get(reported.source);
      if (list === undefined) bySource.set(reported.source, [reported]);
      else list.push(reported);
    }
  const [mishapSource] = prodSources;
  const deployments = workloads.all.filter(({ kind, inSegment }) => kind === 'Deployment' && inSegment);
  const rollouts = new AuditLog(random);
  const rolloutTimes = Array.from({ length: rolloutsPerSlot }, (_, part) => {
    const length = (at - from) / rolloutsPerSlot;
    return from + part * length + random.integer(minute, length - minute);
  });
  yield ingest(
    at,
    auditSource,
    rolloutTimes.map((time) => {
      const { namespace, name } = random.pick(deployments);
      return rollouts.rollout(time, argocd, namespace, name);
    }),
    {},
  );
  for (const [source, reported] of [...bySource].sort(([a], [b]) => (a < b ? -1 : 1))) {
    reported.sort(inOrder);
    const hurt = source === mishapSource;
    const unreadable = hurt ? fallingIn(mishaps.unreadable, firstHour) : 0;
    const lost = hurt ? fallingIn(mishaps.lost, firstHour) : 0;
    const notices = Array.from({ length: lost }, () => {
      const last = reported.at(-1)?.at ?? from;
      return lossNotice('prod-eu1/worker-a-3', last, random.integer(12, 900));
    });
    const { lines, flows } = flowLines(reported, unreadable, notices);
    const sent = [...bodies(at, source, lines, flows, unreadable)];
    yield* sent;
    const again = hurt && fallingIn(mishaps.resent, firstHour) > 0 ? sent[0] : undefined;
    if (again?.kind === 'ingest') yield { ...again, contents: { ...again.contents, resent: true } };
  }
}

/** All steps in order of time; deliveries of traffic come every six hours. */
export function* estateSteps(input: StepsInput): Generator<Step> {
  const planned = plannedSteps(input);
  let next = 0;
  for (let firstHour = 0; firstHour < input.traffic.hours; firstHour += slotHours) {
    const due = input.calendar.from + Math.min(firstHour + slotHours, input.traffic.hours) * hour;
    for (let step = planned[next]; step !== undefined && step.at.getTime() < due; step = planned[++next]) yield step;
    yield* slotSteps(input, firstHour);
  }
  yield* planned.slice(next);
}
