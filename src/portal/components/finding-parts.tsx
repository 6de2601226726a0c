import type { JSX } from 'preact';
import { paths } from '../paths.js';
import type {
  DriftFacts,
  DriftPolicy,
  EdgeFacts,
  FindingEdge,
  HygieneFacts,
  IsolationFacts,
} from '../read/finding-facts.js';
import { countOf, countText, Time } from './figures.js';
import { Name, Workload } from './identifier.js';
import { EmptyState, Panel } from './panel.js';
import { Table, type Column } from './table.js';

function policyTitle({ namespace, name }: { readonly namespace: string | null; readonly name: string }): string {
  return namespace === null ? name : `${namespace}/${name}`;
}

/** A workload where the key is one; what lies outside is an address range or a name. */
function End({ text }: { readonly text: string }): JSX.Element {
  return text.includes(':') && text.includes('/') ? <Workload id={text} /> : <Name text={text} />;
}

interface DriftProps {
  readonly facts: DriftFacts;
  /** Who wrote, by entry; nobody where the record is gone. */
  readonly authors: ReadonlyMap<number, string>;
}

/** Which policies, what opens and closes, and how far an intruder gets. */
export function DriftParts({ facts, authors }: DriftProps): JSX.Element {
  const { policies, policiesInAll, gained, lost, effectUnknown } = facts;
  return (
    <>
      <Panel id="policies" title="Policies" note={countOf(policiesInAll, 'policy', 'policies')}>
        <Table
          id="drift-policies"
          caption="Policies that are not as intended"
          captionHidden
          columns={driftColumns(authors)}
          rows={policies}
          empty={<EmptyState title="No policy is named">The finding was made by an earlier version.</EmptyState>}
        />
      </Panel>
      {gained === null || lost === null ? (
        <Panel id="paths" title="Paths">
          <p>What opens or closes cannot be told: {effectUnknown ?? 'the content is not recorded'}.</p>
        </Panel>
      ) : (
        <>
          <PathsPart id="gained" title="Paths gained" list={gained} none="Nothing is open that should not be." />
          <PathsPart id="lost" title="Paths lost" list={lost} none="Nothing is closed that should be open." />
        </>
      )}
      <BlastRadius facts={facts} />
    </>
  );
}

const driftColumns = (authors: ReadonlyMap<number, string>): readonly Column<DriftPolicy>[] => [
  {
    head: 'Policy',
    names: true,
    cell: (policy) => (
      <a href={paths.policy(policy)}>
        <Name text={policyTitle(policy)} />
      </a>
    ),
  },
  { head: 'Kind', tight: true, cell: ({ kind }) => kind },
  { head: 'Intended', wide: true, cell: ({ intended }) => intended },
  { head: 'Observed', wide: true, cell: ({ observed }) => observed },
  {
    head: 'Last written by',
    wide: true,
    cell: ({ entry }) => <Author index={entry} authors={authors} />,
  },
  { head: 'Since', tight: true, cell: ({ since }) => <Time at={since} precision="minute" /> },
];

function Author({
  index,
  authors,
}: {
  readonly index: number | null;
  readonly authors: ReadonlyMap<number, string>;
}): JSX.Element {
  if (index === null) return <span class="note">no record</span>;
  return (
    <>
      <Name text={authors.get(index) ?? 'not kept'} />, entry <a href={paths.record(index)}>{countText(index)}</a>
    </>
  );
}

type PathList = NonNullable<DriftFacts['gained']>;

interface PathsProps {
  readonly id: string;
  readonly title: string;
  readonly list: PathList;
  readonly none: string;
}

function PathsPart({ id, title, list, none }: PathsProps): JSX.Element {
  const { pairs, betweenWorkloads, listed } = list;
  const more = listed.length < pairs ? ` The first ${countText(listed.length)} are listed.` : '';
  return (
    <Panel
      id={id}
      title={title}
      note={
        pairs === 0
          ? undefined
          : `${countOf(pairs, 'pair')} of ends, ${countText(betweenWorkloads)} between workloads.${more}`
      }
    >
      <Table
        id={`${id}-paths`}
        caption={title}
        captionHidden
        sortable
        columns={pathColumns}
        rows={listed}
        empty={<EmptyState title="None">{none}</EmptyState>}
      />
    </Panel>
  );
}

const pathColumns: readonly Column<PathList['listed'][number]>[] = [
  { head: 'From', names: true, cell: ({ source }) => <End text={source} /> },
  { head: 'To', cell: ({ destination }) => <End text={destination} /> },
  { head: 'Ports', cell: ({ ports }) => ports },
];

interface ReachRow {
  readonly what: string;
  readonly before: number;
  readonly after: number;
  readonly isWorkload: boolean;
}

function BlastRadius({ facts }: { readonly facts: DriftFacts }): JSX.Element | null {
  const { blastRadius, workloads, workloadsTouched } = facts;
  if (blastRadius === null) return null;
  const { before, after } = blastRadius;
  const rows: readonly ReachRow[] = [
    { what: 'All workloads, mean', before: before.mean, after: after.mean, isWorkload: false },
    { what: 'All workloads, 95th percentile', before: before.p95, after: after.p95, isWorkload: false },
    { what: 'All workloads, most', before: before.max, after: after.max, isWorkload: false },
    ...workloads.map(({ workload, ...reach }) => ({ what: workload, ...reach, isWorkload: true })),
  ];
  const listed = workloads.length < (workloadsTouched ?? 0) ? `, of which ${workloads.length} are listed` : '';
  return (
    <Panel
      id="blast-radius"
      title="Blast radius"
      note={`How many workloads an intruder reaches from one, in any number of steps. ${countOf(workloadsTouched ?? 0, 'workload')} selected by these policies${listed}.`}
    >
      <Table
        id="reach"
        caption="Workloads reached, as intended and as observed"
        captionHidden
        columns={reachColumns}
        rows={rows}
        empty={<EmptyState title="No workload">None was seen yet.</EmptyState>}
      />
    </Panel>
  );
}

