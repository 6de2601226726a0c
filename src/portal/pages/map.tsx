import type { JSX } from 'preact';
import type { SegmentPair } from '../../figures/model.js';
import { Select } from '../components/fields.js';
import { Time, countOf, countText } from '../components/figures.js';
import { FilterForm, activeFilters } from '../components/filters.js';
import { EmptyState, Panel } from '../components/panel.js';
import { SegmentGraph } from '../components/segment-graph.js';
import { MatrixLegend, SegmentMatrix, pathsOfPair } from '../components/segment-matrix.js';
import { Table } from '../components/table.js';
import type { MapPageView } from '../figure-views.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';

/** Rows of the table below the drawings; the API gives all. */
const mostPairs = 100;

export function MapPage(view: MapPageView): JSX.Element {
  const { shell, segments, segment, matrix } = view;
  const names = segments.map(({ name }) => name);
  return (
    <Layout
      shell={shell}
      title="Map of segments"
      lead={
        <>
          Which segments may talk, what of that is used since <Time at={view.from} precision="day" />, and what was
          denied. As of <Time at={view.asOf} precision="minute" />.
        </>
      }
    >
      {segments.length === 0 ? (
        <EmptyState title="No segments yet">
          Name the segments of your estate through the API. <a href={paths.apiReference}>API reference</a>
        </EmptyState>
      ) : (
        <>
          <FilterForm
            path={paths.map()}
            active={activeFilters({ segment }, { segment: (value) => `connections of ${value}` })}
          >
            <Select
              name="segment"
              label="Connections of"
              value={segment ?? ''}
              options={[{ value: '', word: 'all segments' }, ...names.map((name) => ({ value: name, word: name }))]}
            />
          </FilterForm>
          <Matrix view={view} />
          <Panel
            id="graph"
            title="Graph"
            note="Full lines: something open is used. Dashed: open, never used. Dotted: denied attempts alone. Squares are critical segments; a name shows its connections alone."
          >
            <div class="drawing" tabIndex={0} role="region" aria-label="Graph of segments, scrolls sideways">
              <SegmentGraph segments={segments} matrix={matrix} chosen={segment} />
            </div>
          </Panel>
          <Pairs matrix={matrix} segment={segment} />
        </>
      )}
    </Layout>
  );
}

function Matrix({ view }: { readonly view: MapPageView }): JSX.Element {
  const { segments, matrix, outside } = view;
  const withNone = outside > 0 || matrix.some(({ from, to }) => from === null || to === null);
  const rows: (string | null)[] = [...segments.map(({ name }) => name), ...(withNone ? [null] : [])];
  return (
    <Panel
      id="matrix"
      title="Matrix"
      note="From the row to the column. A field leads to its open paths."
      actions={<a href={paths.openPaths({ used: 'no' })}>All unused paths</a>}
    >
      <MatrixLegend />
      <div class="drawing" tabIndex={0} role="region" aria-label="Matrix of segments, scrolls sideways">
        <SegmentMatrix segments={rows} matrix={matrix} />
      </div>
    </Panel>
  );
}

function Pairs(props: { readonly matrix: readonly SegmentPair[]; readonly segment: string | null }): JSX.Element {
  const { matrix, segment } = props;
  const own = matrix.filter(({ from, to }) => segment === null || from === segment || to === segment);
  const shown = own.toSorted((a, b) => b.paths - b.used - (a.paths - a.used)).slice(0, mostPairs);
  return (
    <Panel
      id="pairs"
      title={segment === null ? 'Pairs of segments' : `Connections of ${segment}`}
      note={
        shown.length < own.length
          ? `The ${countText(shown.length)} with most unused paths of ${countOf(own.length, 'pair')}; GET /api/v1/figures gives all.`
          : 'Those with most unused paths first.'
      }
    >
      <Table
        id="pair-table"
        caption="Pairs of segments"
        captionHidden
        rows={shown}
        sortable={shown.length === own.length}
        empty={<EmptyState title="Nothing is open">No policy allows a connection here, and none was tried.</EmptyState>}
        columns={[
          { head: 'From', names: true, cell: ({ from }) => from ?? 'no segment' },
          { head: 'To', cell: ({ to }) => to ?? 'no segment' },
          {
            head: 'Open paths',
            numeric: true,
            sortBy: ({ paths: open }) => open,
            cell: (pair) => <a href={pathsOfPair(pair)}>{countText(pair.paths)}</a>,
          },
          { head: 'Used', numeric: true, sortBy: ({ used }) => used, cell: ({ used }) => countText(used) },
          {
            head: 'Unused',
            numeric: true,
            sortBy: ({ paths: open, used }) => open - used,
            cell: (pair) => <a href={`${pathsOfPair(pair)}&used=no`}>{countText(pair.paths - pair.used)}</a>,
          },
          {
            head: 'Flows allowed',
            numeric: true,
            sortBy: ({ allowedFlows }) => allowedFlows,
            cell: ({ allowedFlows }) => countText(allowedFlows),
          },
          {
            head: 'Flows denied',
            numeric: true,
            sortBy: ({ deniedFlows }) => deniedFlows,
            cell: ({ deniedFlows }) => countText(deniedFlows),
          },
        ]}
      />
    </Panel>
  );
}
