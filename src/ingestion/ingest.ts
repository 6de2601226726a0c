import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CONFIG, type Config } from '../config.js';
import type { NewEntry } from '../log/entry.js';
import { Log } from '../log/log.js';
import { parseNanoseconds } from '../log/time.js';
import { normaliseRecord } from './formats/registry.js';
import { splitJson, splitLines } from './json-spans.js';
import { RejectReason } from './normal-form.js';
import type { IngestSource } from './sources.js';

/** Kind of the entries of records that could not be read; their bytes are kept like any other's. */
export const rejectedKind = 'rejected';

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

export type BodyShape = 'json' | 'lines';

interface ReadRecord {
  readonly entry: NewEntry;
  readonly rejected: { readonly reason: RejectReason; readonly detail: string } | null;
}

/** Records to read before other requests get their turn. */
const recordsPerTurn = 250;

@Injectable()
export class Ingest {
  constructor(
    @Inject(Log) private readonly log: Log,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Takes the records of one request body, and answers when they are durable. Records that cannot
   * be read are kept and counted too. Sending the same again adds nothing.
   * @throws Problem `unavailable`
   */
  async take(source: IngestSource, body: Buffer, shape: BodyShape): Promise<IngestAnswer> {
    const records = await this.read(source, body, shape);
    if (records.length === 0) {
      return { received: 0, appended: 0, duplicate: 0, conflict: 0, rejected: 0, receipts: [], checkpoint: null };
    }
    const { receipts, checkpoint } = await this.log.append(records.map((record) => record.entry));
    const counts = { appended: 0, duplicate: 0, conflict: 0, rejected: 0 };
    const answers = records.map((record, at): IngestReceipt => {
      const receipt = receipts[at];
      if (receipt === undefined) throw new Error('the log gave fewer receipts than entries');
      const { leafHash } = receipt;
      if (record.rejected !== null && receipt.outcome !== 'duplicate') {
        counts.rejected++;
        return { index: receipt.index, leafHash, outcome: 'rejected', ...record.rejected };
      }
      counts[receipt.outcome]++;
      return { index: receipt.index, leafHash, outcome: receipt.outcome };
    });
    return { received: records.length, ...counts, receipts: answers, checkpoint };
  }

  private async read(source: IngestSource, body: Buffer, shape: BodyShape): Promise<ReadRecord[]> {
    const spans = shape === 'json' ? splitJson(body) : splitLines(body);
    const repeats = new Map<string, number>();
    const records: ReadRecord[] = [];
    for (const span of spans) {
      const raw = body.subarray(span.start, span.end);
      const problem =
        span.problem !== undefined
          ? { reason: span.problem, detail: span.detail ?? '' }
          : raw.length > this.config.INGEST_MAX_RECORD_BYTES
            ? {
                reason: 'too_large' as const,
                detail: `a record of at most ${this.config.INGEST_MAX_RECORD_BYTES} bytes is read, this one has ${raw.length}`,
              }
            : null;
      records.push(readRecord(source, raw, problem, repeats));
      if (records.length % recordsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return records;
  }
}

function readRecord(
  source: IngestSource,
  raw: Buffer,
  problem: { reason: RejectReason; detail: string } | null,
  repeats: Map<string, number>,
): ReadRecord {
  const normalised = problem === null ? normaliseRecord(raw, source.format) : { ok: false as const, ...problem };
  const content = hash('sha256', raw, 'buffer').subarray(0, 16);
  if (!normalised.ok) {
    return {
      entry: {
        kind: rejectedKind,
        source: source.name,
        occurredAt: null,
        payload: raw,
        dedupe: { key: keyOf(source.name, 'bytes', nth(content, repeats)), content },
      },
      rejected: { reason: normalised.reason, detail: normalised.detail },
    };
  }
  const { record } = normalised;
  // Without an id of its own a record is known by its bytes; the n-th repetition inside one request
  // is another record, the same request sent again is not.
  const key =
    record.nativeId === null
      ? keyOf(source.name, 'bytes', nth(content, repeats))
      : keyOf(source.name, 'id', record.nativeId);
  return {
    entry: {
      kind: record.kind,
      source: source.name,
      occurredAt: record.eventTime === null ? null : parseNanoseconds(record.eventTime),
      payload: raw,
      dedupe: { key, content },
    },
    rejected: null,
  };
}

function keyOf(source: string, by: 'id' | 'bytes', value: string): Buffer {
  return hash('sha256', `${source}\0${by}\0${value}`, 'buffer').subarray(0, 16);
}

function nth(content: Buffer, repeats: Map<string, number>): string {
  const text = content.toString('hex');
  const count = repeats.get(text) ?? 0;
  repeats.set(text, count + 1);
  return `${text}/${count}`;
}
