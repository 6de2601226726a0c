import { isUtf8 } from 'node:buffer';
import { Controller, Get, Header, Inject, Param, Query, type StreamableFile } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { Problem } from '../errors.js';
import { fileAnswer } from '../evidence/reports.controller.js';
import { recordKinds } from '../ingestion/normal-form.js';
import { openPayload } from '../ingestion/record-payload.js';
import { normaliseStored } from '../ingestion/stored-record.js';
import { Conflicts } from '../inventory/conflicts.js';
import { NormalForms, type RecordForms, type SearchedForm } from '../inventory/normal-forms.js';
import { RecordQuery, Records, type RecordRow as FoundRecord } from '../inventory/records.js';
import { actEntry } from '../log/act.js';
import { encodeLeaf } from '../log/core/leaf.js';
import { hashLeaf } from '../log/core/tree.js';
import { Log } from '../log/log.js';
import { leafOf, LogReader, type StoredEntry } from '../log/read.js';
import { pageAnswer } from './answers.js';
import { fieldText, problemsOfInput, readTime, type Fields } from './forms.js';
import { RecordPage } from './pages/record.js';
import { RecordsPage } from './pages/records.js';
import { paths } from './paths.js';
import { pagingOf, readCursor } from './read/cursor.js';
import { PolicyMatches } from './read/policy-matches.js';
import { SourceActivity } from './read/source-activity.js';
import { CurrentShell } from './shell.js';
import type { EarlierFormView, FieldProblems, RecordDetailView, RecordFilters, RecordRow, Shell } from './views.js';

const pageSize = 50;
/** Beyond it a page does not say how many records match. */
const mostCounted = 250_000;

const filterNames = [
  'from',
  'to',
  'receivedFrom',
  'receivedTo',
  'kind',
  'source',
  'verdict',
  'workload',
  'actor',
  'policy',
  'conflicting',
  'text',
] as const satisfies readonly (keyof RecordFilters)[];
const labels: Readonly<Partial<Record<keyof RecordFilters, string>>> = {
  to: 'Before',
  receivedFrom: 'Received from',
  receivedTo: 'Received before',
};
const filterFields = Object.fromEntries(
  filterNames.map((name) => [name, { field: name, label: labels[name] ?? name }]),
);

@ApiExcludeController()
@Controller()
export class RecordPagesController {
  constructor(
    @Inject(Records) private readonly records: Records,
    @Inject(SourceActivity) private readonly sources: SourceActivity,
    @Inject(PolicyMatches) private readonly matches: PolicyMatches,
    @Inject(Conflicts) private readonly conflicts: Conflicts,
    @Inject(NormalForms) private readonly forms: NormalForms,
    @Inject(LogReader) private readonly reader: LogReader,
    @Inject(Log) private readonly log: Log,
  ) {}

  @Get('records')
  @Needs('records.read')
  async list(@CurrentShell() shell: Shell, @Query() query: Fields): Promise<Response> {
    const cursor = readCursor(fieldText(query, 'cursor'));
    const { filters, search, problems } = readFilters(query);
    const shared = {
      shell,
      filters,
      problems,
      kinds: [...recordKinds, 'rejected'],
      sources: await this.sources.names(),
    };
    if (search === null) {
      return pageAnswer(
        RecordsPage({ ...shared, rows: [], matching: null, paging: { older: null, newer: null } }),
        400,
      );
    }
    // Text is looked for in every record, which takes too long to do a second time only to count.
    const counts = search.text === undefined && search.policy === undefined;
    const [page, counted] = await Promise.all([
      this.records.page({ ...search, limit: pageSize, ...(cursor === null ? {} : { [cursor.way]: cursor.place }) }),
      counts ? this.records.count(search, mostCounted) : null,
    ]);
    const isWhole = cursor === null && page.older === null;
    const matching = isWhole ? page.records.length : counted;
    return pageAnswer(RecordsPage({ ...shared, rows: page.records.map(rowOf), matching, paging: pagingOf(page) }));
  }

  @Get('records/:index')
  @Needs('records.read')
  async detail(@CurrentShell() shell: Shell, @Param('index') text: string): Promise<Response> {
    const index = readIndex(text);
    const entry = await this.reader.entry(index);
    const head = await this.log.head();
    const { checkpoint, signing } = await this.log.trySign(head);
    const [[path = []], judged, conflicts, forms] = await Promise.all([
      this.reader.inclusionProofs([index], head.size),
      entry.kind === 'policy_change' ? this.matches.judged({ index }) : [],
      this.conflicts.of(index),
      this.forms.of(index),
    ]);
    const stored = normaliseStored(entry);
    const leaf = encodeLeaf(leafOf(entry));
    const unauthorised = judged.find((one) => one.unauthorised !== null);
    const { occurredAt, receivedAt } = leafOf(entry);
    const records = stored?.ok === true ? stored.records : [];
    const view: RecordDetailView = {
      shell: { ...shell, path: paths.record(index) },
      index,
      id: entry.id,
      kind: entry.kind,
      source: entry.source,
      occurredAt: records[0]?.timeSource === 'received' || stored?.ok === false ? null : occurredAt,
      receivedAt,
      records,
      raw: rawOf(entry),
      proof: {
        leafHash: hashLeaf(leaf).toString('hex'),
        payloadHash: entry.payloadHash.toString('hex'),
        salt: entry.salt?.toString('hex') ?? '',
        leaf: leaf.toString(),
        treeSize: head.size,
        rootHash: head.root.toString('hex'),
        path: path.map((hash) => hash.toString('hex')),
        checkpoint: checkpoint ?? signing ?? '',
      },
      authorisedBy: unauthorised === undefined ? (judged[0]?.authorisedBy ?? null) : null,
      unauthorised: unauthorised?.unauthorised ?? null,
      conflicts,
      earlierForms: earlierFormViews(forms),
      previousIndex: index === 0 ? null : index - 1,
      nextIndex: index + 1 < head.size ? index + 1 : null,
    };
    return pageAnswer(RecordPage(view));
  }

