import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../context.js';
import { Database } from '../../database/database.js';
import { Checkpoints, freshMilliseconds, type StoredCheckpoint } from '../checkpoints.js';
import { parseCheckpoint } from '../core/checkpoint.js';
import { withSignatureLines } from '../core/cosignature.js';
import { parseNote } from '../core/note.js';
import { isQuorum, witnessesOf, type WitnessPolicy } from '../core/witness-policy.js';
import { Cosignatures } from './cosignatures.js';

/** Injection token of the operator's witness policy; null when there is none. */
export const WITNESS_POLICY = Symbol('witness policy');

/** A kept checkpoint with the cosignatures it has. */
export interface PublishedCheckpoint {
  readonly size: number;
  readonly signedAt: Date;
  /** Signed and cosigned note. */
  readonly note: string;
}

/** Which checkpoints are shown to readers of the log. */
@Injectable()
export class PublishedCheckpoints {
  private readonly cosignatures: Cosignatures;

  constructor(
    @Inject(Database) database: Database,
    @Inject(Checkpoints) private readonly checkpoints: Checkpoints,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(WITNESS_POLICY) private readonly policy: WitnessPolicy | null,
  ) {
    this.cosignatures = new Cosignatures(database);
  }

  /**
   * A kept checkpoint that is the head's or at most a second old: of those the last with a full quorum, or the newest
   * when none has it.
   */
  async current(): Promise<PublishedCheckpoint> {
    const newest = await this.checkpoints.fresh();
    const witnessed = await this.witnessed();
    if (witnessed === null || witnessed.size === newest.size) return witnessed ?? (await this.withCosignatures(newest));
    const age = this.clock.now().getTime() - witnessed.signedAt.getTime();
    return age >= 0 && age <= freshMilliseconds ? witnessed : await this.withCosignatures(newest);
  }

  /** The largest checkpoint that the policy's quorum has cosigned, however old; null when there is none, or no policy. */
  async witnessed(): Promise<PublishedCheckpoint | null> {
    if (this.policy === null || this.policy.quorum === null) return null;
    const last = await this.cosignatures.lastWitnessed();
    const kept = last === null ? null : await this.checkpoints.at(last.size);
    if (kept === null) return null;
    const published = await this.withCosignatures(kept);
    // The policy may be another today than when it was cosigned.
    return isQuorum(this.policy, witnessesOf(this.policy, published.note)) ? published : null;
  }

  /** A checkpoint that covers an entry: the last with a full quorum if it does, else one as new as can be; null when none does. */
  async covering(index: number): Promise<PublishedCheckpoint | null> {
    const witnessed = await this.witnessed();
    if (witnessed !== null && witnessed.size > index) return witnessed;
    const newest = await this.checkpoints.fresh();
    const covering = newest.size > index ? newest : await this.checkpoints.keep();
    return covering.size > index ? await this.withCosignatures(covering) : null;
  }

  private async withCosignatures({ size, note, signedAt }: StoredCheckpoint): Promise<PublishedCheckpoint> {
    const lines = await this.cosignatures.linesOf(parseCheckpoint(parseNote(note).body));
    return { size, signedAt, note: withSignatureLines(note, lines) };
  }
}
