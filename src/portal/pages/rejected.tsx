import type { JSX } from 'preact';
import { QuarantineReason } from '../../ingestion/normal-form.js';
import { Select } from '../components/fields.js';
import { Time, bytesText, countOf, countText } from '../components/figures.js';
import { FilterForm, Pager, activeFilters } from '../components/filters.js';
import { EmptyState } from '../components/panel.js';
import { StatusMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { RejectedRow, RejectedView } from '../views.js';

const reasonWords: Readonly<Record<QuarantineReason, string>> = {
  empty: 'Empty',
  too_large: 'Too large',
  not_utf8: 'Not UTF-8',
  invalid_json: 'Invalid JSON',
  not_an_object: 'Not an object',
  unknown_format: 'Unknown format',
  missing_field: 'Missing field',
  invalid_field: 'Invalid field',
};

function reasonText(value: string): string {
  const reason = QuarantineReason.safeParse(value);
  return reason.success ? reasonWords[reason.data] : value;
}

export function RejectedPage({ shell, filters, sources, rows, matching, paging }: RejectedView): JSX.Element {
  const summary = `${countText(rows.length)} of ${countOf(matching, 'rejected record')}`;
  const active = activeFilters({ ...filters }, { source: (value) => `source ${value}`, reason: reasonText });
  return (
    <Layout
      shell={shell}
      title="Rejected records"
      lead="What sources sent and could not be read. Nothing is dropped: the bytes are kept with the reason."
    >
      <FilterForm path={paths.rejected()} active={active}>
        <Select
          name="source"
          label="Source"
          value={filters.source ?? ''}
          options={[{ value: '', word: 'any' }, ...sources.map((source) => ({ value: source, word: source }))]}
        />
        <Select
          name="reason"
          label="Reason"
          value={filters.reason ?? ''}
          options={[
            { value: '', word: 'any' },
            ...QuarantineReason.options.map((reason) => ({ value: reason, word: reasonWords[reason] })),
          ]}
        />
      </FilterForm>
      <Table
        id="rejected"
        caption={summary}
        columns={columns}
        rows={rows}
        rowId={({ id }) => `rejected-${id}`}
        empty={
          active.length > 0 ? (
            <EmptyState title="No rejected record matches">
              <a href={paths.rejected()}>Show all rejected records</a>
            </EmptyState>
          ) : (
            <EmptyState title="Nothing was rejected">Every record the sources sent could be read.</EmptyState>
          )
        }
      />
      <Pager path={paths.rejected()} query={{ ...filters }} paging={paging} summary={summary} />
    </Layout>
  );
}

const columns: readonly Column<RejectedRow>[] = [
  { head: 'Received', names: true, tight: true, cell: ({ receivedAt }) => <Time at={receivedAt} /> },
  { head: 'Source', tight: true, cell: ({ source }) => <a href={paths.records({ source })}>{source}</a> },
  { head: 'Reason', tight: true, cell: ({ reason }) => <StatusMark tone="warn" word={reasonWords[reason]} /> },
  { head: 'Detail', wide: true, cell: ({ detail }) => detail },
  { head: 'Bytes', numeric: true, cell: ({ bytes }) => bytesText(bytes) },
  { head: 'Beginning of the record', wide: true, cell: ({ excerpt }) => <code class="excerpt">{excerpt}</code> },
];