  /** Taking the bytes away is recorded; looking at them is reading. */
  @Get('records/:index/raw')
  @Needs('records.read')
  @Header('Cache-Control', 'no-store')
  async raw(@CurrentActor() actor: Actor, @Param('index') text: string): Promise<StreamableFile> {
    const index = readIndex(text);
    const { payload } = await this.reader.entry(index);
    if (payload === null)
      throw new Problem('not_found', `The payload of entry ${index} is no longer kept; its proof still is.`);
    await this.log.transact(async ({ append }) => {
      await append(actEntry('record.viewed_raw', actor, { index }));
    });
    return fileAnswer(
      { mediaType: 'application/octet-stream', content: openPayload(payload).raw },
      `segproof-record-${index}.${isUtf8(payload) ? 'json' : 'bin'}`,
    );
  }
}

/** @throws Problem `not_found` for what can be no index */
function readIndex(text: string): number {
  if (!/^\d{1,15}$/u.test(text))
    throw new Problem('not_found', `Entries are numbered from 0 on; there is none called ${text.slice(0, 40)}.`);
  return Number(text);
}

/** The filters of an address, and the search they mean; `search` is null where one of them cannot be read. */
function readFilters(query: Fields): {
  readonly filters: RecordFilters;
  readonly search: RecordQuery | null;
  readonly problems: FieldProblems;
} {
  const given = Object.fromEntries(filterNames.map((name) => [name, fieldText(query, name)])) as Record<
    keyof RecordFilters,
    string | null
  >; // made of exactly these names
  const problems: Record<string, string> = {};
  const time = (name: 'from' | 'to' | 'receivedFrom' | 'receivedTo'): string | null => {
    const text = given[name];
    const read = text === null ? null : readTime(text);
    if (text !== null && read === null)
      problems[name] = `Expected a time in UTC such as 2026-11-22T14:00, got “${text.slice(0, 40)}”.`;
    return read;
  };
  const filters: RecordFilters = {
    ...given,
    from: time('from'),
    to: time('to'),
    receivedFrom: time('receivedFrom'),
    receivedTo: time('receivedTo'),
  };
  // Ends of edges that are no workloads are named `ip:` and the address; records hold the plain address.
  const meant = { ...filters, workload: filters.workload?.replace(/^ip:/u, '') ?? null };
  const search = RecordQuery.safeParse(Object.fromEntries(Object.entries(meant).filter(([, value]) => value !== null)));
  if (!search.success)
    return { filters, search: null, problems: { ...problemsOfInput(search.error, filterFields), ...problems } };
  return { filters, search: Object.keys(problems).length > 0 ? null : search.data, problems };
}

function earlierFormViews({ earlier, searched }: RecordForms): EarlierFormView[] {
  return earlier.map(({ part, form, supersededAt, supersededIndex, digest }) => {
    const now = searched[part];
    const names = Object.keys(form) as (keyof SearchedForm)[]; // parsed by the schema that has these keys
    return {
      part,
      format: form.format ?? 'no format',
      parserVersion: form.parserVersion ?? 0,
      supersededAt,
      supersededIndex,
      digest,
      differences: names.flatMap((field) => {
        const [was, is] = [valueText(form[field]), now === undefined ? null : valueText(now[field])];
        return field === 'parserVersion' || was === is ? [] : [{ field, was, is }];
      }),
    };
  });
}

function valueText(value: SearchedForm[keyof SearchedForm]): string | null {
  if (value === null) return null;
  return Array.isArray(value) ? value.join(', ') : String(value);
}

function rowOf(record: FoundRecord): RecordRow {
  return {
    index: record.index,
    kind: record.kind,
    source: record.source,
    eventTime:
      record.flags.some((flag) => flag === 'no_event_time' || flag === 'bad_event_time') || record.rejectReason !== null
        ? null
        : record.eventTime,
    receivedAt: record.receivedAt,
    verdict: record.verdict ?? 'none',
    summary: record.rejectDetail === null ? record.summary : `${record.summary}: ${record.rejectDetail}`,
    from: nameOf(record.sourceWorkload),
    to: nameOf(record.destinationWorkload),
    protocol: record.protocol,
    port: record.port,
    policies: record.policy?.split(', ') ?? [],
  };
}

/** A workload's key as it is, a plain address as edges name it. */
function nameOf(end: string | null): string | null {
  return end !== null && /^[\d.]+$|^[\da-f:.]*:[\da-f:.]*$/iu.test(end) ? `ip:${end}` : end;
}

function rawOf(entry: StoredEntry): RecordDetailView['raw'] {
  if (entry.payload === null) return { bytes: 0, encoding: 'utf8', text: '' };
  const payload = openPayload(entry.payload).raw;
  const encoding = isUtf8(payload) ? 'utf8' : 'base64';
  return { bytes: payload.length, encoding, text: payload.toString(encoding) };
}
