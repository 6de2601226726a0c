import { setImmediate } from 'node:timers/promises';
import { StringDecoder } from 'node:string_decoder';
import { Inject, Injectable } from '@nestjs/common';
import { to as copyTo } from 'pg-copy-streams';
import type { PoolClient } from 'pg';
import { Database } from '../database/database.js';
import { NotYetError } from '../jobs/jobs.js';
import { PolicyEstates, topologyOf, type Reader } from '../policies/estate.js';
import { Replay, replayVersion } from '../policies/replay/replay.js';
import { ReplayTally, type ReplayFigures } from '../policies/replay/tally.js';
import { digestOf, inForceDigest } from './draft.js';
import { effectsOf, mostWorkloadsInMap, type Effects } from './effects.js';
import {
  policiesOf,
  readInputs,
  replaySetOf,
  type SimulatedPolicies,
  type SimulationInputs,
  type SimulationOrder,
} from './inputs.js';
import { coverageOf } from './log-coverage.js';
import { PageWriter } from './outcome-pages.js';
import { readSpeech } from './source-speech.js';
import type { SimulationResult } from './simulation.js';
import { edgeRows, readJudgedEdge } from './stored-edge.js';
import { Summary } from './summary.js';

/** Told how many edges are judged, of how many; throws to end the run. */
export type OnProgress = (done: number, total: number) => Promise<void>;

export interface SimulationOutcome {
  readonly inputs: SimulationInputs;
  readonly inForceDigest: string;
  readonly result: SimulationResult;
}

const mostPairs = 200;
const progressMilliseconds = 400;

/** Replays a draft against the stored edges. All it reads is one view of the database; only pages are written meanwhile. */
@Injectable()
export class SimulationRun {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(PolicyEstates) private readonly estates: PolicyEstates,
  ) {}

  /**
   * Runs from the beginning, in place of whatever an earlier run left behind.
   * @throws NotYetError while another process runs the same simulation
   */
  async execute(order: SimulationOrder, onProgress: OnProgress): Promise<SimulationOutcome> {
    return await this.database.withClient(async (client) => {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      try {
        const { rows } = await client.query<{ locked: boolean }>(
          'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked',
          [`simulation ${order.id}`],
        );
        if (rows[0]?.locked !== true) throw new NotYetError(`another process runs the simulation ${order.id}`);
        await this.database.query('DELETE FROM simulation_page WHERE simulation_id = $1', [order.id]);
        return await this.simulate(order, client, onProgress);
      } finally {
        await client.query('ROLLBACK').catch(() => {});
      }
    });
  }

  private async simulate(
    order: SimulationOrder,
    client: PoolClient,
    onProgress: OnProgress,
  ): Promise<SimulationOutcome> {
    const reader: Reader = {
      query: async <Row extends object>(sql: string, parameters: readonly unknown[] = []) =>
        (await client.query<Row>(sql, [...parameters])).rows,
    };
    const inputs = await readInputs(order, this.estates, reader);
    const policies = policiesOf(inputs);
    const pages = new PageWriter(this.database, order.id);
    const summary = new Summary(inputs.segments);
    const { figures, days } = await this.replay(inputs, policies, { client, reader, pages, summary, onProgress });
    await setImmediate();
    const effects = effectsOfInputs(inputs, policies);
    for (const { change, ...path } of effects?.paths ?? []) {
      if (pages.add(`paths.${change}`, JSON.stringify(path))) await pages.settle();
    }
    await pages.finish();
    const coverage = await coverageOfPeriod(order, reader, days);
    const result = resultOf({ inputs, policies, figures, effects, summary, coverage });
    return { inputs, inForceDigest: inForceDigest(inputs.inForce), result };
  }

  private async replay(
    inputs: SimulationInputs,
    policies: SimulatedPolicies,
    ground: {
      readonly client: PoolClient;
      readonly reader: Reader;
      readonly pages: PageWriter;
      readonly summary: Summary;
      readonly onProgress: OnProgress;
    },
  ): Promise<{ figures: ReplayFigures; days: number }> {
    const { client, reader, pages, summary, onProgress } = ground;
    const { from, to } = inputs.order;
    const replay = new Replay(replaySetOf(inputs, policies));
    const tally = new ReplayTally();
    const [counted] = await reader.query<{ edges: string }>(
      'SELECT count(*) AS edges FROM flow_edge WHERE day BETWEEN $1 AND $2',
      [from, to],
    );
    const total = Number(counted?.edges ?? 0);
    let done = 0;
    await onProgress(done, total);
    let told = Date.now();
    const days = new Set<string>();
    // Days follow each other in the index: sorting day by day lets the first edges come at once.
    await client.query('SET LOCAL enable_sort = off');
    for await (const lines of linesOf(client, edgeRows(from, to))) {
      let full = false;
      for (const line of lines) {
        const edge = readJudgedEdge(line);
        const outcome = replay.judge(edge);
        tally.add(edge, outcome, line);
        summary.add(edge, outcome.class);
        days.add(edge.day);
        const list = outcome.class === 'uncertain' ? `uncertain.${outcome.reason}` : outcome.class;
        if (pages.add(list, line)) full = true;
      }
      done += lines.length;
      if (full) await pages.settle();
      if (Date.now() - told > progressMilliseconds) {
        await onProgress(done, total);
        told = Date.now();
      }
    }
    await onProgress(done, total);
    return { figures: tally.finish(), days: days.size };
  }
}

