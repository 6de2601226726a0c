import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CONFIG, type Config } from '../config.js';
import { Clock } from '../context.js';
import { leafHashOf } from '../log/core/leaf.js';
import type { EntryToAppend } from '../log/entry.js';
import { Log, type Receipts } from '../log/log.js';
import { leafOf, LogReader } from '../log/read.js';
import { QuarantineReason } from './normal-form.js';
import { Metrics } from '../metrics.js';
import type { Sent } from './read-records.js';
import { SourceRefusals } from './refusals.js';
import { RecordReaders } from './record-readers.js';
import { RedactionKey } from './redaction-key.js';
import { contextOf } from './source-settings.js';
import type { IngestSource } from './sources.js';

export const IngestReceipt = z.object({
  index: z.number().int(),
  /** Hex. */
  leafHash: z.string().optional(),
  outcome: z.enum(['appended', 'duplicate', 'conflict', 'rejected']),
  /** With `conflict`: index of the earlier record that has the same native id and other bytes. */
  conflictsWith: z.number().int().optional(),
  /** Inclusion proof (RFC 6962) from the leaf upwards to the checkpoint's root, base64. */
  proof: z.array(z.string()).optional(),
  /** Why the record could not be read; it is kept and listed among the rejected. */
  reason: QuarantineReason.optional(),
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
  /** Signed checkpoint that covers the records (C2SP tlog-checkpoint); null when nothing was sent, or while signing is stopped. */
  checkpoint: z.string().nullable(),
  /** Why there is no checkpoint, when signing is stopped; the records are stored all the same. */
  signing: z.string().optional(),
});

/** How much a sender wants to hear about each record: `proof` all, `leaf` index and leaf hash, `index` only the index. */
export const ReceiptDetail = z.enum(['proof', 'leaf', 'index']);
export type ReceiptDetail = z.infer<typeof ReceiptDetail>;
export type IngestAnswer = z.infer<typeof IngestAnswer>;

@Injectable()
export class Ingest {
  constructor(
    @Inject(Log) private readonly log: Log,
    @Inject(LogReader) private readonly reader: LogReader,
    @Inject(RecordReaders) private readonly readers: RecordReaders,
    @Inject(RedactionKey) private readonly redactionKey: RedactionKey,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(SourceRefusals) private readonly refusals: SourceRefusals,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Takes the records of one request, counts them, and answers when they are durable. Records that cannot
   * be read are kept and counted too. Sending the same again adds nothing.
   * @throws Problem `unavailable`
   */
  async take(source: IngestSource, sent: Sent, detail: ReceiptDetail): Promise<IngestAnswer> {
    const reading = {
      source: source.name,
      context: contextOf(source.format, source.settings),
      receivedAt: this.clock.now(),
      mostRecordBytes: this.config.INGEST_MAX_RECORD_BYTES,
      redaction: this.redactionKey.redaction(source.settings.redaction),
    };
    const { entries, rejections } = await this.readers.read(sent, reading);
    if (entries.length === 0) {
      return { received: 0, appended: 0, duplicate: 0, conflict: 0, rejected: 0, receipts: [], checkpoint: null };
    }
    const appended = await this.append(source, entries);
    const older = detail === 'index' ? new Map<number, Proven>() : await this.proveDuplicates(appended, detail);
    const counts = { appended: 0, duplicate: 0, conflict: 0, rejected: 0 };
    const receipts = appended.receipts.map((receipt, at): IngestReceipt => {
      const { index, leafHash } = receipt;
      const rejected = receipt.outcome === 'duplicate' ? undefined : rejections.get(at);
      const outcome: IngestReceipt['outcome'] = rejected === undefined ? receipt.outcome : 'rejected';
      counts[outcome]++;
      const told: IngestReceipt = { index, outcome };
      if (receipt.conflictsWith !== null) told.conflictsWith = receipt.conflictsWith;
      if (rejected !== undefined) Object.assign(told, rejected);
      if (detail === 'index') return told;
      if (leafHash === null) return Object.assign(told, older.get(index));
      told.leafHash = leafHash;
      if (detail === 'proof') told.proof = base64(appended.prove(index));
      return told;
    });
    this.metrics.countIngest(source.name, counts);
    const { checkpoint, signing } = appended;
    return { received: entries.length, ...counts, receipts, checkpoint, ...(signing === null ? {} : { signing }) };
  }

  private async append(source: IngestSource, entries: readonly EntryToAppend[]): Promise<Receipts> {
    try {
      return await this.log.appendPrepared(entries, source.name);
    } catch (error) {
      this.refusals.countError(source.name, error, entries.length);
      throw error;
    }
  }

  /** What the first sending of a duplicate was answered, proven to the present checkpoint. */
  private async proveDuplicates({ receipts, size }: Receipts, detail: ReceiptDetail): Promise<Map<number, Proven>> {
    const indices = [...new Set(receipts.flatMap((receipt) => (receipt.leafHash === null ? [receipt.index] : [])))];
    if (indices.length === 0) return new Map();
    const entries = await this.reader.entriesAt(indices);
    const proofs =
      detail === 'proof'
        ? await this.reader.inclusionProofs(
            entries.map((entry) => entry.index),
            size,
          )
        : null;
    return new Map(
      entries.map((entry, at) => [
        entry.index,
        { leafHash: leafHashOf(leafOf(entry)), ...(proofs === null ? {} : { proof: base64(proofs[at] ?? []) }) },
      ]),
    );
  }
}

interface Proven {
  readonly leafHash: string;
  readonly proof?: string[];
}

function base64(hashes: readonly Buffer[]): string[] {
  return hashes.map((hash) => hash.toString('base64'));
}
