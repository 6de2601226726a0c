import type { JSX } from 'preact';
import { QuarantineReason } from '../../ingestion/normal-form.js';
import { Select } from '../components/fields.js';
import { Time, bytesText, countOf, countText } from '../components/figures.js';
import { FilterForm, Pager, activeFilters } from '../components/filters.js';
import { Banner, EmptyState } from '../components/panel.js';
import { StatusMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { QuarantinedRow, QuarantineView } from '../views.js';

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

export function QuarantinePage({
  shell,
  filters,
  sources,
  rows,
  matching,
  paging,
  mayReprocess,
  reprocessed,
}: QuarantineView): JSX.Element {
  const summary = `${countText(rows.length)} of ${countOf(matching, 'record')} in quarantine`;
  const active = activeFilters({ ...filters }, { source: (value) => `source ${value}`, reason: reasonText });
  return (
    <Layout
      shell={shell}
      title="Quarantine"
      lead="What sources sent and could not be read. Nothing is dropped: the bytes are kept with the reason."
    >
      <FilterForm path={paths.quarantine()} active={active}>
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
        id="quarantine"
        caption={summary}
        columns={columns}
        rows={rows}
        rowId={({ id }) => `quarantined-${id}`}
        empty={
          active.length > 0 ? (
            <EmptyState title="No quarantined record matches">
              <a href={paths.quarantine()}>Show the whole quarantine</a>
            </EmptyState>
          ) : (
            <EmptyState title="The quarantine is empty">Every record the sources sent could be read.</EmptyState>
          )
        }
      />
      {mayReprocess && filters.source !== null && rows.length > 0 && (
        <form method="post" action={paths.reprocess} class="actions">
          <input type="hidden" name="source" value={filters.source} />
          <input type="hidden" name="reason" value={filters.reason ?? ''} />
          <button type="submit" class="button">
            Read these again, as {filters.source} is set now
          </button>
          <a class="button button-plain" href={paths.source(filters.source)}>
            Settings of {filters.source}
          </a>
        </form>
      )}
      {mayReprocess && filters.source === null && rows.length > 0 && (
        <p class="note">Choose a source to read its records again after its settings were changed.</p>
      )}
      {reprocessed !== null && (
        <Banner
          tone={reprocessed.read > 0 ? 'good' : 'quiet'}
          title={`${countOf(reprocessed.tried, 'record')} read again`}
        >
          <p>
            {countText(reprocessed.read)} could be read and are records now; {countText(reprocessed.remaining)} stay in
            quarantine.{reprocessed.more ? ' There are more: ask again.' : ''}
          </p>
        </Banner>
      )}
      <Pager path={paths.quarantine()} query={{ ...filters }} paging={paging} summary={summary} />
    </Layout>
  );
}

const columns: readonly Column<QuarantinedRow>[] = [
  {
    head: 'Received',
    names: true,
    tight: true,
    cell: ({ id, receivedAt }) => (
      <a href={paths.record(Number(id))}>
        <Time at={receivedAt} />
      </a>
    ),
  },
  { head: 'Source', tight: true, cell: ({ source }) => <a href={paths.records({ source })}>{source}</a> },
  { head: 'Reason', tight: true, cell: ({ reason }) => <StatusMark tone="warn" word={reasonWords[reason]} /> },
  { head: 'Detail', wide: true, cell: ({ detail }) => detail },
  { head: 'Bytes', numeric: true, cell: ({ bytes }) => bytesText(bytes) },
  { head: 'Beginning of the record', wide: true, cell: ({ excerpt }) => <code class="excerpt">{excerpt}</code> },
];
