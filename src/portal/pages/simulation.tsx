import type { JSX } from 'preact';
import { edgeClasses, type EdgeClass } from '../../policies/replay/replay.js';
import type { SimulationResult, SimulationView } from '../../simulations/simulation.js';
import { Facts } from '../components/facts.js';
import { Time, countOf, countText } from '../components/figures.js';
import { Banner, Panel } from '../components/panel.js';
import { PolicyText } from '../components/policy-text.js';
import { Coverage, Digests } from '../components/simulation-grounds.js';
import { ChangedPairs, PathsAndReach, Reasons, Segments } from '../components/simulation-parts.js';
import { StatusMark, edgeClassMarks, plainWord, simulationStateMarks } from '../components/status-mark.js';
import { Layout } from '../layout.js';
import { may } from '../may.js';
import { paths } from '../paths.js';
import type { SimulationDetailView } from '../views.js';

export function SimulationPage(view: SimulationDetailView): JSX.Element {
  const { shell, simulation, stale } = view;
  const { state, result } = simulation;
  return (
    <Layout
      shell={shell}
      title={simulation.title}
      marks={<StatusMark {...simulationStateMarks[state]} />}
      lead={`Recorded flows from ${simulation.from} to ${simulation.to}, with labels as of ${simulation.labels === 'now' ? 'now' : 'each flow’s time'}.`}
      crumbs={[{ href: paths.simulations(), word: 'Simulations' }]}
      actions={<Actions view={view} />}
    >
      {simulation.failure !== null && (
        <Banner tone="bad" title="The simulation failed">
          <p>{simulation.failure}</p>
        </Banner>
      )}
      {state === 'cancelled' && (
        <Banner tone="quiet" title="Cancelled">
          <p>It was stopped before it ended; nothing of it was kept.</p>
        </Banner>
      )}
      {stale && (
        <Banner tone="warn" title="Out of date">
          <p>Other policies are in force by now than when this was simulated.</p>
        </Banner>
      )}
      {(state === 'waiting' || state === 'running') && <Running view={view} />}
      {result !== null && <Result simulation={simulation} result={result} />}
      <Draft view={view} />
      {result !== null && <Digests simulation={simulation} result={result} />}
    </Layout>
  );
}

function Actions({ view: { shell, simulation, change } }: { readonly view: SimulationDetailView }): JSX.Element {
  const alike = new Set(simulation.items.map(({ action }) => action)).size === 1;
  return (
    <>
      {change !== null && (
        <a class="button" href={paths.change(change.id)}>
          Change {change.number}
        </a>
      )}
      {change === null && alike && may(shell, 'changes.propose') && (
        <a class="button button-main" href={paths.newChangeOf(simulation.id)}>
          Edit or propose the draft
        </a>
      )}
    </>
  );
}

function Running({ view: { shell, simulation } }: { readonly view: SimulationDetailView }): JSX.Element {
  const { id, edgesDone, edgesTotal } = simulation;
  return (
    <Panel id="running" title="Running">
      <div class="building" data-progress={paths.simulationProgress(id)} aria-live="polite">
        <label for="running-progress" data-progress-step>
          {edgesTotal === null
            ? 'Waiting for a worker'
            : `${countText(edgesDone)} of ${countOf(edgesTotal, 'edge')} judged`}
        </label>
        <progress
          id="running-progress"
          value={edgesTotal === null ? undefined : edgesDone}
          max={edgesTotal === null || edgesTotal === 0 ? 1 : edgesTotal}
        />
      </div>
      <div class="actions">
        {may(shell, 'simulations.run') && (
          <form method="post" action={paths.cancelSimulation(id)}>
            <button type="submit" class="button">
              Cancel
            </button>
          </form>
        )}
        <a href={paths.simulation(id)}>Look again</a>
      </div>
    </Panel>
  );
}

function Result({
  simulation,
  result,
}: {
  readonly simulation: SimulationView;
  readonly result: SimulationResult;
}): JSX.Element {
  const { id } = simulation;
  const unread = result.policies.problems.length + result.policies.contentUnknown.length;
  return (
    <>
      <ul class="tiles">
        {edgeClasses.map((name) => (
          <Tile id={id} name={name} result={result} />
        ))}
      </ul>
      <p class="note">
        {countOf(result.total.edges, 'edge')} of {countOf(result.total.flows, 'recorded flow')}, every one in exactly
        one of these classes. An edge is the flows of a day between two ends on one port with one verdict.
      </p>
      {unread > 0 && <Unread result={result} />}
      <ChangedPairs
        id={id}
        of="newly_blocked"
        title="Newly blocked"
        note="Traffic that runs today and that the draft would stop, with the workloads behind it."
        none="The draft blocks nothing that was recorded in this period."
        pairs={result.newlyBlocked}
      />
      <ChangedPairs
        id={id}
        of="newly_allowed"
        title="Newly allowed"
        note="Attempts in the records that the policies in force deny and the draft would let through."
        none="The draft lets nothing through that was recorded and is denied today."
        pairs={result.newlyAllowed}
      />
      <Reasons id={id} result={result} />
      <Coverage result={result} />
      <PathsAndReach id={id} result={result} />
      <Segments id={id} result={result} />
    </>
  );
}

function Tile({
  id,
  name,
  result,
}: {
  readonly id: string;
  readonly name: EdgeClass;
  readonly result: SimulationResult;
}): JSX.Element {
  const { edges, flows } = result.classes[name];
  return (
    <li class="tile">
      <StatusMark {...edgeClassMarks[name]} />
      <a class="tile-figure" href={paths.simulationEdges(id, { class: name })}>
        {countText(edges)}
      </a>
      <span class="note">
        {edges === 1 ? 'edge' : 'edges'}, {countOf(flows, 'flow')}
      </span>
    </li>
  );
}

function Unread({ result: { policies } }: { readonly result: SimulationResult }): JSX.Element {
  return (
    <Banner tone="warn" title="Not all policies could be taken into account">
      <ul>
        {policies.contentUnknown.map((policy) => (
          <li>{policy}: no record shows what it says.</li>
        ))}
        {policies.problems.slice(0, 20).map(({ object, path, message }) => (
          <li>
            {object}, {path}: {message}
          </li>
        ))}
      </ul>
      {policies.problems.length > 20 && <p>and {countText(policies.problems.length - 20)} more.</p>}
    </Banner>
  );
}

function Draft({ view: { simulation, before } }: { readonly view: SimulationDetailView }): JSX.Element {
  const { items, requestedAt, requestedBy } = simulation;
  return (
    <Panel
      id="draft"
      title="The draft"
      note={
        <>
          Asked for by {requestedBy}, <Time at={requestedAt} />
        </>
      }
    >
      {items.map((item, at) => {
        const name = `${item.kind} ${item.namespace === null ? '' : `${item.namespace}/`}${item.name}`;
        return (
          <div class="item">
            <Facts
              facts={[
                { term: 'Policy', is: <a href={paths.policy(item)}>{name}</a> },
                { term: 'Action', is: plainWord(item.action) },
              ]}
            />
            <PolicyText name={name} before={before[at] ?? null} after={item.object} />
          </div>
        );
      })}
    </Panel>
  );
}
