import type { JSX } from 'preact';
import { phaseOrder } from '../../inventory/segment-phase.js';
import type { PhaseDetail } from '../../phases/phases.js';
import { ProblemSummary, TextArea } from '../components/fields.js';
import { Time, countOf, countText } from '../components/figures.js';
import { Workload } from '../components/identifier.js';
import { EmptyState, Panel } from '../components/panel.js';
import { CriteriaList, MoveForm } from '../components/phase.js';
import { StatusMark, phaseMarks, plainWord } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { may } from '../may.js';
import { paths } from '../paths.js';
import type { SegmentPhaseView } from '../segmentation-views.js';
import type { FieldProblems, Shell } from '../views.js';

export function SegmentPhasePage({ shell, phase, move, problems }: SegmentPhaseView): JSX.Element {
  return (
    <Layout
      shell={shell}
      title={`Phase of ${phase.name}`}
      marks={<StatusMark {...phaseMarks[phase.phase]} />}
      lead={`Owned by ${phase.owner}, ${countOf(phase.daysInPhase, 'day')} in this phase`}
      crumbs={[
        { href: paths.phases, word: 'Phases' },
        { href: paths.segment(phase.name), word: phase.name },
      ]}
    >
      <Panel id="criteria" title="Criteria" note="What a segment must have before it enters a phase, judged now.">
        <div class="columns">
          <div class="stack">
            {phaseOrder.slice(1).map((one) => (
              <section key={one} class="card">
                <h3>{plainWord(one)}</h3>
                <CriteriaList
                  segment={phase.name}
                  criteria={phase.criteria.filter((criterion) => criterion.phase === one)}
                  whole
                />
              </section>
            ))}
          </div>
          <MoveForm shell={shell} phase={phase} values={move} problems={problems} />
        </div>
      </Panel>
      <BlockedPanel shell={shell} phase={phase} problems={problems} />
      <Panel id="history" title="History">
        <Table
          id="phase-history"
          caption={`Phases of ${phase.name}`}
          captionHidden
          rows={phase.history}
          columns={historyColumns}
          empty={<EmptyState title="No phase yet">The segment was never in a phase.</EmptyState>}
        />
      </Panel>
    </Layout>
  );
}

type Moved = PhaseDetail['history'][number];

const historyColumns: readonly Column<Moved>[] = [
  { head: 'Phase', names: true, cell: ({ phase }) => <StatusMark {...phaseMarks[phase]} /> },
  {
    head: 'Entered',
    tight: true,
    cell: ({ enteredAt, index }) =>
      index === null ? (
        <Time at={enteredAt} />
      ) : (
        <a href={paths.record(index)}>
          <Time at={enteredAt} />
        </a>
      ),
  },
  { head: 'By', cell: ({ by }) => (by === '' ? '–' : by) },
  { head: 'Reason', wide: true, cell: ({ reason }) => reason },
  {
    head: 'Gone over',
    wide: true,
    cell: ({ missing }) =>
      missing.length === 0 ? <span class="note">–</span> : missing.map((id) => plainWord(id)).join(', '),
  },
];

type BlockedRow = PhaseDetail['blocked'][number] & { readonly now: boolean };

/** What a connection is called in the form that accepts it. */
function formValue({ source, destination, protocol, port }: BlockedRow): string {
  return JSON.stringify({ source, destination, protocol, port });
}

interface BlockedPanelProps {
  readonly shell: Shell;
  readonly phase: PhaseDetail;
  readonly problems: FieldProblems;
}

function BlockedPanel({ shell, phase, problems }: BlockedPanelProps): JSX.Element {
  const now = new Set(
    phase.blocked.map((one) => JSON.stringify([one.source, one.destination, one.protocol, one.port])),
  );
  const rows = [...phase.blocked, ...phase.blockedByDraft]
    .map((one) => ({ ...one, now: now.has(JSON.stringify([one.source, one.destination, one.protocol, one.port])) }))
    .filter((one, at, all) => all.findIndex((other) => formValue(other) === formValue(one)) === at);
  const offered = may(shell, 'phases.accept_blocked') && rows.some(({ accepted }) => !accepted);
  const columns: readonly Column<BlockedRow>[] = [
    ...(offered
      ? [
          {
            head: 'Accept',
            tight: true,
            cell: (row: BlockedRow) =>
              row.accepted ? (
                ''
              ) : (
                <input
                  type="checkbox"
                  name="connection"
                  value={formValue(row)}
                  aria-label={`Accept ${row.source} to ${row.destination} on ${row.protocol} ${row.port}`}
                />
              ),
          },
        ]
      : []),
    ...blockedColumns,
  ];
  const table = (
    <Table
      id="blocked-table"
      caption="Connections that passed and would be blocked"
      captionHidden
      rows={rows}
      columns={columns}
      empty={<EmptyState title="Nothing is blocked">Policies block nothing that passed.</EmptyState>}
    />
  );
  return (
    <Panel
      id="blocked"
      title="Blocked although it passed"
      note="Connections that went through in the last 30 days and that policies of this segment deny: in force now, or once open changes are carried out."
    >
      {offered ? (
        <form method="post" action={paths.acceptBlocked(phase.name)} class="stack">
          {problems['connection'] !== undefined && <ProblemSummary problems={{ form: problems['connection'] }} />}
          {table}
          <div class="form">
            <TextArea
              name="acceptReason"
              label="Why these may be blocked"
              hint="Whose they are and why nobody needs them; the owner is expected to have agreed."
              value=""
              rows={2}
              problems={problems}
            />
            <div class="actions">
              <button type="submit" class="button">
                Accept what is ticked
              </button>
            </div>
          </div>
        </form>
      ) : (
        table
      )}
    </Panel>
  );
}

const blockedColumns: readonly Column<BlockedRow>[] = [
  {
    head: 'From',
    names: true,
    cell: ({ source }) => <Workload id={source} href={paths.records({ workload: source })} />,
  },
  { head: 'To', wide: true, cell: ({ destination }) => <Workload id={destination} /> },
  { head: 'Port', tight: true, cell: ({ protocol, port }) => (port < 0 ? protocol : `${protocol} ${port}`) },
  { head: 'Flows', numeric: true, cell: ({ flows }) => countText(flows) },
  { head: 'Last', tight: true, cell: ({ lastSeen }) => <Time at={lastSeen} precision="minute" /> },
  { head: 'Blocked by', cell: ({ now }) => (now ? 'Policies in force' : 'Open changes') },
  {
    head: 'State',
    tight: true,
    cell: ({ accepted }) => (
      <StatusMark tone={accepted ? 'quiet' : 'warn'} word={accepted ? 'Accepted' : 'Not accepted'} />
    ),
  },
  {
    head: 'Records',
    tight: true,
    cell: ({ entries }) => entries.map((index) => <a href={paths.record(index)}>{countText(index)} </a>),
  },
];
