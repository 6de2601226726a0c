import type { JSX } from 'preact';
import { verdicts } from '../../ingestion/normal-form.js';
import { Select, TextField, TimeField, type Option } from '../components/fields.js';
import { Time, countOf, countText, timeText } from '../components/figures.js';
import { FilterForm, Pager, activeFilters } from '../components/filters.js';
import { PolicyName, Workload } from '../components/identifier.js';
import { EmptyState } from '../components/panel.js';
import { StatusMark, plainWord, verdictMarks } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { ExportFormat } from '../../inventory/record-export.js';
import type { RecordFilters, RecordRow, RecordsView } from '../views.js';

export function RecordsPage(view: RecordsView): JSX.Element {
  const { shell, filters, rows, matching, paging } = view;
  const filtered = Object.values(filters).some((value) => value !== null);
  return (
    <Layout shell={shell} title="Records" lead="Everything the sources sent, newest event first.">
      <RecordFilterForm view={view} />
      <Table
        id="records"
        caption={caption(rows.length, matching)}
        columns={columns}
        rows={rows}
        empty={
          filtered ? (
            <EmptyState title="No record matches">
              Take a filter away, or widen the time. <a href={paths.records()}>Show all records</a>
            </EmptyState>
          ) : (
            <EmptyState title="No records yet">
              Point a source at this service: <a href={paths.apiReference}>how to send records</a>
            </EmptyState>
          )
        }
      />
      <ExportLinks filters={filters} />
      <Pager path={paths.records()} query={{ ...filters }} paging={paging} summary={caption(rows.length, matching)} />
    </Layout>
  );
}

const exportFormats = [
  ['ndjson', 'NDJSON'],
  ['csv', 'CSV'],
  ['ocsf', 'OCSF 1.8'],
  ['cef', 'CEF'],
  ['raw', 'original bytes'],
] as const satisfies readonly (readonly [ExportFormat, string])[];

/** All that the filters match, not this page alone. */
function ExportLinks({ filters }: { readonly filters: RecordFilters }): JSX.Element {
  return (
    <p class="note">
      Export all that matches:{' '}
      {exportFormats.map(([format, word], place) => (
        <>
          {place > 0 && ' · '}
          <a key={format} href={paths.exportRecords({ ...filters, format })} download>
            {word}
          </a>
        </>
      ))}
      . Each export is an entry of the log.
    </p>
  );
}

function caption(shown: number, matching: number | null): string {
  return matching === null
    ? `${countOf(shown, 'record')} on this page`
    : `${countText(shown)} of ${countOf(matching, 'record')}`;
}

function anyOr(values: readonly string[], word: (value: string) => string): readonly Option[] {
  return [{ value: '', word: 'any' }, ...values.map((value) => ({ value, word: word(value) }))];
}

function RecordFilterForm({
  view: { filters, problems, kinds, sources },
}: {
  readonly view: RecordsView;
}): JSX.Element {
  const active = activeFilters({ ...filters }, {
    from: (value) => `from ${timeText(value, 'minute')}`,
    to: (value) => `before ${timeText(value, 'minute')}`,
    receivedFrom: (value) => `received from ${timeText(value, 'minute')}`,
    receivedTo: (value) => `received before ${timeText(value, 'minute')}`,
    kind: (value) => plainWord(value),
    source: (value) => `source ${value}`,
    verdict: (value) => `verdict ${value.replaceAll('_', ' ')}`,
    workload: (value) => `workload ${value}`,
    actor: (value) => `actor ${value}`,
    policy: (value) => `policy ${value}`,
    conflicting: () => 'same id, other bytes',
    text: (value) => `text “${value}”`,
  } satisfies Record<keyof RecordFilters, (value: string) => string>);
  return (
    <FilterForm path={paths.records()} active={active}>
      <TimeField name="from" label="From" value={filters.from ?? ''} problems={problems} />
      <TimeField name="to" label="Before" value={filters.to ?? ''} problems={problems} />
      <TimeField name="receivedFrom" label="Received from" value={filters.receivedFrom ?? ''} problems={problems} />
      <TimeField name="receivedTo" label="Received before" value={filters.receivedTo ?? ''} problems={problems} />
      <Select name="kind" label="Kind" value={filters.kind ?? ''} options={anyOr(kinds, plainWord)} />
      <Select name="source" label="Source" value={filters.source ?? ''} options={anyOr(sources, (source) => source)} />
      <Select
        name="verdict"
        label="Verdict"
        value={filters.verdict ?? ''}
        options={anyOr(verdicts, (verdict) => verdict.replaceAll('_', ' '))}
      />
      <TextField name="workload" label="Workload" value={filters.workload ?? ''} problems={problems} />
      <TextField name="actor" label="Actor" value={filters.actor ?? ''} problems={problems} />
      <TextField name="policy" label="Policy" value={filters.policy ?? ''} problems={problems} />
      <Select
        name="conflicting"
        label="Id"
        value={filters.conflicting ?? ''}
        options={[
          { value: '', word: 'any' },
          { value: 'yes', word: 'had by an earlier record' },
        ]}
      />
      <TextField name="text" label="Text" value={filters.text ?? ''} problems={problems} />
    </FilterForm>
  );
}

const columns: readonly Column<RecordRow>[] = [
  {
    head: 'Index',
    numeric: true,
    names: true,
    cell: ({ index }) => <a href={paths.record(index)}>{countText(index)}</a>,
  },
  {
    head: 'Event time',
    tight: true,
    cell: ({ eventTime }) =>
      eventTime === null ? <span class="note">none given</span> : <Time at={eventTime} precision="millisecond" />,
  },
  { head: 'Received', tight: true, cell: (row) => <Received row={row} /> },
  { head: 'Source', tight: true, cell: ({ source }) => source },
  {
    head: 'Verdict',
    tight: true,
    cell: ({ verdict }) =>
      verdict === 'none' ? <span class="note">–</span> : <StatusMark {...verdictMarks[verdict]} />,
  },
  { head: 'What happened', wide: true, cell: (row) => <WhatHappened row={row} /> },
  { head: 'Policy', wide: true, cell: (row) => <Policies row={row} /> },
];

/** The clock, under the day unless the record arrived on the day it happened. */
function Received({ row: { eventTime, receivedAt } }: { readonly row: RecordRow }): JSX.Element {
  const sameDay = eventTime !== null && eventTime.slice(0, 10) === receivedAt.slice(0, 10);
  return (
    <time class="time" dateTime={receivedAt} title={receivedAt}>
      {!sameDay && <span class="block">{timeText(receivedAt, 'day')}</span>}
      {timeText(receivedAt).slice(11)}
    </time>
  );
}

function WhatHappened({ row }: { readonly row: RecordRow }): JSX.Element {
  if (row.from === null || row.to === null) {
    return (
      <>
        <span class="kind">{plainWord(row.kind)}</span> {row.summary}
      </>
    );
  }
  const protocol = [row.protocol, row.port].filter((value) => value !== null).join(' ');
  return (
    <span class="flow">
      <Workload id={row.from} /> <span class="arrow">to</span> <Workload id={row.to} />{' '}
      <span class="note tight">{protocol}</span>
    </span>
  );
}

function Policies({ row: { policies } }: { readonly row: RecordRow }): JSX.Element {
  if (policies.length === 0) return <span class="note">–</span>;
  return (
    <ul class="plain-list">
      {policies.map((policy) => (
        <li key={policy}>
          <PolicyName text={policy} />
        </li>
      ))}
    </ul>
  );
}
