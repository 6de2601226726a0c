import type { JSX } from 'preact';
import type { WorkloadReach } from '../../figures/workload-reach.js';
import { Select } from '../components/fields.js';
import { countOf, countText } from '../components/figures.js';
import { FilterForm, Pager, activeFilters } from '../components/filters.js';
import { Workload } from '../components/identifier.js';
import { EmptyState } from '../components/panel.js';
import { StatusMark, plainWord } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import type { WorkloadsPageView } from '../figure-views.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import { pageWords } from './open-paths.js';

/** Which directions policies govern. */
export function GovernedMark({ reach }: { readonly reach: Pick<WorkloadReach, 'ingress' | 'egress'> }): JSX.Element {
  const { ingress, egress } = reach;
  if (ingress && egress) return <StatusMark tone="good" word="Both ways" />;
  if (ingress) return <StatusMark tone="warn" word="Ingress only" />;
  if (egress) return <StatusMark tone="warn" word="Egress only" />;
  return <StatusMark tone="bad" word="Not at all" />;
}

/** Distance to the nearest critical workload. */
export function hopsText(hops: number): string {
  if (hops === 0) return 'critical itself';
  return hops < 0 ? 'never' : countOf(hops, 'hop');
}

const columns: readonly Column<WorkloadReach>[] = [
  { head: 'Workload', names: true, cell: ({ workload }) => <Workload id={workload} href={paths.workload(workload)} /> },
  {
    head: 'Segment',
    cell: ({ segment }) => (segment === null ? 'none' : <a href={paths.segment(segment)}>{segment}</a>),
  },
  { head: 'Criticality', cell: ({ criticality }) => (criticality === null ? '–' : plainWord(criticality)) },
  { head: 'Governed', tight: true, cell: (reach) => <GovernedMark reach={reach} /> },
  {
    head: 'Direct',
    numeric: true,
    cell: ({ workload, direct }) => <a href={paths.openPaths({ source: workload })}>{countText(direct)}</a>,
  },
  {
    head: 'In all hops',
    numeric: true,
    cell: ({ workload, transitive }) => <a href={paths.incident({ workload })}>{countText(transitive)}</a>,
  },
  { head: 'Weight', numeric: true, cell: ({ weightedTransitive }) => countText(weightedTransitive) },
  { head: 'To critical', tight: true, cell: ({ hopsToCritical }) => hopsText(hopsToCritical) },
];

const exposedWords: Readonly<Record<string, string>> = {
  '1': 'in 1 hop',
  '2': 'in 2 hops',
  '3': 'in 3 hops',
  any: 'at all',
};

export function FigureWorkloadsPage(view: WorkloadsPageView): JSX.Element {
  const { shell, filters, segmentNames, rows, matching, workloads, paging } = view;
  const summary = `${countText(rows.length)} of ${countOf(matching, 'workload')}`;
  const active = activeFilters(
    { ...filters },
    {
      segment: (value) => `segment ${value}`,
      exposed: (value) => `reaches a critical workload ${exposedWords[value] ?? value}`,
      ungoverned: (value) => (value === 'any' ? 'not governed both ways' : `${value} not governed`),
    },
  );
  return (
    <Layout
      shell={shell}
      title="Blast radius"
      lead={`How far an intruder in each of ${countOf(workloads, 'workload')} would get over what policy allows; the widest reach first.`}
      crumbs={[{ href: paths.figures(), word: 'Figures' }]}
    >
      <FilterForm path={paths.figureWorkloads()} active={active}>
        <Select
          name="segment"
          label="Segment"
          value={filters.segment ?? ''}
          options={[{ value: '', word: 'any' }, ...segmentNames.map((name) => ({ value: name, word: name }))]}
        />
        <Select
          name="exposed"
          label="Reaches a critical workload"
          value={filters.exposed ?? ''}
          options={[
            { value: '', word: 'any' },
            ...Object.entries(exposedWords).map(([value, word]) => ({ value, word })),
          ]}
        />
        <Select
          name="ungoverned"
          label="No policy for"
          value={filters.ungoverned ?? ''}
          options={[
            { value: '', word: 'any' },
            { value: 'any', word: 'ingress or egress' },
            { value: 'ingress', word: 'ingress' },
            { value: 'egress', word: 'egress' },
          ]}
        />
      </FilterForm>
      <Table
        id="figure-workloads"
        caption={summary}
        columns={columns}
        rows={rows}
        empty={
          <EmptyState title={active.length > 0 ? 'No workload matches' : 'No workload was seen'}>
            {active.length > 0 ? (
              <a href={paths.figureWorkloads()}>Show all workloads</a>
            ) : (
              'Workloads appear as soon as a source sends records that name them.'
            )}
          </EmptyState>
        }
      />
      <Pager
        path={paths.figureWorkloads()}
        query={{ ...filters }}
        paging={paging}
        summary={summary}
        words={pageWords}
      />
    </Layout>
  );
}
