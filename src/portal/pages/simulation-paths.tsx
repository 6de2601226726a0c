import type { JSX } from 'preact';
import type { StoredPath } from '../../simulations/simulation.js';
import { countOf, countText } from '../components/figures.js';
import { Pager } from '../components/filters.js';
import { Workload } from '../components/identifier.js';
import { EmptyState } from '../components/panel.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths as addresses } from '../paths.js';
import type { SimulationPathsView } from '../views.js';

const words = { opened: 'Opened', closed: 'Closed', changed: 'Changed ports' } as const;

export function SimulationPathsPage(view: SimulationPathsView): JSX.Element {
  const { shell, id, title, change, counts, paths, paging } = view;
  const summary = `${countText(paths.length)} of ${countOf(counts[change], 'path')}`;
  return (
    <Layout
      shell={shell}
      title="Paths opened and closed"
      lead="What the policies allow before and after, whether anybody talked there or not; with the workloads and labels of now."
      crumbs={[
        { href: addresses.simulations(), word: 'Simulations' },
        { href: addresses.simulation(id), word: title },
      ]}
    >
      <nav class="tabs" aria-label="Kinds of change">
        <ul>
          {(['opened', 'closed', 'changed'] as const).map((one) => (
            <li key={one}>
              <a
                href={addresses.simulationPaths(id, { change: one })}
                aria-current={one === change ? 'page' : undefined}
              >
                {words[one]} <span class="tab-count">{countText(counts[one])}</span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <Table
        id="paths"
        caption={summary}
        columns={columns}
        rows={paths}
        empty={<EmptyState title="None">The draft leaves no path of this kind.</EmptyState>}
      />
      <Pager path={addresses.simulationPaths(id)} query={{ change }} paging={paging} summary={summary} />
    </Layout>
  );
}

function End({ end }: { readonly end: StoredPath['source'] }): JSX.Element {
  if ('pod' in end) return <Workload id={end.pod} href={addresses.records({ workload: end.pod })} />;
  return <span>{end.first === end.last ? end.first : `${end.first} – ${end.last}`}</span>;
}

function portsText(ports: StoredPath['before']): string {
  if (ports.length === 0) return 'none';
  return ports
    .map(({ protocol, first, last }) => {
      if (first <= 1 && last === 65_535) return `all ${protocol}`;
      return first === last ? `${protocol} ${first}` : `${protocol} ${first}–${last}`;
    })
    .join(', ');
}

const columns: readonly Column<StoredPath>[] = [
  { head: 'From', names: true, cell: ({ source }) => <End end={source} /> },
  { head: 'To', wide: true, cell: ({ destination }) => <End end={destination} /> },
  { head: 'Before', cell: ({ before }) => portsText(before) },
  { head: 'After', cell: ({ after }) => portsText(after) },
];
