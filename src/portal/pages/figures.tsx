import type { JSX } from 'preact';
import { ShareBar } from '../components/chart.js';
import { Select } from '../components/fields.js';
import { Time, countOf, countText, durationText, percentText } from '../components/figures.js';
import { FilterForm, activeFilters } from '../components/filters.js';
import { Identifier } from '../components/identifier.js';
import { EmptyState, Panel } from '../components/panel.js';
import { plainWord } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { TrendLine } from '../components/trend.js';
import type { FigureCard, FiguresPageView, SegmentFigureRow } from '../figure-views.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';

/** A share with one digit after the point, or two where it is all but whole: never rounded up to the whole. */
export function shareText(share: number | null): string {
  if (share === null) return '–';
  return share > 0.99 && share < 1
    ? `${(Math.floor(share * 10_000) / 100).toFixed(2)}%`
    : `${(share * 100).toFixed(1)}%`;
}

export function meanText(value: number): string {
  return Number.isInteger(value) ? countText(value) : value.toFixed(1);
}

export function FiguresPage(view: FiguresPageView): JSX.Element {
  const { shell, segment, segmentNames, cards, from, asOf } = view;
  return (
    <Layout
      shell={shell}
      title={segment === null ? 'Figures' : `Figures of ${segment}`}
      lead={
        <>
          How far segmentation has come, from the policies in force and the flows since{' '}
          <Time at={from} precision="day" />, as of <Time at={asOf} precision="minute" />.
        </>
      }
      crumbs={segment === null ? [] : [{ href: paths.figures(), word: 'Figures' }]}
      actions={
        <>
          <a class="button" href={paths.figuresExport}>
            Download what they follow from
          </a>
        </>
      }
    >
      <FilterForm
        path={paths.figures()}
        active={activeFilters({ segment }, { segment: (value) => `segment ${value}` })}
      >
        <Select
          name="segment"
          label="Segment"
          value={segment ?? ''}
          options={[
            { value: '', word: 'the whole estate' },
            ...segmentNames.map((name) => ({ value: name, word: name })),
          ]}
        />
      </FilterForm>
      <ul class="figure-cards">
        {cards.map((card) => (
          <Card key={card.id} card={card} />
        ))}
      </ul>
      <Findings view={view} />
      {segment === null && <BySegment rows={view.segments} />}
      <History cards={cards} />
      <p class="note">
        Computed from policies and workloads <Identifier value={view.estateDigest} name="digest of the estate" /> and
        what happened <Identifier value={view.windowDigest} name="digest of the window" />; the export has the same
        digests, and every figure follows from it.
      </p>
    </Layout>
  );
}

function trendText(card: FigureCard, value: number): string {
  if (card.trendUnit === 'percent') return shareText(value);
  return card.trendUnit === 'duration' ? durationText(value) : meanText(value);
}

function Card({ card }: { readonly card: FigureCard }): JSX.Element {
  const { coverage } = card;
  return (
    <li class="figure-card" id={card.id}>
      <h2>{card.title}</h2>
      <p class="figure-value">{card.href === null ? card.value : <a href={card.href}>{card.value}</a>}</p>
      <p class="note">{card.definition}</p>
      {card.beside.length > 0 && (
        <ul class="figure-beside">
          {card.beside.map(({ text, href }) => (
            <li key={text}>{href === null ? text : <a href={href}>{text}</a>}</li>
          ))}
        </ul>
      )}
      <Trend card={card} />
      <div class="figure-coverage">
        <ShareBar
          parts={[
            { tone: 'good', count: coverage.known },
            { tone: 'none', count: coverage.whole - coverage.known },
          ]}
        />
        <p class="note">
          Coverage {coverage.whole === 0 ? '–' : percentText(coverage.known, coverage.whole)}:{' '}
          {countText(coverage.known)} of {countText(coverage.whole)} {coverage.of}
        </p>
      </div>
    </li>
  );
}

function Trend({ card }: { readonly card: FigureCard }): JSX.Element {
  const known = card.trend.filter(({ value }) => value !== null);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || known.length < 2)
    return <p class="note figure-trend">No trend yet: figures are kept once a day.</p>;
  const [before, now] = [first.value ?? 0, last.value ?? 0];
  const change = now === before ? 'unchanged' : now < before === (card.better === 'lower') ? 'better' : 'worse';
  return (
    <div class="figure-trend">
      <TrendLine points={card.trend} />
      <p class="note">
        {first.day}: {trendText(card, before)}, {last.day}: {trendText(card, now)} – {change}
      </p>
    </div>
  );
}

