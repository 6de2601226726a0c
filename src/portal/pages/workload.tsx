import type { JSX } from 'preact';
import type { ExplainedPath } from '../../figures/paths-list.js';
import type { SelectingPolicy } from '../../figures/workload-reach.js';
import { Facts } from '../components/facts.js';
import { Time, countOf, countText } from '../components/figures.js';
import { Name, Workload } from '../components/identifier.js';
import { Labels } from '../components/labels.js';
import { EmptyState, Panel } from '../components/panel.js';
import { plainWord } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import type { WorkloadPageView } from '../figure-views.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import { GovernedMark, hopsText } from './figure-workloads.js';
import { SideText, UsedMark, portsText } from './open-paths.js';
import { edgeColumns } from './segment.js';

export function WorkloadPage(view: WorkloadPageView): JSX.Element {
  const { shell, key, name, namespace, reach, edges, edgesTotal } = view;
  return (
    <Layout
      shell={shell}
      title={namespace === null ? name : `${namespace}/${name}`}
      lead="What this workload is, which policies guard it, whom it may reach and who may reach it."
      crumbs={
        reach?.segment == null
          ? [{ href: paths.segments, word: 'Segments' }]
          : [
              { href: paths.segments, word: 'Segments' },
              { href: paths.segment(reach.segment), word: reach.segment },
            ]
      }
      actions={
        <>
          {reach !== null && (
            <a class="button" href={paths.incident({ workload: key })}>
              If it were taken
            </a>
          )}
          <a class="button" href={paths.records({ workload: key })}>
            Its records
          </a>
        </>
      }
    >
      <Facts
        columns={2}
        facts={[
          { term: 'Key', is: <code>{key}</code> },
          {
            term: 'Segment',
            is: reach?.segment == null ? 'none' : <a href={paths.segment(reach.segment)}>{reach.segment}</a>,
          },
          { term: 'Criticality', is: reach?.criticality == null ? '–' : plainWord(reach.criticality) },
          {
            term: 'Labels',
            is: Object.keys(view.labels).length === 0 ? 'none were seen' : <Labels labels={view.labels} />,
          },
          { term: 'First seen', is: <Time at={view.firstSeen} precision="minute" /> },
          { term: 'Last seen', is: <Time at={view.lastSeen} precision="minute" /> },
          { term: 'Governed', is: reach === null ? null : <GovernedMark reach={reach} /> },
          {
            term: 'Reaches',
            is:
              reach === null ? (
                'not known: it lies in no namespace, so policies cannot select it'
              ) : (
                <a href={paths.incident({ workload: key })}>
                  {countText(reach.direct)} directly, {countText(reach.transitive)} in any number of hops
                </a>
              ),
          },
          { term: 'To a critical workload', is: reach === null ? null : hopsText(reach.hopsToCritical) },
        ]}
      />
      {reach !== null && <Policies policies={view.policies} />}
      {reach !== null && (
        <>
          <Reach view={view} way="outgoing" />
          <Reach view={view} way="incoming" />
        </>
      )}
      <Panel
        id="edges"
        title="Observed edges"
        note={`${edges.length === edgesTotal ? countOf(edgesTotal, 'edge') : `${countText(edges.length)} busiest of ${countOf(edgesTotal, 'edge')}`}: flows summed up by the two ends, protocol, port and verdict.`}
      >
        <Table
          id="edge-table"
          caption="Observed edges"
          captionHidden
          sortable={edges.length === edgesTotal}
          rows={edges}
          columns={edgeColumns(view.edgesSince).filter(({ head }) => head !== 'First')}
          empty={
            <EmptyState title="No flow was seen">No record of the window shows traffic of this workload.</EmptyState>
          }
        />
      </Panel>
    </Layout>
  );
}

function Policies({ policies }: { readonly policies: readonly SelectingPolicy[] }): JSX.Element {
  const sides = ({ ingress, egress }: SelectingPolicy) =>
    [ingress ? 'ingress' : '', egress ? 'egress' : ''].filter((side) => side !== '').join(' and ');
  return (
    <Panel id="policies" title="Policies that select it">
      <Table
        id="policy-table"
        caption="Policies that select it"
        captionHidden
        sortable
        rows={policies}
        empty={
          <EmptyState title="No policy selects it">
            It may send to and receive from whatever the other end allows.
          </EmptyState>
        }
        columns={[
          {
            head: 'Policy',
            names: true,
            cell: (policy) => (
              <a href={paths.policy(policy)}>
                <Name text={policy.namespace === null ? policy.name : `${policy.namespace}/${policy.name}`} />
              </a>
            ),
          },
          { head: 'Kind', cell: ({ kind }) => kind },
          { head: 'Governs', cell: sides },
          { head: 'In force', cell: ({ staged }) => (staged ? 'staged only' : 'yes') },
        ]}
      />
    </Panel>
  );
}

const words = {
  outgoing: { title: 'What it may reach', head: 'To', own: 'source', far: 'destination' },
  incoming: { title: 'Who may reach it', head: 'From', own: 'destination', far: 'source' },
} as const;

function Reach({ view, way }: { readonly view: WorkloadPageView; readonly way: keyof typeof words }): JSX.Element {
  const { rows, matching } = view[way];
  const { title, head, own, far } = words[way];
  const columns: readonly Column<ExplainedPath>[] = [
    { head, names: true, cell: (path) => <Workload id={path[far]} href={paths.workload(path[far])} /> },
    { head: 'Ports', tight: true, cell: ({ ports }) => portsText(ports) },
    { head: 'Use', tight: true, cell: ({ used }) => <UsedMark used={used} /> },
    {
      head: 'Flows',
      numeric: true,
      sortBy: ({ used }) => used?.flows ?? 0,
      cell: ({ used }) => (used === null ? '–' : <a href={paths.record(used.lastIndex)}>{countText(used.flows)}</a>),
    },
    { head: 'Egress allowed by', wide: true, cell: ({ egress }) => <SideText side={egress} /> },
    { head: 'Ingress allowed by', wide: true, cell: ({ ingress }) => <SideText side={ingress} /> },
  ];
  return (
    <Panel
      id={way}
      title={title}
      note={
        matching > rows.length
          ? `${countText(rows.length)} of ${countOf(matching, 'open path')}`
          : countOf(matching, 'open path')
      }
      actions={<a href={paths.openPaths({ [own]: view.key })}>As a list with filters</a>}
    >
      <Table
        id={`${way}-table`}
        caption={title}
        captionHidden
        sortable={matching === rows.length}
        rows={rows}
        columns={columns}
        empty={<EmptyState title="Nothing">No policy in force allows a connection this way.</EmptyState>}
      />
    </Panel>
  );
}
