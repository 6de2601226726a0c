/** The traffic of the estate, hour by hour. */

import type { Attempts, Reported } from './attempts.js';
import { hour, intensity, minute, second, type Calendar } from './calendar.js';
import type { Unfolded } from './carry-out.js';
import { connections, type Connection } from './connections.js';
import { outsideOf } from './outside.js';
import type { Random } from './random.js';
import type { Story } from './story.js';
import { drSource, prodSources, type EstatePod, type Workloads } from './workloads.js';

/** Fewest flow records an estate can be made of: scrapes, scans and a little of everything. */
export const fewestFlows = 5_000;

/** Share of a connection's traffic that goes on although it is not meant to be allowed: retries, forgotten settings. */
const stubbornShare = 0.03;
const dnsWeight = 70;
const probeWeight = 45;

/** What the hour's traffic is drawn from. */
interface Draw {
  readonly upTo: number;
  readonly connect: (at: number) => Reported[];
}

/**
 * Draws attempts until the records of each hour come to that hour's share of `flows`. Hours must be asked for in
 * order, each once.
 */
export class Traffic {
  private readonly shares: readonly number[];
  private readonly segmentPods: readonly EstatePod[];
  private readonly names: readonly string[];
  private made = 0;

  constructor(
    private readonly calendar: Calendar,
    private readonly story: Story,
    private readonly unfolded: Unfolded,
    private readonly workloads: Workloads,
    private readonly attempts: Attempts,
    private readonly random: Random,
    private readonly flows: number,
  ) {
    this.segmentPods = workloads.pods.filter(({ workload }) => workload.inSegment);
    this.names = connections.map(({ to }) => outsideOf(to)?.dnsName ?? this.serviceName(to));
    let sum = 0;
    this.shares = Array.from({ length: this.hours }, (_, at) => {
      const from = calendar.from + at * hour;
      for (const each of connections) if (each.meant !== 'later') sum += each.weight * intensity(each.rhythm, from);
      return (sum += dnsWeight + probeWeight);
    });
  }

  get hours(): number {
    return Math.round((this.calendar.to - this.calendar.from) / hour);
  }

  private serviceName(workload: string): string {
    if (!this.workloads.has(workload)) return 'merchant.example';
    const [pod] = this.workloads.podsOf(workload);
    return `${workload}.${pod?.workload.namespace ?? 'default'}.svc.cluster.local`;
  }

  private isMeant({ id, meant }: Connection, at: number): boolean {
    if (meant === 'never') return true;
    return this.unfolded.intents.findLast((intent) => intent.at <= at)?.allowed.has(id) ?? false;
  }

  /** At any hour every source hears of a scrape, so that its silence means something. */
  private scrapes(from: number, number: number): Reported[] {
    const due = [...prodSources, ...(number % 2 === 0 ? [drSource] : [])];
    return due.flatMap((source) => {
      const pods = this.segmentPods.filter(({ node }) => node.source === source);
      return this.attempts.scrape(from + this.random.integer(0, 20 * minute), this.random.pick(pods));
    });
  }

  private scans(from: number): Reported[] {
    return this.story.scans
      .filter(({ at }) => from <= at && at < from + hour)
      .flatMap((scan) => {
        const pairs = scan.targets.flatMap((target) => scan.ports.map((port) => ({ target, port })));
        return pairs.flatMap(({ target, port }, at) =>
          this.attempts.connect(scan.at + at * second + this.random.integer(0, 900), scan.from, target, 'TCP', port),
        );
      });
  }

  private draws(from: number): readonly Draw[] {
    const draws: Draw[] = [];
    let upTo = 0;
    const add = (weight: number, connect: Draw['connect']) => draws.push({ upTo: (upTo += weight), connect });
    for (const each of connections) {
      const { from: near, to, protocol, port, weight, rhythm } = each;
      const share = this.isMeant(each, from) ? 1 : stubbornShare;
      add(weight * intensity(rhythm, from) * share, (at) => this.attempts.connect(at, near, to, protocol, port));
    }
    const pod = () => this.random.pick(this.segmentPods);
    add(dnsWeight, (at) => this.attempts.resolve(at, pod(), this.random.pick(this.names)));
    add(probeWeight, (at) => this.attempts.probe(at, pod()));
    return draws;
  }

  /** The flow records of the nth hour, from 0, in no order. */
  hour(number: number): Reported[] {
    const from = this.calendar.from + number * hour;
    const heard = ({ source, at }: Reported) => source !== this.story.silence.source || at < this.story.silence.from;
    const reported = [...this.scrapes(from, number), ...this.scans(from)].filter(heard);
    const draws = this.draws(from);
    const total = draws.at(-1)?.upTo ?? 0;
    const due = Math.round((this.flows * (this.shares[number] ?? 0)) / (this.shares.at(-1) ?? 1));
    while (this.made + reported.length < due) {
      const place = this.random.fraction() * total;
      const draw = draws.find(({ upTo }) => place < upTo);
      if (draw === undefined) continue;
      for (const line of draw.connect(from + this.random.integer(0, hour - 5 * second)))
        if (heard(line)) reported.push(line);
    }
    this.made += reported.length;
    return reported;
  }
}
