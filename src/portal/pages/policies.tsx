import type { JSX } from 'preact';
import { Select, TextField } from '../components/fields.js';
import { Time, countOf, countText } from '../components/figures.js';
import { FilterForm, Pager, activeFilters } from '../components/filters.js';
import { Name } from '../components/identifier.js';
import { EmptyState } from '../components/panel.js';
import { StatusMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { PoliciesView, PolicyRow } from '../views.js';

export function PoliciesPage({ shell, filters, namespaces, rows, matching, paging }: PoliciesView): JSX.Element {
  const summary = `${countText(rows.length)} of ${countOf(matching, 'policy', 'policies')}`;
  const active = activeFilters(
    { ...filters },
    {
      namespace: (value) => `namespace ${value}`,
      text: (value) => `name “${value}”`,
      authorised: (value) => (value === 'no' ? 'with unauthorised versions' : 'every version authorised'),
    },
  );
  return (
    <Layout
      shell={shell}
      title="Policies"
      lead="Segmentation policies as the audit records show them, with every version there was."
    >
      <FilterForm path={paths.policies()} active={active}>
        <Select
          name="namespace"
          label="Namespace"
          value={filters.namespace ?? ''}
          options={[
            { value: '', word: 'any' },
            ...namespaces.map((namespace) => ({ value: namespace, word: namespace })),
          ]}
        />
        <TextField name="text" label="Name contains" value={filters.text ?? ''} />
        <Select
          name="authorised"
          label="Versions"
          value={filters.authorised ?? ''}
          options={[
            { value: '', word: 'any' },
            { value: 'no', word: 'some unauthorised' },
            { value: 'yes', word: 'all authorised' },
          ]}
        />
      </FilterForm>
      <Table
        id="policies"
        caption={summary}
        columns={columns}
        rows={rows}
        empty={
          active.length > 0 ? (
            <EmptyState title="No policy matches">
              <a href={paths.policies()}>Show all policies</a>
            </EmptyState>
          ) : (
            <EmptyState title="No policies yet">
              They appear as soon as a source sends audit records of policy objects. <a href={paths.sources}>Sources</a>
            </EmptyState>
          )
        }
      />
      <Pager path={paths.policies()} query={{ ...filters }} paging={paging} summary={summary} />
    </Layout>
  );
}

function PolicyName({ row }: { readonly row: PolicyRow }): JSX.Element {
  return (
    <a href={paths.policy(row)}>
      <Name text={row.namespace === null ? row.name : `${row.namespace}/${row.name}`} />
    </a>
  );
}

const columns: readonly Column<PolicyRow>[] = [
  { head: 'Policy', names: true, cell: (row) => <PolicyName row={row} /> },
  { head: 'Kind', cell: ({ kind }) => kind },
  {
    head: 'Now',
    tight: true,
    cell: ({ inForce }) => <StatusMark tone={inForce ? 'good' : 'quiet'} word={inForce ? 'In force' : 'Deleted'} />,
  },
  { head: 'Versions', numeric: true, cell: (row) => <a href={paths.policy(row)}>{countText(row.versions)}</a> },
  {
    head: 'Changes',
    tight: true,
    cell: ({ unauthorisedVersions }) =>
      unauthorisedVersions === 0 ? (
        <StatusMark tone="good" word="All authorised" />
      ) : (
        <StatusMark tone="bad" word={`${unauthorisedVersions} unauthorised`} />
      ),
  },
  { head: 'Last changed', tight: true, cell: ({ changedAt }) => <Time at={changedAt} precision="minute" /> },
  { head: 'By', cell: ({ changedBy }) => <Name text={changedBy} /> },
];