const reachColumns: readonly Column<ReachRow>[] = [
  { head: 'From', names: true, cell: ({ what, isWorkload }) => (isWorkload ? <Workload id={what} /> : what) },
  { head: 'As intended', numeric: true, cell: ({ before }) => countText(before) },
  { head: 'As observed', numeric: true, cell: ({ after }) => countText(after) },
  {
    head: 'Difference',
    numeric: true,
    cell: ({ before, after }) =>
      after === before ? '0' : `${after > before ? '+' : '−'}${countText(Math.abs(after - before))}`,
  },
];

/** Flows behind a violation, or those that were only reported. */
export function EdgesPart({ facts }: { readonly facts: EdgeFacts }): JSX.Element {
  const { edges, flows, flowsAtLeast = false, firstTime, lastTime, deniedBy } = facts;
  return (
    <Panel
      id="flows"
      title="Flows"
      note={
        <>
          {flowsAtLeast ? 'At least ' : ''}
          {countOf(flows, 'flow')}, from <Time at={firstTime} precision="minute" /> to{' '}
          <Time at={lastTime} precision="minute" />. The latest {countOf(edges.length, 'edge')} of a day{' '}
          {edges.length === 1 ? 'is' : 'are'} listed.
        </>
      }
    >
      {deniedBy.length > 0 && <p>Denied by {deniedBy.join(', ')}.</p>}
      <Table
        id="edges"
        caption="Edges"
        captionHidden
        columns={edgeColumns}
        rows={edges}
        empty={<EmptyState title="No edge is listed">The records are gone.</EmptyState>}
      />
    </Panel>
  );
}

const edgeColumns: readonly Column<FindingEdge>[] = [
  { head: 'From', names: true, cell: ({ source }) => <End text={source} /> },
  { head: 'To', cell: ({ destination }) => <End text={destination} /> },
  { head: 'Port', tight: true, cell: ({ protocol, port }) => (port === null ? protocol : `${protocol} ${port}`) },
  { head: 'Flows', numeric: true, cell: ({ flows }) => countText(flows) },
  { head: 'Last', tight: true, cell: ({ lastTime }) => <Time at={lastTime} /> },
  {
    head: 'First and last entry',
    cell: ({ firstIndex, lastIndex }) => (
      <>
        <a href={paths.record(firstIndex)}>{countText(firstIndex)}</a>
        {lastIndex !== firstIndex && (
          <>
            , <a href={paths.record(lastIndex)}>{countText(lastIndex)}</a>
          </>
        )}
      </>
    ),
  },
];

/** Workloads that nothing denies by default. */
export function IsolationPart({ facts }: { readonly facts: IsolationFacts }): JSX.Element {
  const sides = [
    { title: 'Open for ingress', list: facts.ingressOpen, inAll: facts.ingressOpenInAll },
    { title: 'Open for egress', list: facts.egressOpen, inAll: facts.egressOpenInAll },
  ];
  return (
    <Panel id="isolation" title="Not denied by default" note={`Of ${countOf(facts.workloads, 'workload')} seen.`}>
      {sides.map(({ title, list, inAll }) => (
        <>
          <h3>
            {title}: {countText(inAll)}
          </h3>
          <ul>
            {list.map((key) => (
              <li key={key}>
                <Workload id={key} />
              </li>
            ))}
          </ul>
        </>
      ))}
      {facts.openedBy.length > 0 && <p>Opened by {facts.openedBy.join(', ')}.</p>}
      {facts.staged.length > 0 && <p>Staged only: {facts.staged.join(', ')}.</p>}
    </Panel>
  );
}

/** Where a check speaks, and the policies it speaks of. */
export function HygienePart({ facts }: { readonly facts: HygieneFacts }): JSX.Element {
  const { policies, places, placesInAll } = facts;
  return (
    <Panel id="places" title="Where" note={countOf(placesInAll, 'place')}>
      {policies.length > 0 && (
        <p>
          {policies.map((policy, at) => (
            <>
              {at > 0 && ', '}
              <a href={paths.policy(policy)}>
                {policy.kind} {policyTitle(policy)}
              </a>
            </>
          ))}
        </p>
      )}
      <Table
        id="place-table"
        caption="Places"
        captionHidden
        columns={placeColumns}
        rows={places}
        empty={<EmptyState title="No place">It concerns the whole.</EmptyState>}
      />
    </Panel>
  );
}

const placeColumns: readonly Column<HygieneFacts['places'][number]>[] = [
  { head: 'Place', names: true, cell: ({ place }) => (place === '' ? 'the whole' : <code>{place}</code>) },
  { head: 'What', wide: true, cell: ({ message }) => message },
  { head: 'Beside', wide: true, cell: ({ others }) => (others.length === 0 ? '–' : others.join(', ')) },
];
