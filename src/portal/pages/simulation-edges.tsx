import type { JSX } from 'preact';
import { edgeClasses, uncertainReasons } from '../../policies/replay/replay.js';
import { Select, TextField } from '../components/fields.js';
import { countOf, countText } from '../components/figures.js';
import { FilterForm, Pager, activeFilters } from '../components/filters.js';
import { Workload } from '../components/identifier.js';
import { EmptyState } from '../components/panel.js';
import { outsideWord, reasonWords } from '../components/simulation-words.js';
import { StatusMark, edgeClassMarks } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { SimulationEdgesView } from '../views.js';

type Edge = SimulationEdgesView['edges'][number];

export function SimulationEdgesPage(view: SimulationEdgesView): JSX.Element {
  const { shell, id, title, filters, segments, total, edges, paging } = view;
  const summary = `${countText(edges.length)} shown of ${countOf(total, 'edge')}`;
  const endWord = (value: string): string => (value === 'outside' ? outsideWord : value);
  const active = activeFilters(
    { ...filters, class: null },
    {
      reason: (value) => reasonWords[uncertainReasons.find((one) => one === value) ?? 'not_modelled'].word,
      workload: (value) => `workload ${endWord(value)}`,
      peer: (value) => `with ${endWord(value)}`,
      segment: (value) => `segment ${value}`,
    },
  );
  return (
    <Layout
      shell={shell}
      title={`Edges: ${edgeClassMarks[filters.class].word.toLowerCase()}`}
      marks={<StatusMark {...edgeClassMarks[filters.class]} />}
      lead="Recorded flows of a day between two ends, with what decides them before and after the draft."
      crumbs={[
        { href: paths.simulations(), word: 'Simulations' },
        { href: paths.simulation(id), word: title },
      ]}
    >
      <FilterForm path={paths.simulationEdges(id)} active={active}>
        <Select
          name="class"
          label="Class"
          value={filters.class}
          options={edgeClasses.map((name) => ({ value: name, word: edgeClassMarks[name].word }))}
        />
        {filters.class === 'uncertain' && (
          <Select
            name="reason"
            label="Reason"
            value={filters.reason ?? ''}
            options={[
              { value: '', word: 'any' },
              ...uncertainReasons.map((reason) => ({ value: reason, word: reasonWords[reason].word })),
            ]}
          />
        )}
        <Select
          name="segment"
          label="Segment"
          value={filters.segment ?? ''}
          options={[{ value: '', word: 'any' }, ...segments.map((name) => ({ value: name, word: name }))]}
        />
        <TextField
          name="workload"
          label="Workload at either end"
          value={filters.workload ?? ''}
          placeholder="k8s:shop/api"
        />
      </FilterForm>
      <Table
        id="edges"
        caption={summary}
        columns={columns}
        rows={edges}
        empty={
          <EmptyState title="No such edge">
            <a href={paths.simulationEdges(id, { class: filters.class })}>Show all of this class</a>
          </EmptyState>
        }
      />
      <Pager path={paths.simulationEdges(id)} query={{ ...filters }} paging={paging} summary={summary} />
    </Layout>
  );
}

function End({ id }: { readonly id: string }): JSX.Element {
  return id.startsWith('ip:') ? (
    <span>{id.slice(3)}</span>
  ) : (
    <Workload id={id} href={paths.records({ workload: id })} />
  );
}

/** What decides: of an edge that changed, only the sides that decide otherwise. */
function decidingText(verdict: NonNullable<Edge['before']>, other: Edge['before']): string {
  const sides = [verdict.egress, verdict.ingress];
  const changed = sides.filter(({ side, text }) => other === null || other[side].text !== text);
  return (changed.length === 0 ? sides : changed).map(({ side, text }) => `${side}: ${text}`).join('; ');
}

function Decision({
  verdict,
  other,
}: {
  readonly verdict: Edge['before'];
  readonly other: Edge['before'];
}): JSX.Element {
  if (verdict === null) return <span class="note">–</span>;
  return (
    <>
      <StatusMark
        tone={verdict.verdict === 'allow' ? 'good' : 'bad'}
        word={verdict.verdict === 'allow' ? 'Allowed' : 'Denied'}
      />
      <span class="note block">{decidingText(verdict, other)}</span>
    </>
  );
}

const columns: readonly Column<Edge>[] = [
  {
    head: 'Day',
    tight: true,
    cell: ({ day, direction }) => (
      <>
        {day}
        <span class="note block">seen at {direction}</span>
      </>
    ),
  },
  { head: 'From', names: true, cell: ({ source }) => <End id={source} /> },
  { head: 'To', wide: true, cell: ({ destination }) => <End id={destination} /> },
  {
    head: 'Port',
    numeric: true,
    cell: ({ protocol, port }) => (port === null ? protocol : `${protocol} ${port}`),
  },
  {
    head: 'Flows',
    numeric: true,
    cell: ({ flows, recordQuery }) => <a href={paths.records(recordQuery)}>{countText(flows)}</a>,
  },
  { head: 'Before', wide: true, cell: ({ before, after }) => <Decision verdict={before} other={after} /> },
  {
    head: 'After',
    wide: true,
    cell: ({ before, after, reason }) =>
      reason === null ? (
        <Decision verdict={after} other={before} />
      ) : (
        <>
          <StatusMark {...edgeClassMarks.uncertain} />
          <span class="note block">{reasonWords[reason].means}</span>
        </>
      ),
  },
];
