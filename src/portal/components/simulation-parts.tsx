import type { ComponentChildren, JSX } from 'preact';
import { uncertainReasons } from '../../policies/replay/replay.js';
import type { SimulationResult } from '../../simulations/simulation.js';
import { paths } from '../paths.js';
import { Facts } from './facts.js';
import { countText } from './figures.js';
import { Workload } from './identifier.js';
import { Banner, EmptyState, Panel } from './panel.js';
import { outsideWord, reasonWords } from './simulation-words.js';
import { Table } from './table.js';

/** The parts of a simulation's result; every number leads to what it counts. */

type Pair = SimulationResult['newlyBlocked']['most'][number];

export function ChangedPairs({
  id,
  of,
  title,
  note,
  none,
  pairs,
}: {
  readonly id: string;
  readonly of: 'newly_blocked' | 'newly_allowed';
  readonly title: string;
  readonly note: string;
  readonly none: string;
  readonly pairs: SimulationResult['newlyBlocked'];
}): JSX.Element {
  const all = paths.simulationEdges(id, { class: of });
  const edges = ({ source, destination }: Pair): string =>
    paths.simulationEdges(id, { class: of, workload: source, peer: destination });
  return (
    <Panel id={of} title={title} note={note}>
      <Table
        id={`${of}-pairs`}
        caption={title}
        captionHidden
        sortable={pairs.most.length === pairs.pairs}
        rows={pairs.most}
        empty={<EmptyState title="Nothing">{none}</EmptyState>}
        columns={[
          { head: 'From', names: true, cell: ({ source }) => <End id={source} /> },
          { head: 'To', wide: true, cell: ({ destination }) => <End id={destination} /> },
          {
            head: 'Edges',
            numeric: true,
            sortBy: (pair) => pair.edges,
            cell: (pair) => <a href={edges(pair)}>{countText(pair.edges)}</a>,
          },
          {
            head: 'Flows',
            numeric: true,
            sortBy: (pair) => pair.flows,
            cell: (pair) => <a href={edges(pair)}>{countText(pair.flows)}</a>,
          },
        ]}
      />
      {pairs.most.length < pairs.pairs && (
        <p class="note">
          The {countText(pairs.most.length)} pairs with the most flows of {countText(pairs.pairs)}.{' '}
          <a href={all}>All edges</a>
        </p>
      )}
    </Panel>
  );
}

function End({ id }: { readonly id: string }): JSX.Element {
  return id === 'outside' ? <span>{outsideWord}</span> : <Workload id={id} href={paths.records({ workload: id })} />;
}

export function Reasons({ id, result }: { readonly id: string; readonly result: SimulationResult }): JSX.Element {
  const rows = uncertainReasons
    .map((reason) => ({ reason, ...(result.reasons[reason] ?? { edges: 0, flows: 0 }) }))
    .filter(({ edges }) => edges > 0);
  return (
    <Panel id="uncertain" title="Uncertain, and why" note="Nothing is guessed: these edges could go either way.">
      <Table
        id="reasons"
        caption="Uncertain edges by reason"
        captionHidden
        rows={rows}
        empty={<EmptyState title="Nothing">Every recorded edge could be judged.</EmptyState>}
        columns={[
          { head: 'Reason', names: true, cell: ({ reason }) => reasonWords[reason].word },
          { head: 'What it means', wide: true, cell: ({ reason }) => reasonWords[reason].means },
          {
            head: 'Edges',
            numeric: true,
            cell: ({ reason, edges }) => (
              <a href={paths.simulationEdges(id, { class: 'uncertain', reason })}>{countText(edges)}</a>
            ),
          },
          { head: 'Flows', numeric: true, cell: ({ flows }) => countText(flows) },
        ]}
      />
    </Panel>
  );
}

type Spread = NonNullable<SimulationResult['paths']>['before']['direct'];