/** Whole lines of a COPY, as many as come at once. Reading stops while the caller works. */
async function* linesOf(client: PoolClient, rows: string): AsyncGenerator<string[]> {
  const stream = client.query(copyTo(`COPY (${rows}) TO STDOUT`));
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.write(chunk as Buffer)).split('\n'); // a COPY gives bytes
    rest = lines.pop() ?? '';
    if (lines.length > 0) yield lines;
  }
}

function effectsOfInputs({ workloads, segments }: SimulationInputs, policies: SimulatedPolicies): Effects | null {
  const topology = topologyOf(workloads);
  if (topology.pods.length > mostWorkloadsInMap) return null;
  return effectsOf(topology, policies.inForce.policies, policies.draft.policies, segments);
}

async function coverageOfPeriod(
  { from, to, requestedAt }: SimulationOrder,
  reader: Reader,
  daysWithEdges: number,
): Promise<SimulationResult['coverage']> {
  const begin = Date.parse(`${from}T00:00:00Z`) / 1000;
  const end = Math.min(
    Date.parse(`${to}T00:00:00Z`) / 1000 + 86_400,
    Math.floor(Date.parse(requestedAt) / 60_000) * 60,
  );
  const until = Math.max(begin, end);
  const sources = (await readSpeech(reader, begin, until)).flatMap((speech) => coverageOf(speech, begin, until) ?? []);
  const sum = (part: 'expectedMinutes' | 'coveredMinutes'): number =>
    sources.reduce((minutes, source) => minutes + source[part], 0);
  return {
    from: new Date(begin * 1000).toISOString(),
    to: new Date(until * 1000).toISOString(),
    daysExpected: Math.ceil((until - begin) / 86_400),
    daysWithEdges,
    expectedMinutes: sum('expectedMinutes'),
    coveredMinutes: sum('coveredMinutes'),
    sources: sources.map((source) => ({ ...source, gaps: [...source.gaps] })),
  };
}

interface Parts {
  readonly inputs: SimulationInputs;
  readonly policies: SimulatedPolicies;
  readonly figures: ReplayFigures;
  readonly effects: Effects | null;
  readonly summary: Summary;
  readonly coverage: SimulationResult['coverage'];
}

function resultOf({ inputs, policies, figures, effects, summary, coverage }: Parts): SimulationResult {
  const { inForce, draft } = policies;
  const places = [...inForce.problems, ...draft.problems, ...inForce.notModelled, ...draft.notModelled];
  const reached = new Map(effects?.segments.map(({ name, ...reach }) => [name, reach]));
  const count = (change: string): number => effects?.paths.filter((path) => path.change === change).length ?? 0;
  return {
    version: replayVersion,
    total: figures.total,
    classes: figures.classes,
    reasons: figures.reasons,
    policies: {
      inForce: inForce.policies.length,
      draft: draft.policies.length,
      problems: unique(places.map(({ object, path, message }) => ({ object, path, message }))),
      contentUnknown: inputs.inForce
        .filter(({ object }) => object === null)
        .map(({ kind, namespace, name }) => `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`),
    },
    newlyBlocked: pairsOf(summary, 'newly_blocked'),
    newlyAllowed: pairsOf(summary, 'newly_allowed'),
    segments: summary.segmentFigures().map(({ days, ...segment }) => ({
      ...segment,
      daysExpected: coverage.daysExpected,
      daysWithEdges: days,
      reach: reached.get(segment.name) ?? null,
    })),
    coverage,
    paths:
      effects === null
        ? null
        : {
            opened: count('opened'),
            closed: count('closed'),
            changed: count('changed'),
            before: effects.before,
            after: effects.after,
          },
    digests: {
      inForce: digestOf(inForce.policies),
      draft: digestOf(draft.policies),
      workloads: digestOf({ workloads: inputs.workloads, segments: inputs.segments }),
      edges: figures.edgesDigest,
      outcomes: figures.resultDigest,
    },
  };
}

function pairsOf(summary: Summary, of: 'newly_blocked' | 'newly_allowed'): SimulationResult['newlyBlocked'] {
  const { pairs, most } = summary.changedPairs(of, mostPairs);
  return { pairs, most: [...most] };
}

function unique<T>(list: readonly T[]): T[] {
  return [...new Map(list.map((one) => [JSON.stringify(one), one])).values()];
}
