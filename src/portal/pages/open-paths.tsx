import type { JSX } from 'preact';
import type { ExplainedPath, PathSide } from '../../figures/paths-list.js';
import { noSegment } from '../../figures/paths-list.js';
import { Select, TextField } from '../components/fields.js';
import { Time, countOf, countText } from '../components/figures.js';
import { FilterForm, Pager, activeFilters } from '../components/filters.js';
import { PolicyName, Workload } from '../components/identifier.js';
import { EmptyState } from '../components/panel.js';
import { StatusMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import type { PathsPageView } from '../figure-views.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';

export const pageWords = { newer: 'Previous', older: 'Next' };

/** `TCP 443`, `UDP 1–65535` as `UDP, all ports`. */
export function portsText({ protocol, first, last }: ExplainedPath['ports']): string {
  if (first === 1 && last === 65535) return `${protocol}, all ports`;
  return first === last ? `${protocol} ${first}` : `${protocol} ${first}–${last}`;
}

/** Several ranges; `all ports` where nothing is left out. */
export function portListText(ranges: readonly ExplainedPath['ports'][]): string {
  const whole = ranges.length === 3 && ranges.every(({ first, last }) => first === 1 && last === 65535);
  return whole ? 'all ports' : ranges.map(portsText).join('; ');
}

const reasons: Readonly<Record<PathSide['reason'], string>> = {
  rules: '',
  isolated: 'isolated',
  no_policy_selects: 'no policy selects it',
  no_rule_matches: 'nothing isolates it',
  external: 'no workload',
  host_network: 'uses the network of its node',
  self: 'itself',
};

/** The policies behind one side of a path, or why there are none. */
export function SideText({ side }: { readonly side: PathSide }): JSX.Element {
  if (side.policies.length === 0) return <span class="note">{reasons[side.reason]}</span>;
  return (
    <>
      {side.policies.map((policy, place) => (
        <>
          {place > 0 && ', '}
          <PolicyName text={policy} />
        </>
      ))}
    </>
  );
}

export function UsedMark({ used }: { readonly used: ExplainedPath['used'] }): JSX.Element {
  return used === null ? <StatusMark tone="warn" word="Unused" /> : <StatusMark tone="good" word="Used" />;
}

const columns: readonly Column<ExplainedPath>[] = [
  { head: 'From', names: true, cell: ({ source }) => <Workload id={source} href={paths.workload(source)} /> },
  {
    head: 'To',
    wide: true,
    cell: ({ destination }) => <Workload id={destination} href={paths.workload(destination)} />,
  },
  { head: 'Ports', tight: true, cell: ({ ports }) => portsText(ports) },
  { head: 'Use', tight: true, cell: ({ used }) => <UsedMark used={used} /> },
  { head: 'Flows', numeric: true, cell: ({ used }) => (used === null ? '–' : countText(used.flows)) },
  {
    head: 'Last flow',
    tight: true,
    cell: ({ used }) =>
      used === null ? (
        '–'
      ) : (
        <a href={paths.record(used.lastIndex)}>
          <Time at={used.lastTime} precision="minute" />
        </a>
      ),
  },
  { head: 'Egress allowed by', wide: true, cell: ({ egress }) => <SideText side={egress} /> },
  { head: 'Ingress allowed by', wide: true, cell: ({ ingress }) => <SideText side={ingress} /> },
];

/** A segment as a filter names it. */
function segmentWord(value: string): string {
  return value === noSegment ? 'no segment' : value;
}

export function OpenPathsPage(view: PathsPageView): JSX.Element {
  const { shell, filters, segmentNames, rows, matching, paging } = view;
  const summary = `${countText(rows.length)} of ${countOf(matching, 'path')}`;
  const segments = [
    { value: '', word: 'any' },
    ...segmentNames.map((name) => ({ value: name, word: name })),
    { value: noSegment, word: 'no segment' },
  ];
  const active = activeFilters(
    { ...filters },
    {
      segment: (value) => `from or to ${segmentWord(value)}`,
      from: (value) => `from ${segmentWord(value)}`,
      to: (value) => `to ${segmentWord(value)}`,
      source: (value) => `source ${value}`,
      destination: (value) => `destination ${value}`,
      used: (value) => (value === 'yes' ? 'used' : 'unused'),
    },
  );
  return (
    <Layout
      shell={shell}
      title="Open paths"
      lead={
        <>
          Connections between workloads that policy allows, and whether a flow went over them since{' '}
          <Time at={view.from} precision="day" />. As of <Time at={view.asOf} precision="minute" />.
        </>
      }
      crumbs={[{ href: paths.figures(), word: 'Figures' }]}
    >
      <FilterForm path={paths.openPaths()} active={active}>
        <Select name="segment" label="Either end in" value={filters.segment ?? ''} options={segments} />
        <Select name="from" label="From segment" value={filters.from ?? ''} options={segments} />
        <Select name="to" label="To segment" value={filters.to ?? ''} options={segments} />
        <TextField name="source" label="Source" value={filters.source ?? ''} placeholder="k8s:payments/api" />
        <TextField name="destination" label="Destination" value={filters.destination ?? ''} />
        <Select
          name="used"
          label="Use"
          value={filters.used ?? ''}
          options={[
            { value: '', word: 'any' },
            { value: 'no', word: 'unused' },
            { value: 'yes', word: 'used' },
          ]}
        />
      </FilterForm>
      <Table
        id="open-paths"
        caption={summary}
        columns={columns}
        rows={rows}
        empty={
          <EmptyState title={active.length > 0 ? 'No path matches' : 'Nothing is open'}>
            {active.length > 0 ? (
              <a href={paths.openPaths()}>Show all open paths</a>
            ) : (
              'No policy in force allows a connection between two workloads, or no workload was seen yet.'
            )}
          </EmptyState>
        }
      />
      <Pager path={paths.openPaths()} query={{ ...filters }} paging={paging} summary={summary} words={pageWords} />
    </Layout>
  );
}
