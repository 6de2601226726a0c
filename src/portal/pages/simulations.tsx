import type { JSX } from 'preact';
import type { EdgeClass } from '../../policies/replay/replay.js';
import type { SimulationSummary } from '../../simulations/simulation.js';
import { Time, countText } from '../components/figures.js';
import { Pager } from '../components/filters.js';
import { EmptyState } from '../components/panel.js';
import { StatusMark, edgeClassMarks, simulationStateMarks } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { may } from '../may.js';
import { paths } from '../paths.js';
import type { SimulationsView } from '../views.js';

export function SimulationsPage({ shell, rows, paging }: SimulationsView): JSX.Element {
  const mayPropose = may(shell, 'changes.propose');
  return (
    <Layout
      shell={shell}
      title="Simulations"
      lead="Drafts of policies held against recorded traffic: what they would have blocked or allowed, and what the records do not tell."
      actions={mayPropose ? <StartOne /> : undefined}
    >
      <Table
        id="simulations"
        caption="Simulations, newest first"
        captionHidden
        columns={columns}
        rows={rows}
        empty={
          <EmptyState title="No simulation yet">
            {mayPropose ? (
              <StartOne />
            ) : (
              <>
                A change is simulated from its page. <a href={paths.changes()}>Changes</a>
              </>
            )}
          </EmptyState>
        }
      />
      <Pager path={paths.simulations()} query={{}} paging={paging} summary={`${countText(rows.length)} on this page`} />
    </Layout>
  );
}

function StartOne(): JSX.Element {
  return (
    <a class="button button-main" href={paths.newChange}>
      Draft a policy
    </a>
  );
}

function figure(of: EdgeClass): Column<SimulationSummary> {
  return {
    head: edgeClassMarks[of].word,
    numeric: true,
    cell: ({ id, classes }) =>
      classes === null ? (
        <span class="note">–</span>
      ) : (
        <a href={paths.simulationEdges(id, { class: of })}>{countText(classes[of]?.edges ?? 0)}</a>
      ),
  };
}

const columns: readonly Column<SimulationSummary>[] = [
  { head: 'Simulation', names: true, cell: ({ id, title }) => <a href={paths.simulation(id)}>{title}</a> },
  { head: 'State', tight: true, cell: ({ state }) => <StatusMark {...simulationStateMarks[state]} /> },
  { head: 'Period', cell: ({ from, to }) => `${from} to ${to}` },
  figure('newly_blocked'),
  figure('newly_allowed'),
  figure('uncertain'),
  {
    head: 'Asked for',
    tight: true,
    cell: ({ requestedAt, requestedBy }) => (
      <>
        <Time at={requestedAt} precision="minute" />
        <span class="note block">{requestedBy}</span>
      </>
    ),
  },
];
