import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Actor } from '../context.js';
import { Database } from '../database/database.js';
import { openPayload } from '../ingestion/record-payload.js';
import { normaliseStored } from '../ingestion/stored-record.js';
import { actEntry } from '../log/act.js';
import { Log } from '../log/log.js';
import { LogReader } from '../log/read.js';
import { cefEvent } from './export/cef-event.js';
import { csvHeader, csvRow } from './export/csv-row.js';
import type { ExportedRecord } from './export/exported-record.js';
import { ocsfEvent } from './export/ocsf-event.js';
import { RecordQuery, Records, type RecordRow } from './records.js';

/** `raw` gives the bytes as received, one record a line: in base64 where a record holds a line end. */
export const ExportFormat = z.enum(['ndjson', 'csv', 'ocsf', 'cef', 'raw']);
export type ExportFormat = z.infer<typeof ExportFormat>;

export const ExportQuery = RecordQuery.omit({ limit: true, older: true, newer: true }).extend({
  format: ExportFormat.default('ndjson'),
});
export type ExportQuery = z.infer<typeof ExportQuery>;

/** What an export covers, so that nothing can be left out unseen; said before it and, in JSON, behind it. */
export const Completeness = z.object({
  /** The log's entries that were looked at: from the first up to, and without, this index. */
  entriesBelow: z.number().int(),
  /** How many records among them match. */
  records: z.number().int(),
  query: z.record(z.string(), z.unknown()),
  /** The log at that moment; its checkpoint proves every index below its size. */
  logSize: z.number().int(),
  checkpoint: z.string().nullable(),
});
export type Completeness = z.infer<typeof Completeness>;

export interface Export {
  readonly completeness: Completeness;
  readonly mediaType: string;
  /** Lines as bytes; reading to the end records the export. */
  readonly lines: AsyncGenerator<Buffer, void>;
}

const mediaTypes: Readonly<Record<ExportFormat, string>> = {
  ndjson: 'application/x-ndjson',
  ocsf: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
  cef: 'text/plain; charset=utf-8',
  raw: 'application/octet-stream',
};

const recordsAtOnce = 500;

/** Records taken out of the service, in the forms others read, with a statement of what is in them. */
@Injectable()
export class RecordExport {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Records) private readonly records: Records,
    @Inject(LogReader) private readonly reader: LogReader,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** Begins an export of the records that match, of the log as it stands now; newest event first. */
  async begin(actor: Actor, { format, ...filters }: ExportQuery): Promise<Export> {
    const head = await this.log.head();
    const [follower] = await this.database.query<{ next_index: string }>(
      `SELECT next_index FROM follower WHERE name = 'records'`,
    );
    const entriesBelow = Math.min(head.size, Number(follower?.next_index ?? 0));
    const query = RecordQuery.parse({ ...filters, limit: recordsAtOnce });
    const { checkpoint } = await this.log.trySign(head);
    const completeness: Completeness = {
      entriesBelow,
      records: await this.records.countBelow(query, entriesBelow),
      query: filters,
      logSize: head.size,
      checkpoint,
    };
    return { completeness, mediaType: mediaTypes[format], lines: this.lines(actor, format, query, completeness) };
  }

  private async *lines(
    actor: Actor,
    format: ExportFormat,
    query: RecordQuery,
    completeness: Completeness,
  ): AsyncGenerator<Buffer, void> {
    const digest = createHash('sha256');
    let sent = 0;
    const out = (text: string): Buffer => {
      const bytes = Buffer.from(text);
      digest.update(bytes);
      return bytes;
    };
    if (format === 'csv') yield out(`${csvHeader}\r\n`);
    let older: string | undefined;
    do {
      const page = await this.records.page({ ...query, older }, completeness.entriesBelow);
      const records = await this.exported(page.records);
      sent += records.length;
      if (records.length > 0) yield out(records.map((record) => lineOf(format, record)).join(''));
      older = page.older ?? undefined;
    } while (older !== undefined);
    const statement = { ...completeness, sent };
    if (format === 'ndjson' || format === 'ocsf') yield out(`${JSON.stringify({ completeness: statement })}\n`);
    const sha256 = digest.digest('hex');
    await this.log.transact(async ({ append }) => {
      const { checkpoint: _, ...told } = statement;
      await append(actEntry('records.exported', actor, { format, ...told, sha256 }));
    });
  }

  private async exported(rows: readonly RecordRow[]): Promise<ExportedRecord[]> {
    const indices = [...new Set(rows.map(({ index }) => index))];
    const entries = new Map((await this.reader.entriesAt(indices)).map((entry) => [entry.index, entry]));
    return rows.map(({ index, part, source, kind, eventTime, receivedAt }) => {
      const entry = entries.get(index);
      const stored = entry === undefined ? null : normaliseStored(entry);
      return {
        index,
        part,
        source,
        kind,
        eventTime,
        receivedAt,
        normalForm: stored?.ok === true ? (stored.records[part] ?? null) : null,
        raw: entry?.payload == null ? null : openPayload(entry.payload).raw,
      };
    });
  }
}

function lineOf(format: ExportFormat, record: ExportedRecord): string {
  switch (format) {
    case 'csv':
      return `${csvRow(record)}\r\n`;
    case 'cef':
      return `${cefEvent(record)}\n`;
    case 'ocsf':
      return `${JSON.stringify(ocsfEvent(record))}\n`;
    case 'raw':
      return record.part > 0 || record.raw === null ? '' : `${rawLine(record.raw)}\n`;
    case 'ndjson': {
      const { raw, ...rest } = record;
      return `${JSON.stringify({ ...rest, raw: raw?.toString('utf8') ?? null })}\n`;
    }
  }
}

function rawLine(raw: Buffer): string {
  const text = raw.toString('utf8');
  return text.includes('\n') || text.includes('\r') || text.includes('\ufffd')
    ? `base64:${raw.toString('base64')}`
    : text;
}