function Findings({ view: { findings, segment } }: { readonly view: FiguresPageView }): JSX.Element {
  const duration = (seconds: number | null) => (seconds === null ? '–' : durationText(seconds));
  return (
    <Panel
      id="findings"
      title="Findings by kind"
      note="Detected and remediated in the window; means over those. Time to detect runs from the beginning of the cause to its finding, time to remediate from there to its end."
    >
      <Table
        id="finding-figures"
        caption={segment === null ? 'Findings by kind' : `Findings of ${segment} by kind`}
        captionHidden
        rows={findings}
        sortable
        empty={null}
        columns={[
          { head: 'Kind', names: true, cell: ({ kind }) => plainWord(kind) },
          { head: 'Detected', numeric: true, cell: ({ detected }) => countText(detected) },
          { head: 'Remediated', numeric: true, cell: ({ remediated }) => countText(remediated) },
          { head: 'Open', numeric: true, cell: ({ open }) => countText(open) },
          { head: 'Reopened', numeric: true, cell: ({ reopened }) => countText(reopened) },
          {
            head: 'Mean time to detect',
            numeric: true,
            sortBy: ({ meanSecondsToDetect }) => meanSecondsToDetect ?? -1,
            cell: ({ meanSecondsToDetect }) => duration(meanSecondsToDetect),
          },
          {
            head: 'Mean time to remediate',
            numeric: true,
            sortBy: ({ meanSecondsToRemediate }) => meanSecondsToRemediate ?? -1,
            cell: ({ meanSecondsToRemediate }) => duration(meanSecondsToRemediate),
          },
          {
            head: 'Oldest open',
            numeric: true,
            sortBy: ({ oldestOpenSeconds }) => oldestOpenSeconds ?? -1,
            cell: ({ oldestOpenSeconds }) => duration(oldestOpenSeconds),
          },
        ]}
      />
    </Panel>
  );
}

const segmentColumns: readonly Column<SegmentFigureRow>[] = [
  { head: 'Segment', names: true, cell: ({ name }) => <a href={paths.figures({ segment: name })}>{name}</a> },
  {
    head: 'Open paths',
    numeric: true,
    sortBy: ({ figures }) => figures.openPaths.paths,
    cell: ({ name, figures }) => <a href={paths.openPaths({ segment: name })}>{countText(figures.openPaths.paths)}</a>,
  },
  {
    head: 'Unused',
    numeric: true,
    sortBy: ({ figures }) => figures.openPaths.unused,
    cell: ({ name, figures }) => (
      <a href={paths.openPaths({ segment: name, used: 'no' })}>{countText(figures.openPaths.unused)}</a>
    ),
  },
  {
    head: 'Segmented',
    numeric: true,
    sortBy: ({ figures }) => figures.segmentedness.value ?? -1,
    cell: ({ figures }) => shareText(figures.segmentedness.value),
  },
  {
    head: 'Reach, p95',
    numeric: true,
    sortBy: ({ figures }) => figures.blastRadius.direct.p95,
    cell: ({ name, figures }) => (
      <a href={paths.figureWorkloads({ segment: name })}>{countText(figures.blastRadius.direct.p95)}</a>
    ),
  },
  {
    head: 'Exposing',
    numeric: true,
    sortBy: ({ figures }) => figures.crownJewels.within1,
    cell: ({ name, figures }) => (
      <a href={paths.figureWorkloads({ segment: name, exposed: '1' })}>{countText(figures.crownJewels.within1)}</a>
    ),
  },
  {
    head: 'Governed',
    numeric: true,
    sortBy: ({ figures }) => figures.coverage.both / Math.max(1, figures.coverage.of),
    cell: ({ figures }) => percentText(figures.coverage.both, figures.coverage.of),
  },
  {
    head: 'Violations',
    numeric: true,
    sortBy: ({ figures }) => figures.violations.open,
    cell: ({ figures }) => countText(figures.violations.open),
  },
  {
    head: 'Unauthorised',
    numeric: true,
    sortBy: ({ figures }) => figures.unauthorisedChanges.rate ?? -1,
    cell: ({ figures }) => shareText(figures.unauthorisedChanges.rate),
  },
];

function BySegment({ rows }: { readonly rows: readonly SegmentFigureRow[] }): JSX.Element {
  return (
    <Panel
      id="segments"
      title="By segment"
      note="A path between two segments counts for both. Reach: workloads that one of the segment may connect to. Exposing: workloads, not critical themselves, that may connect to a critical one. Governed: for ingress and egress. Violations: those open."
    >
      <Table
        id="segment-figures"
        caption="Figures by segment"
        captionHidden
        rows={rows}
        columns={segmentColumns}
        sortable
        empty={
          <EmptyState title="No segments yet">
            Name the segments of your estate through the API. <a href={paths.apiReference}>API reference</a>
          </EmptyState>
        }
      />
    </Panel>
  );
}

function History({ cards }: { readonly cards: readonly FigureCard[] }): JSX.Element | null {
  const days = [...new Set(cards.flatMap(({ trend }) => trend.map(({ day }) => day)))].sort().reverse();
  if (days.length === 0) return null;
  const values = new Map(cards.map(({ id, trend }) => [id, new Map(trend.map(({ day, value }) => [day, value]))]));
  return (
    <details class="more">
      <summary>{countOf(days.length, 'day')} of these figures as a table</summary>
      <Table
        id="figure-days"
        caption="Figures by day"
        captionHidden
        rows={days.map((day) => ({ day }))}
        empty={null}
        columns={[
          { head: 'Day', names: true, tight: true, cell: ({ day }) => day },
          ...cards.map((card) => ({
            head: card.short,
            numeric: true,
            cell: ({ day }: { readonly day: string }) => {
              const value = values.get(card.id)?.get(day) ?? null;
              return value === null ? '–' : trendText(card, value);
            },
          })),
        ]}
      />
    </details>
  );
}
