import type { JSX } from 'preact';
import { Span, Time, countOf, countText } from '../components/figures.js';
import { Pager } from '../components/filters.js';
import { EmptyState } from '../components/panel.js';
import { StatusMark, changeOutcomeMarks, changeStateMarks } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { may } from '../may.js';
import { paths } from '../paths.js';
import type { ChangeFilter, ChangeRow, ChangesView } from '../views.js';

const filterWords: Readonly<Record<ChangeFilter, string>> = {
  all: 'All',
  for_review: 'For my review',
  proposed: 'Proposed',
  approved: 'Approved',
  rejected: 'Rejected',
};

const filterOrder: readonly ChangeFilter[] = ['all', 'for_review', 'proposed', 'approved', 'rejected'];

export function ChangesPage({ shell, filter, counts, rows, paging }: ChangesView): JSX.Element {
  const mayPropose = may(shell, 'changes.propose');
  const query = { state: filter === 'all' ? null : filter };
  return (
    <Layout
      shell={shell}
      title="Changes"
      lead="Changes to segmentation policies: who asked, who approved, and what the records show was carried out."
      actions={mayPropose ? <NewChange /> : undefined}
    >
      <nav class="tabs" aria-label="Changes by state">
        <ul>
          {filterOrder.map((state) => (
            <li key={state}>
              <a
                href={paths.changes({ state: state === 'all' ? null : state })}
                aria-current={state === filter ? 'page' : undefined}
              >
                {filterWords[state]} <span class="tab-count">{countText(counts[state])}</span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <Table
        id="changes"
        caption={`${filterWords[filter]}: ${countText(rows.length)} of ${countOf(counts[filter], 'change')}`}
        columns={columns}
        rows={rows}
        empty={
          <EmptyState title={filter === 'for_review' ? 'Nothing waits for your review' : 'No changes here'}>
            {mayPropose ? <NewChange /> : <a href={paths.changes()}>Show all changes</a>}
          </EmptyState>
        }
      />
      <Pager
        path={paths.changes()}
        query={query}
        paging={paging}
        summary={`${countText(rows.length)} of ${countOf(counts[filter], 'change')}`}
      />
    </Layout>
  );
}

function NewChange(): JSX.Element {
  return (
    <a class="button button-main" href={paths.newChange}>
      Propose a change
    </a>
  );
}

const columns: readonly Column<ChangeRow>[] = [
  { head: 'Change', tight: true, cell: ({ number }) => <code>{number}</code> },
  { head: 'Title', names: true, cell: ({ id, title }) => <a href={paths.change(id)}>{title}</a> },
  { head: 'State', tight: true, cell: ({ state }) => <StatusMark {...changeStateMarks[state]} /> },
  {
    head: 'What happened',
    tight: true,
    cell: ({ state, outcome }) =>
      state === 'approved' ? <StatusMark {...changeOutcomeMarks[outcome]} /> : <span class="note">–</span>,
  },
  { head: 'Requester', cell: ({ requester }) => requester },
  { head: 'Approver', cell: ({ approver }) => approver ?? <span class="note">–</span> },
  { head: 'Proposed', tight: true, cell: ({ proposedAt }) => <Time at={proposedAt} precision="minute" /> },
  { head: 'Window', wide: true, cell: ({ windowFrom, windowTo }) => <Span from={windowFrom} to={windowTo} /> },
];
