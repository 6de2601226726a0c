import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Gauge, Counter } from 'prom-client';
import { Clock } from '../../context.js';
import { Database } from '../../database/database.js';
import { Metrics } from '../../metrics.js';
import { Checkpoints, type StoredCheckpoint } from '../checkpoints.js';
import { parseCheckpoint } from '../core/checkpoint.js';
import { withSignatureLines } from '../core/cosignature.js';
import { parseNote } from '../core/note.js';
import { isQuorum, witnessesOf, type WitnessPolicy } from '../core/witness-policy.js';
import { Log } from '../log.js';
import { LogReader } from '../read.js';
import { askWitness, type ReachableWitness, type WitnessReply } from './client.js';
import { Contradictions } from './contradictions.js';
import { Cosignatures, type TreeHead } from './cosignatures.js';
import { WITNESS_POLICY } from './published.js';

const askMilliseconds = 5000;
const longestPauseMilliseconds = 30_000;

/** `ahead`: the witness has cosigned more entries than the log has: it was cut, or an older copy was restored. */
type Outcome = WitnessReply['outcome'] | 'ahead';

interface Attempts {
  /** Size it cosigned last; null when not known in this process. */
  lastSize: number | null;
  failures: number;
  /** Of the monotonic clock, in milliseconds. */
  notBefore: number;
  asking: boolean;
}

/**
 * Gets kept checkpoints cosigned by the witnesses of the policy. Each witness is asked by itself, so a slow one holds
 * up nobody; one that fails is left alone for a while. Appends never wait for any of it.
 */
@Injectable()
export class Witnessing implements OnModuleDestroy {
  private readonly logger = new Logger('witnesses');
  private readonly cosignatures: Cosignatures;
  private readonly witnesses: readonly ReachableWitness[];
  private readonly attempts = new Map<ReachableWitness, Attempts>();
  private readonly underWay = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly replies: Counter | null;
  private readonly contradiction: Gauge | null;