function Change({ before, after }: { readonly before: number; readonly after: number }): JSX.Element {
  const text = (value: number): string => (Number.isInteger(value) ? countText(value) : value.toFixed(1));
  return before === after ? (
    <span>{text(before)}</span>
  ) : (
    <span>
      {text(before)} → <b>{text(after)}</b>
    </span>
  );
}

export function PathsAndReach({ id, result }: { readonly id: string; readonly result: SimulationResult }): JSX.Element {
  const { paths: found } = result;
  const link = (change: 'opened' | 'closed' | 'changed', count: number): JSX.Element => (
    <a href={paths.simulationPaths(id, { change })}>{countText(count)}</a>
  );
  return (
    <Panel
      id="paths"
      title="Paths opened and closed"
      note="What policies allow, used or not, between the workloads of now and with their labels of now."
    >
      {found === null ? (
        <Banner tone="quiet" title="Left out">
          <p>The estate has more workloads than a map of all paths is made for.</p>
        </Banner>
      ) : (
        <Facts
          columns={2}
          facts={[
            { term: 'Opened', is: link('opened', found.opened) },
            { term: 'Closed', is: link('closed', found.closed) },
            { term: 'Other ports', is: link('changed', found.changed) },
            ...reachFacts('Blast radius, direct', found.before.direct, found.after.direct),
            ...reachFacts('Blast radius, in any steps', found.before.transitive, found.after.transitive),
          ]}
        />
      )}
    </Panel>
  );
}

function reachFacts(term: string, before: Spread, after: Spread): { term: string; is: ComponentChildren }[] {
  return [
    {
      term,
      is: (
        <>
          mean <Change before={before.mean} after={after.mean} />, 95 % <Change before={before.p95} after={after.p95} />
          , most <Change before={before.max} after={after.max} />
        </>
      ),
    },
  ];
}

export function Segments({ id, result }: { readonly id: string; readonly result: SimulationResult }): JSX.Element {
  const weight = (segment: SimulationResult['segments'][number]): number =>
    (segment.classes.newly_blocked?.edges ?? 0) * 2 + (segment.reach?.touched === true ? 1 : 0);
  const rows = result.segments.toSorted((a, b) => weight(b) - weight(a) || (a.name < b.name ? -1 : 1));
  const count = (of: 'newly_blocked' | 'newly_allowed' | 'uncertain', head: string) => ({
    head,
    numeric: true,
    cell: ({ name, classes }: SimulationResult['segments'][number]) => (
      <a href={paths.simulationEdges(id, { class: of, segment: name })}>{countText(classes[of]?.edges ?? 0)}</a>
    ),
  });
  return (
    <Panel
      id="segments"
      title="Segments"
      note="Edges with an end in the segment, days with recorded edges, and how many workloads the farthest-reaching of its workloads gets to."
    >
      <Table
        id="segment-figures"
        caption="Figures by segment"
        captionHidden
        rows={rows}
        empty={<EmptyState title="No segment is defined">Figures by segment need segments.</EmptyState>}
        columns={[
          { head: 'Segment', names: true, cell: ({ name }) => <a href={paths.segment(name)}>{name}</a> },
          count('newly_blocked', 'Newly blocked'),
          count('newly_allowed', 'Newly allowed'),
          count('uncertain', 'Uncertain'),
          {
            head: 'Days covered',
            numeric: true,
            cell: ({ daysWithEdges, daysExpected }) => `${daysWithEdges} of ${daysExpected}`,
          },
          {
            head: 'Reach, direct',
            numeric: true,
            cell: ({ reach }) =>
              reach === null ? '–' : <Change before={reach.before.direct.max} after={reach.after.direct.max} />,
          },
          {
            head: 'Reach, any steps',
            numeric: true,
            cell: ({ reach }) =>
              reach === null ? '–' : <Change before={reach.before.transitive.max} after={reach.after.transitive.max} />,
          },
        ]}
      />
    </Panel>
  );
}
