/** Plays the estate into a service through its HTTP interface. */

import { z } from 'zod';
import type { Estate } from './estate.js';
import { DemoError, read, ServiceClient } from './service-client.js';
import type { Step } from './steps.js';

type IngestStep = Extract<Step, { kind: 'ingest' }>;

/** What was sent, once the service has confirmed it. */
export interface DemoCounts {
  readonly flows: number;
  /** Policy objects put in force, changed or deleted. */
  readonly policyChanges: number;
  /** Change requests registered. */
  readonly changes: number;
  /** Records the service could not read: those that were cut short. */
  readonly rejected: number;
  /** Records sent a second time, which the service did not keep again. */
  readonly duplicates: number;
  readonly durationMs: number;
}

export interface DemoProgress {
  /** Share of the thirty days that is done, 0 to 1. */
  readonly fraction: number;
  /** The moment of the estate that has been reached. */
  readonly at: Date;
  readonly flows: number;
}

export interface DemoOptions {
  /** Of the service, e.g. `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  readonly estate: Estate;
  /** Token of an administrator, for registering users and sources. */
  readonly adminToken: string;
  /** A password for each user of the estate, by name. */
  readonly passwords: Readonly<Record<string, string>>;
  /** Sets the service's clock; called before each step, with times that never go back. */
  readonly setClock: (at: Date) => void | Promise<void>;
  readonly onProgress?: (progress: DemoProgress) => void;
}

const deliveriesInFlight = 4;
const Created = z.object({ id: z.string().min(1) });
const CreatedSource = z.object({ token: z.string().min(1) });

/** Deliveries of traffic of one moment may overtake each other; everything else keeps its place. */
function mayOvertake(step: Step): step is IngestStep {
  return step.kind === 'ingest' && step.contents.policyChanges === 0 && !step.contents.resent;
}

function* grouped(steps: Iterable<Step>): Generator<readonly [Step, ...Step[]]> {
  let group: [Step, ...Step[]] | null = null;
  for (const step of steps) {
    const joins =
      group !== null && mayOvertake(step) && mayOvertake(group[0]) && group[0].at.getTime() === step.at.getTime();
    if (group !== null && joins) group.push(step);
    else {
      if (group !== null) yield group;
      group = [step];
    }
  }
  if (group !== null) yield group;
}

/** Works on all items, some at a time; fails with the first failure. */
async function together<Item>(
  items: readonly Item[],
  atMost: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atMost, items.length) }, worker));
}

class DemoRun {
  readonly counts = { flows: 0, policyChanges: 0, changes: 0, rejected: 0, duplicates: 0 };
  private readonly client: ServiceClient;
  private readonly sourceTokens = new Map<string, string>();
  private readonly changeIds = new Map<string, string>();

  constructor(private readonly options: DemoOptions) {
    this.client = new ServiceClient(options.baseUrl.replace(/\/+$/, ''), options.passwords);
  }

  async register(): Promise<void> {
    const { estate, adminToken } = this.options;
    for (const user of estate.users) await this.client.createUser(adminToken, user);
    for (const source of estate.sources) {
      const answer = await this.client.sendWithToken(adminToken, 'POST', '/api/v1/sources', source, [201]);
      this.sourceTokens.set(source.name, read(CreatedSource, answer, `source ${source.name}`).token);
    }
  }

  private async ingest({ source, body, contents }: IngestStep): Promise<void> {
    const token = this.sourceTokens.get(source);
    if (token === undefined) throw new DemoError(`expected a step of a registered source, got one of ${source}`);
    const answer = await this.client.ingest(source, token, body);
    const { lines, flows, policyChanges, unreadable, resent } = contents;
    const wanted = { received: lines, rejected: resent ? 0 : unreadable, duplicate: resent ? lines : 0, conflict: 0 };
    for (const [name, count] of [
      ['received', answer.received],
      ['rejected', answer.rejected],
      ['duplicate', answer.duplicate],
      ['conflict', answer.conflict],
    ] as const)
      if (count !== wanted[name])
        throw new DemoError(
          `delivery of source ${source}: expected ${wanted[name]} ${name} of ${lines} records, got ${count}; the demo needs an empty database`,
        );
    this.counts.rejected += answer.rejected;
    this.counts.duplicates += answer.duplicate;
    if (resent) return;
    this.counts.flows += flows;
    this.counts.policyChanges += policyChanges;
  }

  private async step(step: Step): Promise<void> {
    const { client } = this;
    switch (step.kind) {
      case 'ingest':
        return await this.ingest(step);
      case 'segment': {
        const { name, ...definition } = step.segment;
        await client.sendAs(step.by, 'PUT', `/api/v1/segments/${encodeURIComponent(name)}`, definition, [200, 201]);
        return;
      }
      case 'phase': {
        const { segment, phase, reason } = step;
        const move = { phase, reason, override: true };
        await client.sendAs(step.by, 'POST', `/api/v1/segments/${encodeURIComponent(segment)}/phase`, move, [200, 201]);
        return;
      }
      case 'propose': {
        const { title, reason, windowFrom, windowTo, items } = step;
        const change = { title, reason, windowFrom, windowTo, items };
        const answer = await client.sendAs(step.by, 'POST', '/api/v1/changes', change, [201]);
        this.changeIds.set(step.key, read(Created, answer, `change ${step.key}`).id);
        this.counts.changes++;
        return;
      }
      case 'review': {
        const id = this.changeIds.get(step.key);
        if (id === undefined) throw new DemoError(`expected the review of a proposed change, got one of ${step.key}`);
        const review = { decision: step.decision, comment: step.comment };
        await client.sendAs(step.by, 'POST', `/api/v1/changes/${encodeURIComponent(id)}/reviews`, review, [201]);
      }
    }
  }

  async play(): Promise<void> {
    const { estate, setClock, onProgress } = this.options;
    const [from, to] = [estate.from.getTime(), estate.to.getTime()];
    const groups = grouped(estate.steps);
    for (let next = groups.next(); next.done !== true;) {
      const group = next.value;
      const [{ at }] = group;
      await setClock(at);
      const sent = together(group, deliveriesInFlight, (step) => this.step(step));
      // The next steps are made while the service works on these.
      next = groups.next();
      await sent;
      onProgress?.({ fraction: (at.getTime() - from) / (to - from), at, flows: this.counts.flows });
    }
  }
}

/**
 * Registers the estate's users, sources and segments, then sends all its steps in order, with the service's clock at the
 * time of each. Every answer is checked. The service must be empty but for the administrator.
 *
 * @throws DemoError when the service answers otherwise than it should
 * @throws TypeError when it cannot be reached
 */
export async function runDemoEstate(options: DemoOptions): Promise<DemoCounts> {
  const started = performance.now();
  const run = new DemoRun(options);
  await options.setClock(options.estate.from);
  await run.register();
  await run.play();
  return { ...run.counts, durationMs: Math.round(performance.now() - started) };
}