  constructor(
    @Inject(Database) database: Database,
    @Inject(Checkpoints) private readonly checkpoints: Checkpoints,
    @Inject(Log) private readonly log: Log,
    @Inject(LogReader) private readonly reader: LogReader,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Metrics) metrics: Metrics,
    @Inject(Contradictions) private readonly contradictions: Contradictions,
    @Inject(WITNESS_POLICY) private readonly policy: WitnessPolicy | null,
  ) {
    this.cosignatures = new Cosignatures(database);
    this.witnesses = (policy?.witnesses ?? []).filter((witness): witness is ReachableWitness => witness.url !== null);
    for (const witness of this.witnesses) {
      this.attempts.set(witness, { lastSize: null, failures: 0, notBefore: 0, asking: false });
    }
    this.replies = policy === null ? null : this.countReplies(metrics);
    this.contradiction = policy === null ? null : this.showContradictions(metrics);
    if (policy !== null && policy.quorum !== null) this.showAge(metrics);
  }

  /** Asks the witnesses for the newest kept checkpoint, in the background. */
  wake(): void {
    if (this.witnesses.length === 0 || this.stopping.signal.aborted) return;
    this.run(async () => {
      const newest = await this.checkpoints.latest();
      if (newest !== null) await this.round(newest);
    });
  }

  /** Asks every witness that has not cosigned the checkpoint; resolves when all have answered or failed. */
  async round(checkpoint: StoredCheckpoint): Promise<void> {
    const tree = parseCheckpoint(parseNote(checkpoint.note).body);
    const cosigned = await this.cosignersOf(checkpoint.note, tree);
    if (isQuorum(this.policyInForce(), cosigned)) await this.cosignatures.keepWitnessed(tree, this.clock.now());
    const missing = this.witnesses.filter((witness) => !cosigned.has(witness.name));
    await Promise.all(missing.map(async (witness) => await this.askUnlessBusy(witness, checkpoint, tree)));
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.underWay);
  }

  private run(work: () => Promise<void>): void {
    const task = work()
      .catch((error: unknown) => this.logger.error(`asking witnesses failed: ${String(error)}`))
      .finally(() => this.underWay.delete(task));
    this.underWay.add(task);
  }

  private policyInForce(): WitnessPolicy {
    if (this.policy === null) throw new Error('there is no witness policy; set WITNESS_POLICY_FILE');
    return this.policy;
  }

  private async cosignersOf(note: string, tree: TreeHead): Promise<Set<string>> {
    return witnessesOf(this.policyInForce(), withSignatureLines(note, await this.cosignatures.linesOf(tree)));
  }

  private async askUnlessBusy(witness: ReachableWitness, checkpoint: StoredCheckpoint, tree: TreeHead): Promise<void> {
    const attempts = this.attempts.get(witness);
    if (attempts === undefined || attempts.asking || performance.now() < attempts.notBefore) return;
    attempts.asking = true;
    try {
      const outcome = await this.ask(witness, attempts, checkpoint, tree);
      if (this.stopping.signal.aborted) return;
      this.replies?.inc({ witness: witness.name, outcome });
      if (outcome === 'cosigned') this.contradiction?.set({ witness: witness.name }, 0);
      if (outcome === 'inconsistent' || outcome === 'ahead') this.contradiction?.set({ witness: witness.name }, 1);
      // A conflict here means that another process of the service was faster.
      const failed = outcome !== 'cosigned' && outcome !== 'conflict';
      attempts.failures = failed ? attempts.failures + 1 : 0;
      const pause = failed ? Math.min(1000 * 2 ** (attempts.failures - 1), longestPauseMilliseconds) : 0;
      attempts.notBefore = performance.now() + pause;
    } finally {
      attempts.asking = false;
    }
  }

  private async ask(
    witness: ReachableWitness,
    attempts: Attempts,
    checkpoint: StoredCheckpoint,
    tree: TreeHead,
  ): Promise<Outcome> {
    const { name, keyId } = witness.verifier;
    attempts.lastSize ??= await this.cosignatures.lastSizeOf(name, keyId);
    let reply = await this.send(witness, attempts.lastSize, checkpoint, tree);
    if (reply.outcome === 'conflict') {
      attempts.lastSize = reply.size;
      if (reply.size <= tree.size) reply = await this.send(witness, reply.size, checkpoint, tree);
      else return await this.whenAhead(witness, reply.size);
    }
    if (reply.outcome === 'cosigned') {
      await this.cosignatures.keep(tree, reply.cosignature);
      attempts.lastSize = tree.size;
      const cosigned = await this.cosignersOf(checkpoint.note, tree);
      if (isQuorum(this.policyInForce(), cosigned)) await this.cosignatures.keepWitnessed(tree, this.clock.now());
    } else if (reply.outcome === 'inconsistent') {
      const detail = `it has seen a log that the checkpoint of size ${tree.size} does not continue (${reply.detail})`;
      this.logger.error(`the witness ${witness.name}: ${detail}; keep both and run segproof fsck`);
      await this.contradictions.note(witness, 'inconsistent', detail);
    } else if (reply.outcome !== 'conflict' && !this.stopping.signal.aborted) {
      this.logger.warn(
        `the witness ${witness.name} did not cosign size ${tree.size}: ${reply.outcome}, ${reply.detail}`,
      );
    }
    return reply.outcome;
  }

  private async send(
    witness: ReachableWitness,
    oldSize: number,
    checkpoint: StoredCheckpoint,
    tree: TreeHead,
  ): Promise<WitnessReply> {
    if (oldSize > tree.size) return { outcome: 'conflict', size: oldSize };
    const proof = oldSize === 0 ? [] : await this.reader.consistencyProof(oldSize, tree.size);
    const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(askMilliseconds)]);
    return await askWitness(witness, { oldSize, proof, note: checkpoint.note }, signal);
  }

  /** The witness has more than the checkpoint: it may only be newer than this process thinks, or the log was cut. */
  private async whenAhead(witness: ReachableWitness, size: number): Promise<Outcome> {
    const head = await this.log.head();
    if (size <= head.size) return 'conflict';
    const detail = `it has cosigned ${size} entries, the log has ${head.size}: it was cut, or an older copy was restored`;
    this.logger.error(`the witness ${witness.name}: ${detail}; run segproof fsck`);
    await this.contradictions.note(witness, 'ahead', detail);
    return 'ahead';
  }

  private countReplies({ registry }: Metrics): Counter {
    return new Counter({
      name: 'segproof_log_witness_replies_total',
      help: 'Answers of witnesses asked to cosign a checkpoint',
      labelNames: ['witness', 'outcome'],
      registers: [registry],
    });
  }

  private showContradictions({ registry }: Metrics): Gauge {
    return new Gauge({
      name: 'segproof_log_witness_contradiction',
      help: '1 when the witness has seen a log that this one does not continue',
      labelNames: ['witness'],
      registers: [registry],
    });
  }

  private showAge({ registry }: Metrics): void {
    const { cosignatures, clock, log } = this;
    const age = new Gauge({
      name: 'segproof_log_witnessed_checkpoint_age_seconds',
      help: 'Seconds since a checkpoint last had a full quorum of witnesses; +Inf when none ever had',
      registers: [],
      async collect() {
        const last = await cosignatures.lastWitnessed();
        this.set(last === null ? Infinity : Math.max(0, (clock.now().getTime() - last.witnessedAt.getTime()) / 1000));
      },
    });
    const unwitnessed = new Gauge({
      name: 'segproof_log_unwitnessed_entries',
      help: 'Entries that no checkpoint with a full quorum of witnesses covers yet',
      registers: [],
      async collect() {
        const [last, head] = [await cosignatures.lastWitnessed(), await log.head()];
        this.set(Math.max(0, head.size - (last?.size ?? 0)));
      },
    });
    registry.registerMetric(age);
    registry.registerMetric(unwitnessed);
  }
}
