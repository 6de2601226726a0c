import type { JSX } from 'preact';
import type { Incident, ReachedWorkload, ReachSummary, Step } from '../../figures/incident.js';
import { ProblemSummary, Select, TextArea, TextField } from '../components/fields.js';
import { countOf, countText } from '../components/figures.js';
import { Workload } from '../components/identifier.js';
import { EmptyState, Panel } from '../components/panel.js';
import { ReachRings, changeOf } from '../components/rings.js';
import { StatusMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import type { IncidentPageView } from '../figure-views.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import { SideText, portListText } from './open-paths.js';

/** Rows on a page; the API gives all. */
const mostShown = 200;

export function IncidentPage(view: IncidentPageView): JSX.Element {
  const { shell, choices, values, problems, incident } = view;
  const field = { name: 'workload', label: 'Workload that is taken', required: true, problems };
  return (
    <Layout
      shell={shell}
      title="Simulated incident"
      lead="A workload is taken. Where can the intruder go from there, connection by connection, under the policies in force and with a draft?"
    >
      <ProblemSummary problems={problems} />
      <form method="post" action={paths.incident()} class="form">
        <div class="fields">
          {choices.length > 0 ? (
            <Select
              {...field}
              value={values.workload}
              options={[{ value: '', word: 'choose one' }, ...choices.map((key) => ({ value: key, word: key }))]}
            />
          ) : (
            <TextField {...field} value={values.workload} placeholder="k8s:payments/api" />
          )}
        </div>
        <TextArea
          name="draft"
          label="Draft"
          hint="Policies as YAML or JSON, laid over those in force: one of the same kind, namespace and name is replaced, others are added. Empty for none."
          value={values.draft}
          rows={values.draft === '' ? 4 : 12}
          code
          problems={problems}
        />
        <div class="actions">
          <button type="submit" class="button button-primary">
            Simulate
          </button>
        </div>
      </form>
      {incident === null ? (
        <EmptyState title="No workload chosen">Choose the workload that is taken, and simulate.</EmptyState>
      ) : (
        <Outcome incident={incident} />
      )}
    </Layout>
  );
}

function Outcome({ incident }: { readonly incident: Incident }): JSX.Element {
  const { before, after, reached } = incident;
  const shown = reached.slice(0, mostShown);
  return (
    <>
      <Panel
        id="outcome"
        title={`What ${incident.workload} reaches`}
        note="A ring is a hop, a dot a workload. Squares are critical. With a draft, hollow is what it closes, and what it opens stands out."
      >
        <div class="reach">
          <ReachRings incident={incident} />
          <Summaries before={before} after={after} workloads={incident.workloads} />
        </div>
      </Panel>
      <Panel
        id="hops"
        title="Hop by hop"
        note={
          shown.length < reached.length
            ? `The first ${countText(shown.length)} of ${countOf(reached.length, 'workload')}; POST /api/v1/incidents/simulate gives all.`
            : 'By the fewest hops; of several ways the first is named, with the policies that allow it.'
        }
      >
        <Table
          id="reached"
          caption={`Workloads that ${incident.workload} reaches`}
          captionHidden
          rows={shown}
          columns={columnsOf(after !== null)}
          sortable={shown.length === reached.length}
          empty={
            <EmptyState title="Nothing">
              No policy allows a connection from this workload to another: it is sealed off.
            </EmptyState>
          }
        />
      </Panel>
    </>
  );
}

interface SummaryRow {
  readonly what: string;
  readonly value: (summary: ReachSummary) => string;
}

function Summaries(props: {
  readonly before: ReachSummary;
  readonly after: ReachSummary | null;
  readonly workloads: number;
}): JSX.Element {
  const { before, after, workloads } = props;
  const rows: SummaryRow[] = [
    { what: 'Reached', value: ({ reached }) => `${countText(reached)} of ${countText(Math.max(0, workloads - 1))}` },
    { what: 'Directly', value: ({ direct }) => countText(direct) },
    { what: 'Hops to the last', value: ({ hops }) => countText(hops) },
    { what: 'Weight by criticality', value: ({ weight }) => countText(weight) },
    { what: 'Critical workloads', value: ({ critical }) => countText(critical) },
    {
      what: 'Hops to a critical one',
      value: ({ hopsToCritical }) => (hopsToCritical === null ? 'never' : countText(hopsToCritical)),
    },
    {
      what: 'New with each hop',
      value: ({ perHop }) => (perHop.length === 0 ? '–' : perHop.map(countText).join(', ')),
    },
  ];
  return (
    <Table
      id="summary"
      caption="What is reached"
      captionHidden
      rows={rows}
      empty={null}
      columns={[
        { head: 'Figure', names: true, cell: ({ what }) => what },
        { head: 'In force', numeric: true, cell: ({ value }) => value(before) },
        ...(after === null
          ? []
          : [{ head: 'With the draft', numeric: true, cell: ({ value }: SummaryRow) => value(after) }]),
      ]}
    />
  );
}

const changeMarks = {
  same: { tone: 'quiet', word: 'Stays reached' },
  closed: { tone: 'good', word: 'No longer reached' },
  opened: { tone: 'bad', word: 'Newly reached' },
} as const;

function stepOf({ before, after }: ReachedWorkload): Step | null {
  return before ?? after;
}

function columnsOf(drafted: boolean): readonly Column<ReachedWorkload>[] {
  const hop = (step: Step | null) => (step === null ? 'never' : countText(step.hop));
  const first: Column<ReachedWorkload>[] = [
    {
      head: 'Workload',
      names: true,
      cell: ({ workload }) => <Workload id={workload} href={paths.workload(workload)} />,
    },
    {
      head: 'Segment',
      cell: ({ segment, criticality }) => (
        <>
          {segment ?? 'none'}
          {criticality === 'critical' && (
            <>
              {' '}
              <StatusMark tone="bad" word="Critical" />
            </>
          )}
        </>
      ),
    },
    { head: 'Hop', numeric: true, sortBy: ({ before }) => before?.hop ?? 1e9, cell: ({ before }) => hop(before) },
  ];
  const draft: Column<ReachedWorkload>[] = drafted
    ? [
        {
          head: 'With the draft',
          numeric: true,
          sortBy: ({ after }) => after?.hop ?? 1e9,
          cell: ({ after }) => hop(after),
        },
        { head: 'Draft', tight: true, cell: (one) => <StatusMark {...changeMarks[changeOf(one, true)]} /> },
      ]
    : [];
  return [
    ...first,
    ...draft,
    {
      head: 'From',
      cell: (one) => {
        const step = stepOf(one);
        if (step === null) return '–';
        return (
          <>
            <Workload id={step.via} />
            {step.ways > 1 && <span class="note"> or {countText(step.ways - 1)} more</span>}
          </>
        );
      },
    },
    { head: 'Over', cell: (one) => portListText(stepOf(one)?.ports ?? []) },
    {
      head: 'Allowed by',
      wide: true,
      cell: (one) => {
        const step = stepOf(one);
        return step === null ? null : <StepSides step={step} />;
      },
    },
  ];
}

function StepSides({ step }: { readonly step: Step }): JSX.Element {
  return (
    <ul class="plain-list">
      {(['egress', 'ingress'] as const).map((side) => (
        <li key={side}>
          <span class="note">{side}:</span> <SideText side={step[side]} />
        </li>
      ))}
    </ul>
  );
}
