import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Actor } from '../context.js';
import { Database, type Transaction } from '../database/database.js';
import { formats } from '../ingestion/formats/registry.js';
import { NormalForm, QuarantineReason } from '../ingestion/normal-form.js';
import { normaliseStored } from '../ingestion/stored-record.js';
import { actEntry } from '../log/act.js';
import { canonicalJson } from '../log/core/canonical-json.js';
import { Followers } from '../log/follower.js';
import { Log } from '../log/log.js';
import { LogReader, selectEntries } from '../log/read.js';
import { RecordRow } from './records.js';

/** A normal form as far as it is searched: what the service said of a record at a time. */
export const SearchedForm = RecordRow.omit({ index: true, part: true, source: true, receivedAt: true }).extend({
  parserVersion: z.number().int().nullable(),
  timeSource: z.string(),
  reason: z.string().nullable(),
  nativeId: z.string().nullable(),
});
export type SearchedForm = z.infer<typeof SearchedForm>;

export const EarlierForm = z.object({
  part: z.number().int(),
  form: SearchedForm,
  /** When a newer parser read the record again. */
  supersededAt: z.string(),
  /** The entry of the log that says so and holds the digest. */
  supersededIndex: z.number().int(),
  /** Hex, SHA-256 of the payload's salt and the form as canonical JSON (RFC 8785): what that entry holds. */
  digest: z.string(),
});
export type EarlierForm = z.infer<typeof EarlierForm>;

/** Everything a record was read as. */
export const RecordForms = z.object({
  index: z.number().int(),
  /** What the present parsers make of the bytes; none where they cannot read them or they are no longer kept. */
  present: z.array(NormalForm),
  unread: z.object({ reason: QuarantineReason, detail: z.string() }).nullable(),
  /** What the search knows, one for each fact. */
  searched: z.array(SearchedForm),
  /** What it knew before newer parsers read the record, the newest first. */
  earlier: z.array(EarlierForm),
});
export type RecordForms = z.infer<typeof RecordForms>;

export interface ReadAgain {
  /** Records that another version of their parser had read. */
  readonly records: number;
  /** Those that are read otherwise now; what they were read as before is kept. */
  readonly changed: number;
}

const recordsAtOnce = 500;

/** Columns of `record` as the fields of a {@link SearchedForm}. */
const formColumns = `json_build_object('kind', r.kind, 'format', r.format, 'parserVersion', r.parser_version,
  'eventTime', r.event_time_text, 'timeSource', r.time_source, 'verdict', r.verdict, 'reason', r.reason,
  'direction', r.direction, 'sourceWorkload', r.source_workload, 'destinationWorkload', r.destination_workload,
  'protocol', r.protocol, 'port', r.port, 'policy', r.policy, 'actor', r.actor, 'nativeId', r.native_id,
  'summary', r.summary, 'flags', r.flags, 'rejectReason', r.reject_reason, 'rejectDetail', r.reject_detail)`;

