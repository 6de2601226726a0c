import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { CONFIG, type Config } from '../config.js';
import { Clock } from '../context.js';
import { Database } from '../database/database.js';
import { Metrics } from '../metrics.js';
import {
  AnchorConflictError,
  AnchorDirectory,
  AnchorWebhook,
  checkpointOf,
  type AnchorTarget,
} from './anchor-targets.js';
import { Checkpoints, type StoredCheckpoint } from './checkpoints.js';
import type { Checkpoint } from './core/checkpoint.js';
import { ProofError, verifyConsistency } from './core/proof.js';
import { Log } from './log.js';
import { LogReader } from './read.js';

const mostAtOnce = 500;
const longestPauseMilliseconds = 60_000;

/** What is anchored outside is no beginning of the log that is here. */
class AnchorContradiction extends Error {
  override readonly name = 'AnchorContradiction';
}

interface TargetState {
  readonly target: AnchorTarget;
  busy: boolean;
  failures: number;
  /** Of the monotonic clock, in milliseconds. */
  notBefore: number;
}

/**
 * Puts kept checkpoints where the database's owner cannot take them back: a folder, a webhook. Runs beside everything
 * else; what fails is tried again, and shows in the metrics. Before anything is added, the log must continue the last
 * checkpoint that is there: nothing is anchored on top of a contradiction.
 */
@Injectable()
export class Anchors implements OnModuleDestroy {
  private readonly logger = new Logger('anchors');
  private readonly targets: readonly TargetState[];
  private readonly underWay = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly figures: ReturnType<typeof anchorFigures> | null;

  constructor(
    @Inject(Database) database: Database,
    @Inject(Checkpoints) private readonly checkpoints: Checkpoints,
    @Inject(Log) private readonly log: Log,
    @Inject(LogReader) private readonly reader: LogReader,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Metrics) metrics: Metrics,
    @Inject(CONFIG) config: Config,
  ) {
    const targets: AnchorTarget[] = [];
    if (config.ANCHOR_DIR !== undefined) targets.push(new AnchorDirectory(config.ANCHOR_DIR));
    if (config.ANCHOR_WEBHOOK_URL !== undefined) {
      targets.push(new AnchorWebhook(database, config.ANCHOR_WEBHOOK_URL, () => clock.now()));
    }
    this.targets = targets.map((target) => ({ target, busy: false, failures: 0, notBefore: 0 }));
    this.figures = targets.length === 0 ? null : anchorFigures(metrics);
  }

  /** Anchors what is not yet, in the background. */
  wake(): void {
    if (this.stopping.signal.aborted) return;
    for (const state of this.targets) {
      if (state.busy || performance.now() < state.notBefore) continue;
      state.busy = true;
      const task = this.serve(state).finally(() => {
        state.busy = false;
        this.underWay.delete(task);
      });
      this.underWay.add(task);
    }
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.underWay);
  }

  private async serve(state: TargetState): Promise<void> {
    const labels = { target: state.target.name };
    try {
      const last = await this.advance(state.target);
      state.failures = 0;
      this.figures?.contradiction.set(labels, 0);
      if (last !== null) this.figures?.size.set(labels, last.size);
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      state.failures++;
      state.notBefore = performance.now() + Math.min(1000 * 2 ** (state.failures - 1), longestPauseMilliseconds);
      this.figures?.failures.inc(labels);
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof AnchorContradiction || error instanceof AnchorConflictError) {
        this.figures?.contradiction.set(labels, 1);
        this.logger.error(`anchor ${state.target.name}: ${message}; keep the anchor as it is and run segproof fsck`);
      } else {
        this.logger.warn(`anchor ${state.target.name}: ${message}; it is tried again`);
      }
    }
  }

  /** Returns the last checkpoint that is anchored now. */
  private async advance(target: AnchorTarget): Promise<Checkpoint | null> {
    const newest = await this.checkpoints.latest();
    const last = await this.lastThatCounts(target, newest);
    if (newest === null || (last !== null && newest.size <= last.size)) return last;
    const pending =
      target.takes === 'all' && last !== null ? await this.checkpoints.above(last.size, mostAtOnce) : [newest];
    for (const checkpoint of pending) {
      await target.anchor(checkpoint, this.stopping.signal);
      this.figures?.time.set({ target: target.name }, this.clock.now().getTime() / 1000);
      if (this.stopping.signal.aborted) break;
    }
    return checkpointOf((pending.at(-1) ?? newest).note);
  }

  /** The last anchored checkpoint, which the log continues; what an operator has given up is passed over. */
  private async lastThatCounts(target: AnchorTarget, newest: StoredCheckpoint | null): Promise<Checkpoint | null> {
    const last = await target.last(() => false);
    if (last === null) return null;
    try {
      await this.assertContinues(last, newest);
      return last;
    } catch (error) {
      if (!(error instanceof AnchorContradiction)) throw error;
      const decision = await this.log.signing.lastDecision();
      const isGivenUp = ({ size, root }: Checkpoint): boolean =>
        decision?.givenUp.some((known) => known.size === size && known.root === root.toString('base64')) ?? false;
      if (!isGivenUp(last)) throw error;
      const earlier = await target.last(isGivenUp);
      if (earlier !== null) await this.assertContinues(earlier, newest);
      return earlier;
    }
  }

  private async assertContinues(last: Checkpoint, newest: StoredCheckpoint | null): Promise<void> {
    const head = await this.log.head();
    if (last.origin !== head.origin) {
      throw new AnchorContradiction(`it holds checkpoints of the log ${last.origin}, this is ${head.origin}`);
    }
    if (last.size > head.size) {
      throw new AnchorContradiction(
        `it holds a checkpoint of ${last.size} entries, the log has ${head.size}; it was cut, or an older copy was restored`,
      );
    }
    if (newest === null || newest.size < last.size) return;
    const { size, root } = checkpointOf(newest.note);
    const proof = last.size === 0 ? [] : await this.reader.consistencyProof(last.size, size);
    try {
      verifyConsistency({ first: last.size, second: size, firstRoot: last.root, secondRoot: root, proof });
    } catch (cause) {
      if (!(cause instanceof ProofError)) throw cause;
      throw new AnchorContradiction(
        `the log does not continue the checkpoint of ${last.size} entries it holds (${cause.message})`,
        { cause },
      );
    }
  }
}

function anchorFigures({ registry }: Metrics) {
  const labelNames = ['target'];
  const registers = [registry];
  return {
    size: new Gauge({
      name: 'segproof_log_anchored_size',
      help: 'Entries that the last anchored checkpoint covers',
      labelNames,
      registers,
    }),
    time: new Gauge({
      name: 'segproof_log_anchored_timestamp_seconds',
      help: 'When a checkpoint was last anchored, in seconds since 1970',
      labelNames,
      registers,
    }),
    failures: new Counter({
      name: 'segproof_log_anchor_failures_total',
      help: 'Attempts to anchor a checkpoint that failed; they are repeated',
      labelNames,
      registers,
    }),
    contradiction: new Gauge({
      name: 'segproof_log_anchor_contradiction',
      help: '1 when what is anchored is no beginning of this log',
      labelNames,
      registers,
    }),
  };
}
