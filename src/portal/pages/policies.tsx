import type { JSX } from 'preact';
import { StewardshipFlag, stewardshipFlags } from '../../policies/register/stewardship.js';
import { Select, TextField } from '../components/fields.js';
import { Time, countOf, countText } from '../components/figures.js';
import { FilterForm, Pager, activeFilters } from '../components/filters.js';
import { Name } from '../components/identifier.js';
import { EmptyState } from '../components/panel.js';
import { flagMarks, FlagMarks, SaidText } from '../components/stewardship.js';
import { StatusMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { PoliciesView, PolicyRow } from '../views.js';

export function PoliciesPage({
  shell,
  filters,
  systems,
  namespaces,
  rows,
  matching,
  paging,
}: PoliciesView): JSX.Element {
  const summary = `${countText(rows.length)} of ${countOf(matching, 'policy', 'policies')}`;
  const active = activeFilters(
    { ...filters },
    {
      namespace: (value) => `namespace ${value}`,
      text: (value) => `name “${value}”`,
      system: (value) => `system ${value}`,
      needs: (value) => flagMarks[StewardshipFlag.parse(value)].word.toLowerCase(),
      authorised: (value) => (value === 'no' ? 'with unauthorised versions' : 'every version authorised'),
    },
  );
  return (
    <Layout
      shell={shell}
      title="Policies"
      lead="Segmentation policies as the audit records show them, who answers for each, and every version there was."
      actions={
        <>
          <a class="button button-plain" href={paths.policyTemplates}>
            Templates
          </a>
          <a class="button" href={paths.policyDraft}>
            Compare a draft
          </a>
        </>
      }
    >
      <FilterForm path={paths.policies()} active={active}>
        {systems.length > 1 && (
          <Select
            name="system"
            label="System"
            value={filters.system ?? ''}
            options={[{ value: '', word: 'any' }, ...systems.map((system) => ({ value: system, word: system }))]}
          />
        )}
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
        <Select
          name="needs"
          label="Needs somebody"
          value={filters.needs ?? ''}
          options={[
            { value: '', word: 'any' },
            ...stewardshipFlags.map((flag) => ({ value: flag, word: flagMarks[flag].word.toLowerCase() })),
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
    <>
      <a href={paths.policy(row)}>
        <Name text={row.namespace === null ? row.name : `${row.namespace}/${row.name}`} />
      </a>
      <span class="note block">
        {row.kind} ({row.system})
      </span>
    </>
  );
}

const columns: readonly Column<PolicyRow>[] = [
  { head: 'Policy', names: true, cell: (row) => <PolicyName row={row} /> },
  {
    head: 'Owner',
    cell: ({ owner, flags, rulesFlagged }) => (
      <>
        {owner !== null && <SaidText said={owner} />}
        <FlagMarks flags={flags.filter((flag) => flag !== 'no_reason')} />
        {rulesFlagged > 0 && <StatusMark tone="warn" word={`${countOf(rulesFlagged, 'rule')} overdue`} />}
      </>
    ),
  },
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
  {
    head: 'Last changed',
    cell: ({ changedAt, changedBy }) => (
      <>
        <Time at={changedAt} precision="minute" />
        <span class="note block">
          <Name text={changedBy} />
        </span>
      </>
    ),
  },
];