/** What records were and are read as: newer parsers read them again, and what was there before is kept beside it. */
@Injectable()
export class NormalForms {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(LogReader) private readonly reader: LogReader,
    @Inject(Followers) private readonly followers: Followers,
  ) {}

  /** @throws Problem `not_found` */
  async of(index: number): Promise<RecordForms> {
    const entry = await this.reader.entry(index);
    const stored = normaliseStored(entry);
    const rows = await this.database.query<{
      part: number;
      form: unknown;
      superseded_at: Date;
      superseded_index: string;
    }>(
      `SELECT part, form, superseded_at, superseded_index FROM record_earlier_form
       WHERE index = $1 ORDER BY superseded_index DESC, part`,
      [index],
    );
    const { salt } = entry;
    return {
      index,
      present: stored?.ok === true ? [...stored.records] : [],
      unread: stored?.ok === false ? { reason: stored.reason, detail: stored.detail } : null,
      searched: ((await searchedForms(this.database, [index])).get(index) ?? []).map(({ form }) => form),
      // Without the salt the payload is gone, and whatever was read from it.
      earlier:
        salt === null
          ? []
          : rows.map((row) => {
              const form = SearchedForm.parse(row.form);
              return {
                part: row.part,
                form,
                supersededAt: row.superseded_at.toISOString(),
                supersededIndex: Number(row.superseded_index),
                digest: digestOf(salt, form),
              };
            }),
    };
  }

  /**
   * Reads again what another version of its parser has read. Where that gives another normal form, the earlier one is kept, and an
   * entry of the log names it by its digest. Can be broken off and begun again. Followers beside the search go by what they took
   * until they are rebuilt.
   */
  async readAgain(actor: Actor, onProgress: (records: number) => void = () => {}): Promise<ReadAgain> {
    const done = { records: 0, changed: 0 };
    for (const { format, parserVersion } of await this.outdated()) {
      for (let after = -1; ;) {
        const step = await this.step(actor, { format, parserVersion, after });
        done.records += step.indices.length;
        done.changed += step.changed;
        onProgress(done.records);
        const last = step.indices.at(-1);
        if (last === undefined) break;
        after = last;
      }
    }
    return done;
  }

  /** What was read by parsers of another version than the present ones. */
  private async outdated(): Promise<{ format: string; parserVersion: number }[]> {
    const present = new Map<string, number>(formats.map(({ name, version }) => [name, version]));
    const rows = await this.database.query<{ format: string; parser_version: number }>(
      'SELECT format, parser_version FROM record WHERE format IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2',
    );
    return rows
      .map(({ format, parser_version: parserVersion }) => ({ format, parserVersion }))
      .filter(({ format, parserVersion }) => present.get(format) !== parserVersion);
  }

  private async step(
    actor: Actor,
    { format, parserVersion, after }: { format: string; parserVersion: number; after: number },
  ): Promise<{ readonly indices: readonly number[]; readonly changed: number }> {
    return await this.log.transact(async ({ transaction, now, append }) => {
      const next = await this.followers.hold('records', transaction);
      const found = await transaction.query<{ index: string }>(
        `SELECT DISTINCT index FROM record WHERE format = $1 AND parser_version = $2 AND index > $3 AND index < $4
         ORDER BY index LIMIT $5`,
        [format, parserVersion, after, next, recordsAtOnce],
      );
      const indices = found.map(({ index }) => Number(index));
      if (indices.length === 0) return { indices, changed: 0 };
      const before = await searchedForms(transaction, indices);
      await this.followers.takeAgain('records', transaction, indices, next);
      const present = await searchedForms(transaction, indices);
      const salts = new Map((await selectEntries(transaction, indices)).map((entry) => [entry.index, entry.salt]));
      const kept = [...before]
        .filter(([index, forms]) => !isSameReading(forms, present.get(index) ?? []))
        .flatMap(([index, forms]) => {
          const salt = salts.get(index) ?? null;
          return salt === null ? [] : forms.map((one) => ({ index, ...one, digest: digestOf(salt, one.form) }));
        });
      const changed = new Set(kept.map(({ index }) => index)).size;
      const superseded = await append(
        actEntry('records.read_again', actor, {
          format,
          parserVersion,
          records: indices.length,
          changed: kept.map(({ index, part, digest }) => ({ index, part, digest })),
        }),
      );
      await transaction.query(
        `INSERT INTO record_earlier_form (index, superseded_index, part, form, superseded_at)
         SELECT index, $2, part, form, $3 FROM json_to_recordset($1) AS kept (index bigint, part integer, form json)`,
        [JSON.stringify(kept), superseded, now],
      );
      return { indices, changed };
    });
  }
}

type Asked = Pick<Transaction, 'query'>;

/** What the search knows of entries, the facts of each in order. */
async function searchedForms(
  asked: Asked,
  indices: readonly number[],
): Promise<Map<number, { readonly part: number; readonly form: SearchedForm }[]>> {
  const rows = await asked.query<{ index: string; part: number; form: unknown }>(
    `SELECT r.index, r.part, ${formColumns} AS form FROM record r WHERE r.index = ANY ($1::bigint[]) ORDER BY r.index, r.part`,
    [indices],
  );
  const found = new Map<number, { part: number; form: SearchedForm }[]>();
  for (const row of rows) {
    const index = Number(row.index);
    const forms = found.get(index) ?? [];
    forms.push({ part: row.part, form: SearchedForm.parse(row.form) });
    found.set(index, forms);
  }
  return found;
}

/** Whether two readings differ in nothing but the version of the parser. */
function isSameReading(one: readonly { form: SearchedForm }[], other: readonly { form: SearchedForm }[]): boolean {
  const said = (forms: readonly { form: SearchedForm }[]): string =>
    canonicalJson(forms.map(({ form }) => ({ ...form, parserVersion: null })));
  return said(one) === said(other);
}

function digestOf(salt: Buffer, form: SearchedForm): string {
  return hash('sha256', Buffer.concat([salt, Buffer.from(canonicalJson(form))]), 'hex');
}
