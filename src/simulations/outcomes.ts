import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { explainSide } from '../policies/flow-questions.js';
import { Replay, uncertainReasons, type UncertainReason } from '../policies/replay/replay.js';
import type { Verdict } from '../policies/simulation/evaluate.js';
import { policiesOf, replaySetOf, unpackInputs, type SimulationInputs } from './inputs.js';
import { readLines } from './outcome-pages.js';
import { StoredPath, type EdgePage, type EdgeQuery, type PathPage, type PathQuery } from './simulation.js';
import { readEdge, type StoredEdge } from './stored-edge.js';
import { outside } from './summary.js';

interface Opened {
  readonly inputs: SimulationInputs;
  readonly replay: Replay;
}

/** Simulations looked into last; each holds two compiled policy sets. */
const openAtOnce = 3;

/** From any figure of a finished simulation to the edges and paths behind it, explained by the policies it ran on. */
@Injectable()
export class SimulationOutcomes {
  private readonly opened = new Map<string, Promise<Opened>>();

  constructor(@Inject(Database) private readonly database: Database) {}

  /** @throws Problem `not_found`, `conflict` while it has no result, `invalid_input` for a cursor of another list. */
  async edges(id: string, query: EdgeQuery): Promise<EdgePage> {
    const { inputs, replay } = await this.open(id);
    const wanted = matching(query, inputs);
    const edges: EdgePage['edges'] = [];
    let next: string | null = null;
    for await (const placed of readLines(this.database, id, listsOf(query), query.cursor ?? null)) {
      // A page is full when another edge for the next one is found.
      const edge = readEdge(placed.line);
      if (!wanted(edge)) continue;
      if (edges.length === query.limit) return { edges, next };
      next = placed.next;
      edges.push(viewOf(edge, replay, query.class, placed.list));
    }
    return { edges, next: null };
  }

  /** Paths the draft opens, closes or changes. */
  async paths(id: string, query: PathQuery): Promise<PathPage> {
    await this.open(id);
    const paths: StoredPath[] = [];
    let next: string | null = null;
    for await (const placed of readLines(this.database, id, [`paths.${query.change}`], query.cursor ?? null)) {
      if (paths.length === query.limit) return { paths, next };
      next = placed.next;
      paths.push(StoredPath.parse(JSON.parse(placed.line)));
    }
    return { paths, next: null };
  }

  /** What it was run on: policies in force, draft, workloads with their labels, segments. */
  async inputs(id: string): Promise<SimulationInputs> {
    return (await this.open(id)).inputs;
  }

  private async open(id: string): Promise<Opened> {
    let opened = this.opened.get(id);
    if (opened === undefined) {
      opened = this.read(id);
      this.opened.set(id, opened);
      opened.catch(() => this.opened.delete(id));
      const [oldest] = this.opened.keys();
      if (this.opened.size > openAtOnce && oldest !== undefined) this.opened.delete(oldest);
    }
    return await opened;
  }

  private async read(id: string): Promise<Opened> {
    const [row] = await this.database.query<{ inputs: Buffer | null; state: string }>(
      'SELECT inputs, state FROM simulation WHERE id = $1',
      [id],
    );
    if (row === undefined) throw new Problem('not_found', `There is no simulation ${id}.`);
    if (row.inputs === null) throw new Problem('conflict', `The simulation is ${row.state}; it has no result.`);
    const inputs = await unpackInputs(row.inputs);
    return { inputs, replay: new Replay(replaySetOf(inputs, policiesOf(inputs))) };
  }
}

function listsOf({ class: of, reason }: EdgeQuery): string[] {
  if (of !== 'uncertain') return [of];
  return uncertainReasons.filter((one) => reason === undefined || one === reason).map((one) => `uncertain.${one}`);
}

function matching({ workload, peer, segment }: EdgeQuery, inputs: SimulationInputs): (edge: StoredEdge) => boolean {
  const members =
    segment === undefined ? null : new Set(inputs.segments.find(({ name }) => name === segment)?.workloads);
  const isAt = (wanted: string, end: string): boolean => (wanted === outside ? end.startsWith('ip:') : wanted === end);
  return ({ source, destination }) => {
    if (members !== null && !members.has(source) && !members.has(destination)) return false;
    if (workload === undefined && peer === undefined) return true;
    const [one, other] = [workload ?? peer ?? '', peer];
    if (workload === undefined || other === undefined) return isAt(one, source) || isAt(one, destination);
    return (isAt(one, source) && isAt(other, destination)) || (isAt(other, source) && isAt(one, destination));
  };
}

function viewOf(edge: StoredEdge, replay: Replay, of: EdgeQuery['class'], list: string): EdgePage['edges'][number] {
  const explained = replay.explain(edge);
  const reason = list.startsWith('uncertain.') ? list.slice('uncertain.'.length) : null;
  const end = edge.destination.startsWith('ip:') ? edge.source : edge.destination;
  return {
    day: edge.day,
    source: edge.source,
    destination: edge.destination,
    protocol: edge.protocol,
    port: edge.port === -1 ? null : edge.port,
    direction: edge.direction,
    recordedVerdict: edge.verdict,
    flows: edge.flows,
    firstIndex: edge.firstIndex,
    lastIndex: edge.lastIndex,
    firstTime: textOf(edge.firstTime),
    lastTime: textOf(edge.time),
    class: of,
    reason: uncertainReasons.find((one): one is UncertainReason => one === reason) ?? null,
    before: explained === null ? null : verdictView(explained.before),
    after: explained === null ? null : verdictView(explained.after),
    recordQuery: {
      kind: 'flow',
      from: textOf(Math.floor(edge.firstTime * 1000) / 1000),
      to: textOf((Math.floor(edge.time * 1000) + 1) / 1000),
      verdict: edge.verdict,
      workload: end.startsWith('ip:') ? end.slice(3) : end,
    },
  };
}

function verdictView({ allowed, egress, ingress }: Verdict): NonNullable<EdgePage['edges'][number]['before']> {
  const side = (direction: 'egress' | 'ingress', verdict: typeof egress) => {
    const { side: name, verdict: word, reason, policies, text } = explainSide(direction, verdict);
    return { side: name, verdict: word, reason, policies: [...policies], text };
  };
  return { verdict: allowed ? 'allow' : 'deny', egress: side('egress', egress), ingress: side('ingress', ingress) };
}

function textOf(seconds: number): string {
  return new Date(Math.round(seconds * 1000)).toISOString();
}
