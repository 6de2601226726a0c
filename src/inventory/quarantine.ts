import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Clock, type Actor } from '../context.js';
import { CONFIG, type Config } from '../config.js';
import { Database } from '../database/database.js';
import { QuarantineReason, type RecordContext } from '../ingestion/normal-form.js';
import { readRecords } from '../ingestion/read-records.js';
import type { ReceivedRecord } from '../ingestion/received-record.js';
import { openPayload } from '../ingestion/record-payload.js';
import { RedactionKey } from '../ingestion/redaction-key.js';
import { contextOf } from '../ingestion/source-settings.js';
import { SourceName, Sources } from '../ingestion/sources.js';
import { actEntry } from '../log/act.js';
import { Log } from '../log/log.js';
import { LogReader } from '../log/read.js';

export const ReprocessRequest = z.strictObject({
  source: SourceName,
  /** Only those quarantined for this reason. */
  reason: QuarantineReason.optional(),
});
export type ReprocessRequest = z.infer<typeof ReprocessRequest>;

export const ReprocessAnswer = z.object({
  /** Records that were looked at again, the oldest first. */
  tried: z.number().int(),
  /** Those that can be read now; each is an entry that names the one it was made of. */
  read: z.number().int(),
  /** Those that are in quarantine still. */
  remaining: z.number().int(),
  /** There are more than were tried; ask again. */
  more: z.boolean(),
});
export type ReprocessAnswer = z.infer<typeof ReprocessAnswer>;

/** How many are read again in one request. */
const mostAtOnce = 2000;

/** What sources sent and could not be read: looked at again when the source is set otherwise or a parser is newer. */
@Injectable()
export class Quarantine {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(LogReader) private readonly reader: LogReader,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(RedactionKey) private readonly redactionKey: RedactionKey,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Reads quarantined records of a source once more, as the source is set now. What can be read is appended as a new
   * entry beside the old one, which stays; doing it twice adds nothing.
   * @throws Problem `not_found` for a source there is not
   */
  async reprocess(actor: Actor, { source: name, reason }: ReprocessRequest): Promise<ReprocessAnswer> {
    const source = await this.sources.get(name);
    const found = await this.database.query<{ index: string }>(
      `SELECT index FROM record
       WHERE reject_reason IS NOT NULL AND reprocessed_index IS NULL AND source = $1 AND ($2::text IS NULL OR reject_reason = $2)
       ORDER BY index LIMIT $3`,
      [name, reason ?? null, mostAtOnce + 1],
    );
    const indices = found.slice(0, mostAtOnce).map(({ index }) => Number(index));
    if (indices.length === 0) return { tried: 0, read: 0, remaining: 0, more: false };
    const records: ReceivedRecord[] = [];
    for (const { index, payload } of await this.reader.entriesAt(indices)) {
      if (payload !== null) records.push(again(index, payload));
    }
    const reading = {
      source: name,
      context: contextOf(source.format, source.settings),
      receivedAt: this.clock.now(),
      mostRecordBytes: this.config.INGEST_MAX_RECORD_BYTES,
      redaction: this.redactionKey.redaction(source.settings.redaction),
    };
    const readable = [...readRecords({ records }, reading)].filter(({ rejected }) => rejected === null);
    if (readable.length > 0) await this.log.append(readable.map(({ entry }) => entry));
    const answer: ReprocessAnswer = {
      tried: indices.length,
      read: readable.length,
      remaining: indices.length - readable.length,
      more: found.length > mostAtOnce,
    };
    await this.log.transact(async ({ append }) => {
      await append(actEntry('quarantine.reprocessed', actor, { source: name, reason: reason ?? null, ...answer }));
    });
    return answer;
  }
}

/** The record as it was taken, with what the protocol said of it then; how the source was set then is left behind. */
function again(index: number, payload: Buffer): ReceivedRecord {
  const { raw, context } = openPayload(payload);
  const { times, nativeId, attributes } = context;
  const said: RecordContext = {
    ...(times === undefined ? {} : { times }),
    ...(nativeId === undefined ? {} : { nativeId }),
    ...(attributes === undefined ? {} : { attributes }),
    reprocessOf: index,
  };
  return { raw, context: said };
}
