import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Finder } from '../findings/finder.js';
import type { Cause } from '../findings/finding.js';
import { Segments } from '../inventory/segments.js';
import { PolicyEstates, type Estate } from '../policies/estate.js';
import { ObservedEdges, type Connection } from './observed-edges.js';
import { Places } from './places.js';
import {
  denials,
  graceSeconds,
  pressureFindings,
  pressureHours,
  violationDays,
  violationFindings,
  type ObservedEdge,
  type ViolatingEdge,
} from './violations.js';

/** Connections denied now that are looked at one by one; the rest waits until these are seen to. */
const mostConnections = 5000;
const mostDenied = 200_000;

/** Flows that passed although no policy in force then or now allows them, and denied flows that press on a segment. */
@Injectable()
export class ViolationFinder implements Finder {
  readonly kinds = ['violation'] as const;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(PolicyEstates) private readonly estates: PolicyEstates,
    @Inject(Segments) private readonly segments: Segments,
    @Inject(ObservedEdges) private readonly edges: ObservedEdges,
  ) {}

  async find(now: Date): Promise<readonly Cause[]> {
    const [estate, segments] = await Promise.all([this.estates.at(null), this.segments.list()]);
    const places = new Places(segments, estate.workloads);
    const dayAgo = new Date(now.getTime() - pressureHours * 3_600_000);
    return [
      ...violationFindings(await this.violating(estate, now), places),
      ...pressureFindings(await this.edges.withVerdict('deny', dayAgo, mostDenied), places),
    ];
  }

  /** Denied by the policies in force now, and by those in force when the last flow was seen. */
  private async violating(estate: Estate, now: Date): Promise<ViolatingEdge[]> {
    const since = new Date(now.getTime() - violationDays * 86_400_000);
    const denied: Connection[] = [];
    await this.edges.judge(await this.edges.allowedSince(since), estate, (connection, verdict) => {
      if (denials(connection.direction, verdict).length > 0) denied.push(connection);
    });
    if (denied.length === 0) return [];
    const edges = await this.edges.edgesOf(denied.slice(0, mostConnections), since);
    const changes = await this.changesSince(since);
    return await new ThenJudge(this.estates, this.edges, estate, changes).violating(edges);
  }

  /** Times at which policies changed, in order. */
  private async changesSince(since: Date): Promise<number[]> {
    const rows = await this.database.query<{ at: Date }>(
      `SELECT DISTINCT date_trunc('milliseconds', event_time) AS at FROM policy_version WHERE event_time >= $1 ORDER BY 1`,
      [new Date(since.getTime() - graceSeconds * 1000)],
    );
    return rows.map(({ at }) => at.getTime());
  }
}

/** Judges edges by the policies of their own time. */
class ThenJudge {
  constructor(
    private readonly estates: PolicyEstates,
    private readonly edges: ObservedEdges,
    private readonly present: Estate,
    /** Times of policy changes (ms), in order; state n is in force from `changes[n - 1]` on. */
    private readonly changes: readonly number[],
  ) {}

  async violating(edges: readonly ObservedEdge[]): Promise<ViolatingEdge[]> {
    const atLast = await this.deniedAt(edges, ({ lastTime }) => lastTime);
    const found = edges.filter((edge) => atLast.has(edge));
    const atFirst = await this.deniedAt(found, ({ firstTime }) => firstTime);
    return found.map((edge) => ({ edge, deniedBy: atLast.get(edge) ?? [], whole: atFirst.has(edge) }));
  }

  /** Those that every state in force around the time denies, with the policies that did last. */
  private async deniedAt(
    edges: readonly ObservedEdge[],
    timeOf: (edge: ObservedEdge) => string,
  ): Promise<ReadonlyMap<ObservedEdge, readonly string[]>> {
    const byState = new Map<number, ObservedEdge[]>();
    const wanted = new Map<ObservedEdge, number>();
    for (const edge of edges) {
      const at = Date.parse(timeOf(edge));
      // Times are cut at the millisecond, so a change of the same one may be before or after the flow.
      const [first, last] = [this.stateAt(at - graceSeconds * 1000), this.stateAt(at + 1)];
      wanted.set(edge, last - first + 1);
      for (let state = first; state <= last; state++) byState.set(state, [...(byState.get(state) ?? []), edge]);
    }
    const denied = new Map<ObservedEdge, string[][]>();
    for (const [state, own] of [...byState].sort(([a], [b]) => a - b)) {
      await this.edges.judge(own, await this.estateOf(state), (edge, verdict) => {
        const by = [...denials(edge.direction, verdict)];
        if (by.length > 0) denied.set(edge, [...(denied.get(edge) ?? []), by]);
      });
    }
    return new Map(
      [...denied].flatMap(([edge, by]) => (by.length === wanted.get(edge) ? [[edge, by.at(-1) ?? []] as const] : [])),
    );
  }

  private stateAt(time: number): number {
    let state = 0;
    while (state < this.changes.length && (this.changes[state] ?? Infinity) <= time) state++;
    return state;
  }

  private async estateOf(state: number): Promise<Estate> {
    const next = this.changes[state];
    if (next === undefined) return this.present;
    return await this.estates.at(new Date(next - 1));
  }
}
