import type { JSX } from 'preact';
import { hygieneChecks, serviceChecks } from '../../drift/hygiene-checks.js';
import { Select } from '../components/fields.js';
import { countOf, countText } from '../components/figures.js';
import { FilterForm, Pager, activeFilters } from '../components/filters.js';
import { EmptyState, Panel } from '../components/panel.js';
import { severityMarks, StatusMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import type { HygieneRow, HygieneView } from '../finding-views.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';

function wordsOf(check: string) {
  const known = serviceChecks.find((one) => one === check);
  return known === undefined ? null : hygieneChecks[known];
}

/** What is untidy in the policies in force, by check. */
export function HygienePage(view: HygieneView): JSX.Element {
  const { shell, filters, namespaces, segments, checks, rows, matching, paging } = view;
  const summary = `${countText(rows.length)} of ${countOf(matching, 'finding')}`;
  const active = activeFilters(
    { ...filters },
    {
      check: (value) => wordsOf(value)?.word ?? value,
      namespace: (value) => `namespace ${value}`,
      segment: (value) => `segment ${value}`,
    },
  );
  return (
    <Layout
      shell={shell}
      title="Hygiene"
      lead="Policies and rules in force that have no effect, allow more than they look, are unused, or have nobody who looks after them."
      crumbs={[{ href: paths.findings(), word: 'Findings' }]}
    >
      <FilterForm path={paths.hygiene()} active={active}>
        <Select
          name="check"
          label="Check"
          value={filters.check ?? ''}
          options={[
            { value: '', word: 'any' },
            ...serviceChecks.map((check) => ({
              value: check,
              word: `${hygieneChecks[check].word} (${countText(checks.get(check) ?? 0)})`,
            })),
          ]}
        />
        <Select
          name="namespace"
          label="Namespace"
          value={filters.namespace ?? ''}
          options={[{ value: '', word: 'any' }, ...namespaces.map((name) => ({ value: name, word: name }))]}
        />
        <Select
          name="segment"
          label="Segment"
          value={filters.segment ?? ''}
          options={[{ value: '', word: 'any' }, ...segments.map((name) => ({ value: name, word: name }))]}
        />
      </FilterForm>
      {rows.length === 0 ? (
        <EmptyState title={active.length > 0 ? 'Nothing matches' : 'Nothing is untidy'}>
          {active.length > 0 ? (
            <a href={paths.hygiene()}>Show all checks</a>
          ) : (
            'Every check was made on the policies in force, and none has anything to say.'
          )}
        </EmptyState>
      ) : (
        groupsOf(rows).map(([check, group]) => (
          <Panel
            key={check}
            id={`check-${check}`}
            title={wordsOf(check)?.word ?? check}
            note={`${wordsOf(check)?.explanation ?? ''} ${wordsOf(check)?.toDo ?? ''}`}
          >
            <Table
              id={`rows-${check}`}
              caption={`${wordsOf(check)?.word ?? check}: ${countOf(group.length, 'finding')} on this page`}
              columns={columns}
              rows={group}
              rowId={({ id }) => `finding-${id}`}
              sortable
              empty={null}
            />
          </Panel>
        ))
      )}
      <Pager path={paths.hygiene()} query={{ ...filters }} paging={paging} summary={summary} />
    </Layout>
  );
}

/** In the order of the checks; a check this version does not know comes last. */
function groupsOf(rows: readonly HygieneRow[]): [string, HygieneRow[]][] {
  const groups = new Map<string, HygieneRow[]>(serviceChecks.map((check) => [check, []]));
  for (const row of rows) groups.set(row.check, [...(groups.get(row.check) ?? []), row]);
  return [...groups].filter(([, group]) => group.length > 0);
}

const columns: readonly Column<HygieneRow>[] = [
  {
    head: 'Finding',
    names: true,
    cell: ({ id, policies, title }) => (
      <a href={paths.finding(id)}>
        {policies.length === 0
          ? title
          : policies.map(({ namespace, name }) => (namespace === null ? name : `${namespace}/${name}`)).join(', ')}
      </a>
    ),
  },
  { head: 'Explanation', wide: true, cell: ({ detail }) => detail },
  { head: 'Places', numeric: true, cell: ({ places }) => countText(places) },
  {
    head: 'Policy',
    wide: true,
    cell: ({ policies }) =>
      policies.length === 0 ? (
        <span class="note">–</span>
      ) : (
        policies.slice(0, 3).map((policy, at) => (
          <>
            {at > 0 && ', '}
            <a href={paths.policy(policy)}>{policy.kind}</a>
          </>
        ))
      ),
  },
  {
    head: 'Segment',
    tight: true,
    cell: ({ segment }) =>
      segment === null ? <span class="note">–</span> : <a href={paths.segment(segment)}>{segment}</a>,
  },
  { head: 'Severity', tight: true, cell: ({ severity }) => <StatusMark {...severityMarks[severity]} /> },
];
