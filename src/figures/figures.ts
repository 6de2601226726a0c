import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../context.js';
import { Problem } from '../errors.js';
import { withDraft, type ObjectName } from './draft.js';
import { EstateMaps } from './estate-maps.js';
import { Fingerprints } from './fingerprints.js';
import { FigureInputReader, type FigureInputs } from './inputs.js';
import type { Answers } from './questions.js';
import type { PathFilter } from './paths-list.js';
import type { WorkloadFilter } from './workload-reach.js';

interface Known {
  readonly fingerprint: string;
  readonly until: number;
  readonly inputs: Promise<FigureInputs>;
}

/** Policies of intents expire without an event, and open findings age: what is known is read again after this. */
const millisecondsKept = 600_000;

export interface Draft {
  readonly objects: readonly unknown[];
  readonly deleted: readonly ObjectName[];
}

interface Page {
  readonly offset: number;
  readonly limit: number;
}

/** The figures of now and the lists behind them. API and pages ask here; the map of an estate is computed once for both. */
@Injectable()
export class Figures {
  private known: Known | null = null;
  private looking: Promise<FigureInputs> | null = null;

  constructor(
    @Inject(FigureInputReader) private readonly reader: FigureInputReader,
    @Inject(Fingerprints) private readonly fingerprints: Fingerprints,
    @Inject(EstateMaps) private readonly maps: EstateMaps,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** What the figures of now are computed from; the same object as long as nothing has changed. */
  async inputs(): Promise<FigureInputs> {
    // Those who ask at the same time share one look.
    this.looking ??= this.look().finally(() => {
      this.looking = null;
    });
    return await this.looking;
  }

  private async look(): Promise<FigureInputs> {
    const now = this.clock.now();
    const day = now.toISOString().slice(0, 10);
    const fingerprint = (await this.fingerprints.of([day])).get(day) ?? '';
    const { known } = this;
    if (known !== null && known.fingerprint === fingerprint && now.getTime() < known.until) return await known.inputs;
    const inputs = this.reader.of(day, now);
    const next: Known = { fingerprint, until: now.getTime() + millisecondsKept, inputs };
    this.known = next;
    inputs.catch(() => {
      if (this.known === next) this.known = null;
    });
    return await inputs;
  }

  async now(): Promise<Answers['figures'] & { readonly inputs: FigureInputs }> {
    const inputs = await this.inputs();
    return { ...(await this.maps.ask<'figures'>(inputs, { kind: 'figures' })), inputs };
  }

  async paths(filter: PathFilter, page: Page): Promise<Answers['paths']> {
    return await this.maps.ask<'paths'>(await this.inputs(), { kind: 'paths', filter, page });
  }

  async workloads(filter: WorkloadFilter, page: Page): Promise<Answers['workloads']> {
    return await this.maps.ask<'workloads'>(await this.inputs(), { kind: 'workloads', filter, page });
  }

  /** @throws Problem `not_found` for a workload no record shows in a namespace */
  async workload(workload: string): Promise<NonNullable<Answers['workload']>> {
    const answer = await this.maps.ask<'workload'>(await this.inputs(), { kind: 'workload', workload });
    return answer ?? unknownWorkload(workload);
  }

  /**
   * The workload is taken: what can be reached from it, before and with the draft.
   * @throws Problem `not_found` for an unknown workload, `invalid_input` for a draft that cannot be read
   */
  async incident(workload: string, draft: Draft | null): Promise<NonNullable<Answers['incident']>> {
    const inputs = await this.inputs();
    const policies = draft === null ? null : draftPolicies(inputs, draft);
    const answer = await this.maps.ask<'incident'>(inputs, { kind: 'incident', workload, draft: policies });
    return answer ?? unknownWorkload(workload);
  }
}

function unknownWorkload(workload: string): never {
  throw new Problem(
    'not_found',
    `No record shows a workload ${workload} in a namespace; expected a key such as k8s:payments/api.`,
  );
}

function draftPolicies({ objects, window }: FigureInputs, draft: Draft): ReturnType<typeof withDraft>['policies'] {
  const inForce = objects.map(({ object }) => object).filter((object) => object !== null);
  const read = withDraft(inForce, draft.objects, draft.deleted, window.inputs.asOf);
  const errors = [
    ...read.problems.map(({ index, path, message }) => ({
      pointer: `/draft/objects/${index}${path === '' ? '' : `/${path}`}`,
      message,
    })),
    ...read.notPolicies.map((index) => ({
      pointer: `/draft/objects/${index}`,
      message: 'expected a policy object, got one of another kind',
    })),
    ...read.notInForce.map(({ kind, namespace, name }) => ({
      pointer: '/draft/delete',
      message: `no ${kind} ${namespace === null ? '' : `${namespace}/`}${name} is in force`,
    })),
  ];
  if (errors.length === 0) return read.policies;
  const [first] = errors;
  throw new Problem(
    'invalid_input',
    `The draft cannot be simulated: ${first?.pointer ?? ''}: ${first?.message ?? ''}`,
    {
      errors,
    },
  );
}
