import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CONFIG, type Config } from '../config.js';
import { Clock } from '../context.js';
import { Log } from '../log/log.js';
import { RejectReason } from './normal-form.js';
import type { BodyShape } from './read-records.js';
import { RecordReaders } from './record-readers.js';
import type { IngestSource } from './sources.js';

export const IngestReceipt = z.object({
  index: z.number().int(),
  /** Hex; null for a duplicate, whose leaf is that of the entry named by `index`. */
  leafHash: z.string().nullable(),
  outcome: z.enum(['appended', 'duplicate', 'conflict', 'rejected']),
  /** Why the record could not be read; it is kept and listed among the rejected. */
  reason: RejectReason.optional(),
  detail: z.string().optional(),
});
export type IngestReceipt = z.infer<typeof IngestReceipt>;

export const IngestAnswer = z.object({
  received: z.number().int(),
  appended: z.number().int(),
  duplicate: z.number().int(),
  /** Same native id as an earlier record, other bytes: both are kept. */
  conflict: z.number().int(),
  rejected: z.number().int(),
  /** One per record, in the order sent. */
  receipts: z.array(IngestReceipt),
  /** Signed checkpoint that covers the records (C2SP tlog-checkpoint); null when nothing was sent. */
  checkpoint: z.string().nullable(),
});
export type IngestAnswer = z.infer<typeof IngestAnswer>;

@Injectable()
export class Ingest {
  constructor(
    @Inject(Log) private readonly log: Log,
    @Inject(RecordReaders) private readonly readers: RecordReaders,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Takes the records of one request body, and answers when they are durable. Records that cannot
   * be read are kept and counted too. Sending the same again adds nothing.
   * @throws Problem `unavailable`
   */
  async take(source: IngestSource, body: Buffer, shape: BodyShape): Promise<IngestAnswer> {
    const reading = { source: source.name, format: source.format, shape, mostRecordBytes: this.config.INGEST_MAX_RECORD_BYTES };
    const { entries, rejections } = await this.readers.read(body, reading, this.clock.now());
    if (entries.length === 0) {
      return { received: 0, appended: 0, duplicate: 0, conflict: 0, rejected: 0, receipts: [], checkpoint: null };
    }
    const { receipts, checkpoint } = await this.log.appendPrepared(entries);
    const counts = { appended: 0, duplicate: 0, conflict: 0, rejected: 0 };
    const answers = receipts.map((receipt, at): IngestReceipt => {
      const { leafHash } = receipt;
      const rejected = rejections.get(at);
      if (rejected !== undefined && receipt.outcome !== 'duplicate') {
        counts.rejected++;
        return { index: receipt.index, leafHash, outcome: 'rejected', ...rejected };
      }
      counts[receipt.outcome]++;
      return { index: receipt.index, leafHash, outcome: receipt.outcome };
    });
    return { received: entries.length, ...counts, receipts: answers, checkpoint };
  }
}
