import type { JSX } from 'preact';
import { Facts } from '../components/facts.js';
import { Time, countOf, countText } from '../components/figures.js';
import { PolicyName, Workload } from '../components/identifier.js';
import { Labels } from '../components/labels.js';
import { CriteriaList, MoveForm } from '../components/phase.js';
import { EmptyState, Panel } from '../components/panel.js';
import { StatusMark, phaseMarks, plainWord, verdictMarks } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { EdgeRow, SegmentDetailView } from '../views.js';
import { DefaultDenyMark } from './segments.js';

export function SegmentPage(view: SegmentDetailView): JSX.Element {
  const { shell, segment, workloads, edges } = view;
  return (
    <Layout
      shell={shell}
      title={segment.name}
      marks={<StatusMark {...phaseMarks[segment.phase]} />}
      lead={`Owned by ${segment.owner}, ${countOf(segment.workloads, 'workload')} in namespace ${segment.namespace}`}
      crumbs={[{ href: paths.segments, word: 'Segments' }]}
      actions={
        <a class="button" href={paths.recommendation(segment.name)}>
          Recommend policies
        </a>
      }
    >
      <Facts
        columns={2}
        facts={[
          { term: 'Default deny', is: <DefaultDenyMark is={segment.defaultDeny} /> },
          {
            term: 'Brought about by',
            is:
              segment.defaultDeny.policies.length === 0 ? (
                'no policy'
              ) : (
                <ul class="plain-list">
                  {segment.defaultDeny.policies.map((policy) => (
                    <li>
                      <a href={paths.policy(policy)}>
                        {[policy.namespace, policy.name].filter((part) => part !== null).join('/')}
                      </a>
                    </li>
                  ))}
                </ul>
              ),
          },
          { term: 'Criticality', is: plainWord(segment.criticality) },
          {
            term: 'Members',
            is:
              Object.keys(view.matchLabels).length === 0 ? (
                'everything in the namespace'
              ) : (
                <Labels labels={view.matchLabels} />
              ),
          },
        ]}
      />
      <PhasePanel view={view} />
      <Panel id="workloads" title="Workloads">
        <Table
          id="workload-table"
          caption={`Workloads of ${segment.name}`}
          captionHidden
          sortable
          rows={workloads}
          empty={
            <EmptyState title="No workload was seen">No record shows a workload with these labels yet.</EmptyState>
          }
          columns={[
            {
              head: 'Workload',
              names: true,
              cell: ({ key, name }) => <a href={paths.workload(key)}>{name}</a>,
            },
            { head: 'Labels', wide: true, cell: ({ labels }) => <Labels labels={labels} /> },
            { head: 'Last seen', tight: true, cell: ({ lastSeen }) => <Time at={lastSeen} /> },
            {
              head: 'Flows',
              numeric: true,
              sortBy: ({ flows }) => flows,
              cell: ({ key, flows }) => <a href={paths.records({ workload: key, kind: 'flow' })}>{countText(flows)}</a>,
            },
          ]}
        />
      </Panel>
      <Panel id="edges" title="Edges" note={<EdgesNote view={view} />}>
        <Table
          id="edge-table"
          caption={`Edges of ${segment.name}`}
          captionHidden
          sortable={edges.length === view.edgesTotal}
          rows={edges}
          columns={edgeColumns(view.edgesSince)}
          empty={<EmptyState title="No flow was seen">No record shows traffic to or from this segment.</EmptyState>}
        />
      </Panel>
    </Layout>
  );
}

function PhasePanel({ view: { shell, phase, move } }: { readonly view: SegmentDetailView }): JSX.Element {
  const { name, next } = phase;
  const wanted = next ?? phase.phase;
  return (
    <Panel
      id="phase"
      title={next === null ? 'Phase' : `Phase: next is ${next}`}
      note={
        <>
          {countOf(phase.daysInPhase, 'day')} in {phase.phase}.{' '}
          <a href={paths.segmentPhase(name)}>All criteria and history</a>
        </>
      }
    >
      <div class="columns">
        <CriteriaList
          segment={name}
          criteria={phase.criteria.filter((criterion) => criterion.phase === wanted)}
          whole
        />
        <MoveForm shell={shell} phase={phase} values={move} problems={{}} />
      </div>
    </Panel>
  );
}

function EdgesNote({ view: { edges, edgesTotal, edgesSince } }: { readonly view: SegmentDetailView }): JSX.Element {
  const shown =
    edges.length === edgesTotal
      ? countOf(edgesTotal, 'edge')
      : `${countText(edges.length)} busiest of ${countOf(edgesTotal, 'edge')}`;
  return (
    <>
      {shown} since <Time at={edgesSince} precision="day" />: flows summed up by the two ends, protocol, port and
      verdict.
    </>
  );
}

/** Columns of edges since an instant, RFC 3339. */
export function edgeColumns(since: string): readonly Column<EdgeRow>[] {
  return [
    { head: 'From', names: true, cell: ({ from }) => <Workload id={from} href={paths.records({ workload: from })} /> },
    { head: 'To', wide: true, cell: ({ to }) => <Workload id={to} href={paths.records({ workload: to })} /> },
    {
      head: 'Port',
      numeric: true,
      sortBy: ({ port }) => port ?? -1,
      cell: ({ protocol, port }) => (port === null ? protocol : `${protocol} ${port}`),
    },
    { head: 'Verdict', tight: true, cell: ({ verdict }) => <StatusMark {...verdictMarks[verdict]} /> },
    {
      head: 'Flows',
      numeric: true,
      sortBy: ({ flows }) => flows,
      cell: ({ from, verdict, flows }) => (
        <a href={paths.records({ from: since, verdict, workload: from })}>{countText(flows)}</a>
      ),
    },
    { head: 'First', tight: true, cell: ({ firstTime }) => <Time at={firstTime} precision="day" /> },
    { head: 'Last', tight: true, cell: ({ lastTime }) => <Time at={lastTime} precision="minute" /> },
    {
      head: 'Allowed by',
      wide: true,
      cell: ({ policy }) => (policy === null ? <span class="note">–</span> : <PolicyName text={policy} />),
    },
  ];
}
