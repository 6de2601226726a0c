import type { ComponentChildren, JSX } from 'preact';
import type { SimulationResult, SimulationView } from '../../simulations/simulation.js';
import { paths } from '../paths.js';
import { Facts } from './facts.js';
import { Time, countOf, countText, durationText, percentText } from './figures.js';
import { Identifier } from './identifier.js';
import { EmptyState, Panel } from './panel.js';
import { StatusMark } from './status-mark.js';
import { Table } from './table.js';

/** What a simulation's result rests on: what was recorded at all, and the digests by which it can be checked. */

export function Coverage({ result: { coverage } }: { readonly result: SimulationResult }): JSX.Element {
  const gaps = coverage.sources.reduce((sum, source) => sum + source.gaps.length, 0);
  return (
    <Panel
      id="coverage"
      title="What the log does not cover"
      note="Flows that never reached the log are in no figure above. A time without flows longer than a source’s silence limit is a gap; times are those of the events."
    >
      <Facts
        columns={2}
        facts={[
          {
            term: 'Minutes covered',
            is: `${percentText(coverage.coveredMinutes, coverage.expectedMinutes)} of those expected of all sources`,
          },
          { term: 'Gaps', is: countOf(gaps, 'gap') },
          { term: 'Days with edges', is: `${coverage.daysWithEdges} of ${coverage.daysExpected}` },
          {
            term: 'Until',
            is: <Time at={coverage.to} precision="minute" />,
          },
        ]}
      />
      <Table
        id="coverage-sources"
        caption="Coverage by source"
        captionHidden
        rows={coverage.sources}
        empty={
          <EmptyState title="No source spoke">
            No record falls into the period. <a href={paths.sources}>Sources</a>
          </EmptyState>
        }
        columns={[
          { head: 'Source', names: true, cell: ({ source }) => <a href={paths.source(source)}>{source}</a> },
          {
            head: 'Silence limit',
            cell: ({ silenceAfterSeconds, limitAssumed }) =>
              `${durationText(silenceAfterSeconds)}${limitAssumed ? ', assumed' : ''}`,
          },
          {
            head: 'Covered',
            numeric: true,
            cell: ({ coveredMinutes, expectedMinutes }) => percentText(coveredMinutes, expectedMinutes),
          },
          {
            head: 'Minutes with flows',
            numeric: true,
            cell: ({ source, minutesWithRecords }) => (
              <a href={paths.records({ source, kind: 'flow', from: coverage.from, to: coverage.to })}>
                {countText(minutesWithRecords)}
              </a>
            ),
          },
          {
            head: 'Gaps',
            wide: true,
            cell: ({ gaps: list }) =>
              list.length === 0 ? (
                <StatusMark tone="good" word="None" />
              ) : (
                <details class="more">
                  <summary>{countOf(list.length, 'gap')}</summary>
                  <ul class="plain-list">
                    {list.slice(0, 100).map(({ from, to, minutes }) => (
                      <li>
                        <Time at={from} precision="minute" /> – <Time at={to} precision="minute" />{' '}
                        <span class="note">{durationText(minutes * 60)}</span>
                      </li>
                    ))}
                  </ul>
                  {list.length > 100 && <p class="note">and {countText(list.length - 100)} more</p>}
                </details>
              ),
          },
        ]}
      />
    </Panel>
  );
}

export function Digests({
  simulation,
  result,
}: {
  readonly simulation: SimulationView;
  readonly result: SimulationResult;
}): JSX.Element {
  const digest = (term: string, value: string | null): { term: string; is: ComponentChildren } => ({
    term,
    is: value === null ? null : <Identifier value={value} name={`digest of ${term.toLowerCase()}`} keep={16} />,
  });
  const { digests } = result;
  return (
    <Panel
      id="digests"
      title="How to check it"
      note="The same policies, labels and edges give the same result, byte for byte. The result’s digest is in the log."
    >
      <Facts
        columns={2}
        facts={[
          digest('Result', simulation.resultDigest),
          digest('Policies in force', digests.inForce),
          digest('Draft', digests.draft),
          digest('Workloads and labels', digests.workloads),
          digest('Edges', digests.edges),
          digest('Outcomes', digests.outcomes),
          { term: 'Engine', is: `version ${result.version}` },
          {
            term: 'Entries',
            is: (
              <>
                asked for <a href={paths.record(simulation.requestedIndex)}>{countText(simulation.requestedIndex)}</a>
                {simulation.finishedIndex !== null && (
                  <>
                    , finished{' '}
                    <a href={paths.record(simulation.finishedIndex)}>{countText(simulation.finishedIndex)}</a>
                  </>
                )}
              </>
            ),
          },
          {
            term: 'As data',
            is: (
              <>
                <a href={paths.simulationJson(simulation.id)}>result</a>,{' '}
                <a href={paths.simulationInputs(simulation.id)}>inputs</a>
              </>
            ),
          },
        ]}
      />
    </Panel>
  );
}
