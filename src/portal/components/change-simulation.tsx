import type { JSX } from 'preact';
import { edgeClasses } from '../../policies/replay/replay.js';
import { may } from '../may.js';
import { paths } from '../paths.js';
import type { ChangeDetailView, ChangeSimulationView } from '../views.js';
import { Time, countText } from './figures.js';
import { Banner, Panel } from './panel.js';
import { StatusMark, edgeClassMarks, simulationStateMarks } from './status-mark.js';

/** On a change: what simulating exactly its items showed, for those who propose it and those who review it. */
export function ChangeSimulation({
  view,
  simulation: { newest, stale },
}: {
  readonly view: ChangeDetailView;
  readonly simulation: ChangeSimulationView;
}): JSX.Element {
  return (
    <Panel
      id="simulation"
      title="Effect on recorded traffic"
      note="The newest simulation of exactly these policies."
      actions={
        may(view.shell, 'simulations.run') ? (
          <form method="post" action={paths.newSimulation}>
            <input type="hidden" name="change" value={view.id} />
            <button type="submit" class="button">
              {newest === null ? 'Simulate' : 'Simulate again'}
            </button>
          </form>
        ) : undefined
      }
    >
      {newest === null ? (
        <p class="note">Not simulated yet.</p>
      ) : (
        <>
          {stale && (
            <Banner tone="warn" title="Out of date">
              <p>Other policies are in force than when this was simulated. Simulate again before you rely on it.</p>
            </Banner>
          )}
          <p>
            <StatusMark {...simulationStateMarks[newest.state]} />{' '}
            <a href={paths.simulation(newest.id)}>
              {newest.from} to {newest.to}
            </a>{' '}
            <span class="note">
              asked for by {newest.requestedBy}, <Time at={newest.requestedAt} precision="minute" />
            </span>
          </p>
          {newest.result !== null && (
            <ul class="tiles">
              {edgeClasses.map((name) => (
                <li key={name} class="tile">
                  <StatusMark {...edgeClassMarks[name]} />
                  <a class="tile-figure" href={paths.simulationEdges(newest.id, { class: name })}>
                    {countText(newest.result?.classes[name]?.edges ?? 0)}
                  </a>
                  <span class="note">edges</span>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Panel>
  );
}
