import type { JSX } from 'preact';
import type { FindingFiguresView } from '../../findings/finding-figures.js';
import { findingKinds, severities, type FindingView } from '../../findings/finding.js';
import { Select } from '../components/fields.js';
import { Age, countOf, countText, durationText, Time } from '../components/figures.js';
import { FilterForm, Pager, activeFilters } from '../components/filters.js';
import { EmptyState, Panel } from '../components/panel.js';
import { severityMarks, StatusMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { findingKindWords } from '../finding-words.js';
import type { FindingsView } from '../finding-views.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';

const stateWords = { open: 'Open', closed: 'Closed', all: 'Open and closed' } as const;

function kindWord(kind: string): string {
  return findingKinds.find((one) => one === kind) === undefined
    ? kind
    : findingKindWords[findingKinds.find((one) => one === kind) ?? 'gap'].word;
}

/** All that needs a person, or did. */
export function FindingsPage(view: FindingsView): JSX.Element {
  const { shell, filters, segments, rows, matching, counts, figures, paging } = view;
  const summary = `${countText(rows.length)} of ${countOf(matching, 'finding')}`;
  const query = { ...filters, state: filters.state === 'open' ? null : filters.state };
  const active = activeFilters(query, {
    state: (value) => (value === 'closed' ? 'closed' : 'open and closed'),
    kind: kindWord,
    severity: (value) => `severity ${value}`,
    segment: (value) => `segment ${value}`,
  });
  return (
    <Layout
      shell={shell}
      title="Findings"
      lead="What needs a person. Every finding opens and closes with its cause, each with an entry of the log."
      actions={
        <a class="button" href={paths.hygiene()}>
          Hygiene of policies
        </a>
      }
    >
      <Panel
        id="figures"
        title="How soon causes are found, and gone"
        note={`Findings opened or closed in the last ${figures.days} days. To detect: from the beginning of the cause to its finding. To remediate: from there to its end.`}
      >
        <Figures figures={figures} />
      </Panel>
      <FilterForm path={paths.findings()} active={active}>
        <Select
          name="state"
          label="State"
          value={filters.state}
          options={(['open', 'closed', 'all'] as const).map((value) => ({ value, word: stateWords[value] }))}
        />
        <Select
          name="kind"
          label="Kind"
          value={filters.kind ?? ''}
          options={[
            { value: '', word: 'any' },
            ...findingKinds.map((kind) => ({
              value: kind,
              word: `${findingKindWords[kind].word} (${countText(total(counts.filter((one) => one.kind === kind)))})`,
            })),
          ]}
        />
        <Select
          name="severity"
          label="Severity"
          value={filters.severity ?? ''}
          options={[
            { value: '', word: 'any' },
            ...severities.map((severity) => ({
              value: severity,
              word: `${severityMarks[severity].word} (${countText(total(counts.filter((one) => one.severity === severity)))})`,
            })),
          ]}
        />
        <Select
          name="segment"
          label="Segment"
          value={filters.segment ?? ''}
          options={[{ value: '', word: 'any' }, ...segments.map((name) => ({ value: name, word: name }))]}
        />
      </FilterForm>
      <Table
        id="findings"
        caption={summary}
        columns={columnsAt(shell.now)}
        rows={rows}
        rowId={({ id }) => `finding-${id}`}
        empty={
          active.length > 0 ? (
            <EmptyState title="No finding matches">
              <a href={paths.findings()}>Show all open findings</a>
            </EmptyState>
          ) : (
            <EmptyState title="No finding is open">
              Gaps, drift, violations, enforcement that was switched off and hygiene are looked for all the time.{' '}
              <a href={paths.findings({ state: 'closed' })}>Show those that are closed</a>
            </EmptyState>
          )
        }
      />
      <Pager path={paths.findings()} query={query} paging={paging} summary={summary} />
    </Layout>
  );
}

function total(counts: FindingsView['counts']): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

type KindFigures = FindingFiguresView['kinds'][number];

function Figures({ figures }: { readonly figures: FindingFiguresView }): JSX.Element {
  return (
    <Table
      id="figure-table"
      caption="Times to detect and to remediate by kind"
      captionHidden
      columns={figureColumns}
      rows={figures.kinds}
      empty={<EmptyState title="No finding yet">The first look is made within a minute of the start.</EmptyState>}
    />
  );
}

function spreadText(spread: KindFigures['secondsToDetect'], part: 'mean' | 'p95'): string {
  return spread === null ? '–' : durationText(spread[part]);
}

const figureColumns: readonly Column<KindFigures>[] = [
  {
    head: 'Kind',
    names: true,
    cell: ({ kind }) => <a href={paths.findings({ state: 'all', kind })}>{findingKindWords[kind].word}</a>,
  },
  { head: 'Open', numeric: true, cell: ({ kind, open }) => <a href={paths.findings({ kind })}>{countText(open)}</a> },
  { head: 'Opened', numeric: true, cell: ({ opened }) => countText(opened) },
  {
    head: 'Closed',
    numeric: true,
    cell: ({ kind, closed }) => <a href={paths.findings({ state: 'closed', kind })}>{countText(closed)}</a>,
  },
  { head: 'To detect, mean', numeric: true, cell: ({ secondsToDetect: of }) => spreadText(of, 'mean') },
  { head: 'To detect, p95', numeric: true, cell: ({ secondsToDetect: of }) => spreadText(of, 'p95') },
  { head: 'To remediate, mean', numeric: true, cell: ({ secondsToRemediate: of }) => spreadText(of, 'mean') },
  { head: 'To remediate, p95', numeric: true, cell: ({ secondsToRemediate: of }) => spreadText(of, 'p95') },
];

function columnsAt(now: string): readonly Column<FindingView>[] {
  return [
    { head: 'Severity', tight: true, cell: ({ severity }) => <StatusMark {...severityMarks[severity]} /> },
    {
      head: 'Finding',
      names: true,
      wide: true,
      cell: ({ id, title, detail }) => (
        <>
          <a href={paths.finding(id)}>{title}</a>
          <br />
          <span class="note">{detail}</span>
        </>
      ),
    },
    { head: 'Kind', tight: true, cell: ({ kind }) => findingKindWords[kind].word },
    {
      head: 'Segment',
      tight: true,
      cell: ({ segment }) =>
        segment === null ? <span class="note">–</span> : <a href={paths.segment(segment)}>{segment}</a>,
    },
    { head: 'Since', tight: true, cell: ({ occurredAt }) => <Time at={occurredAt} precision="minute" /> },
    { head: 'Found after', numeric: true, cell: ({ secondsToDetect }) => durationText(secondsToDetect) },
    {
      head: 'State',
      tight: true,
      cell: ({ openedAt, closedAt, secondsToRemediate }) =>
        closedAt === null ? (
          <>
            Open since <Age at={openedAt} now={now} />
          </>
        ) : (
          `Closed after ${durationText(secondsToRemediate ?? 0)}`
        ),
    },
  ];
}
