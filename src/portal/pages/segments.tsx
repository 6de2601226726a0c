import type { JSX } from 'preact';
import type { DefaultDeny } from '../../policies/default-deny.js';
import { countText } from '../components/figures.js';
import { EmptyState, Panel } from '../components/panel.js';
import { StatusMark, phaseMarks, plainWord } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { SegmentRow, SegmentsView } from '../views.js';

export function SegmentsPage({ shell, rows, traffic }: SegmentsView): JSX.Element {
  return (
    <Layout shell={shell} title="Segments" lead="Application segments, how far each has come, and what talks to what.">
      <Table
        id="segments"
        caption={`${countText(rows.length)} segments; flows of the last 30 days`}
        columns={columns}
        rows={rows}
        sortable
        empty={
          <EmptyState title="No segments yet">
            Name the segments of your estate through the API. <a href={paths.apiReference}>API reference</a>
          </EmptyState>
        }
      />
      {traffic.length > 0 && <Traffic traffic={traffic} segments={rows.map(({ name }) => name)} />}
    </Layout>
  );
}

export function DefaultDenyMark({ is: { ingress, egress } }: { readonly is: DefaultDeny }): JSX.Element {
  if (ingress && egress) return <StatusMark tone="good" word="Both ways" />;
  if (ingress) return <StatusMark tone="warn" word="Ingress only" />;
  if (egress) return <StatusMark tone="warn" word="Egress only" />;
  return <StatusMark tone="bad" word="None" />;
}

const criticalityOrder: Readonly<Record<SegmentRow['criticality'], number>> = {
  critical: 0,
  high: 1,
  medium: 2,
  low: 3,
};
const phaseOrder: Readonly<Record<SegmentRow['phase'], number>> = {
  discovery: 0,
  modelling: 1,
  testing: 2,
  monitoring: 3,
  enforcing: 4,
};

const columns: readonly Column<SegmentRow>[] = [
  { head: 'Segment', names: true, cell: ({ name }) => <a href={paths.segment(name)}>{name}</a> },
  {
    head: 'Phase',
    tight: true,
    sortBy: ({ phase }) => phaseOrder[phase],
    cell: ({ phase }) => <StatusMark {...phaseMarks[phase]} />,
  },
  { head: 'Default deny', tight: true, cell: ({ defaultDeny }) => <DefaultDenyMark is={defaultDeny} /> },
  {
    head: 'Criticality',
    sortBy: ({ criticality }) => criticalityOrder[criticality],
    cell: ({ criticality }) => plainWord(criticality),
  },
  { head: 'Owner', cell: ({ owner }) => owner },
  { head: 'Namespace', cell: ({ namespace }) => namespace },
  {
    head: 'Workloads',
    numeric: true,
    sortBy: ({ workloads }) => workloads,
    cell: (row) => <a href={`${paths.segment(row.name)}#workloads`}>{countText(row.workloads)}</a>,
  },
  {
    head: 'Allowed',
    numeric: true,
    sortBy: ({ allowed }) => allowed,
    cell: (row) => <a href={`${paths.segment(row.name)}#edges`}>{countText(row.allowed)}</a>,
  },
  {
    head: 'Denied',
    numeric: true,
    sortBy: ({ denied }) => denied,
    cell: (row) => <a href={`${paths.segment(row.name)}#edges`}>{countText(row.denied)}</a>,
  },
];

type TrafficRow = SegmentsView['traffic'][number];

interface TrafficProps {
  readonly traffic: readonly TrafficRow[];
  readonly segments: readonly string[];
}

function Traffic({ traffic, segments }: TrafficProps): JSX.Element {
  const names = [...new Set([...segments, ...traffic.flatMap(({ from, to }) => [from, to])])];
  return (
    <Panel
      id="traffic"
      title="Which segments talk"
      note="Flows of the last 30 days, from the row to the column: allowed above, denied or would be denied below."
    >
      <div class="matrix-frame" tabIndex={0} role="region" aria-label="Which segments talk, scrolls sideways">
        <table class="matrix">
          <caption class="unseen">Flows between segments</caption>
          <thead>
            <tr>
              <td />
              {names.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {names.map((from) => (
              <tr key={from}>
                <th scope="row">{from}</th>
                {names.map((to) => (
                  <TrafficCell
                    key={to}
                    row={traffic.find((row) => row.from === from && row.to === to)}
                    segments={segments}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function TrafficCell({
  row,
  segments,
}: {
  readonly row: TrafficRow | undefined;
  readonly segments: readonly string[];
}): JSX.Element {
  if (row === undefined) return <td class="matrix-none">·</td>;
  const refused = row.denied + row.wouldDeny;
  const edges = `${paths.segment(segments.includes(row.from) ? row.from : row.to)}#edges`;
  return (
    <td>
      {row.allowed > 0 && (
        <a class="matrix-allowed" href={edges}>
          {countText(row.allowed)}
        </a>
      )}
      {refused > 0 && (
        <a class={row.denied > 0 ? 'matrix-denied' : 'matrix-would-deny'} href={edges}>
          {row.denied > 0 ? '✕' : '!'} {countText(refused)}
          <span class="unseen">{row.denied > 0 ? ' denied' : ' would be denied'}</span>
        </a>
      )}
    </td>
  );
}
