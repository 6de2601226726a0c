import type { JSX } from 'preact';
import { Span, Time, countText } from '../components/figures.js';
import { Pager } from '../components/filters.js';
import { EmptyState } from '../components/panel.js';
import { StatusMark, reportStateMarks } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { may } from '../may.js';
import { paths } from '../paths.js';
import type { ReportRow, ReportsView } from '../views.js';

export function ReportsPage({ shell, rows, paging }: ReportsView): JSX.Element {
  const mayRequest = may(shell, 'reports.request');
  return (
    <Layout
      shell={shell}
      title="Reports"
      lead="Evidence for a period, a scope and a framework: a PDF to read and a package that proves itself offline."
      actions={mayRequest ? <BuildReport /> : undefined}
    >
      <Table
        id="reports"
        caption={`${countText(rows.length)} reports`}
        captionHidden
        columns={columns}
        rows={rows}
        empty={
          <EmptyState title="No report yet">
            {mayRequest ? (
              <BuildReport />
            ) : (
              'Auditors and administrators build reports; they appear here for everybody.'
            )}
          </EmptyState>
        }
      />
      <Pager path={paths.reports} query={{}} paging={paging} summary={`${countText(rows.length)} on this page`} />
    </Layout>
  );
}

function BuildReport(): JSX.Element {
  return (
    <a class="button button-main" href={paths.newReport}>
      Build a report
    </a>
  );
}

function Aim({ row: { framework, scope } }: { readonly row: ReportRow }): JSX.Element {
  return (
    <>
      {framework}
      <span class="note block">{scope}</span>
    </>
  );
}

function Requested({ row: { requestedAt, requestedBy } }: { readonly row: ReportRow }): JSX.Element {
  return (
    <>
      <Time at={requestedAt} precision="minute" />
      <span class="note block">{requestedBy}</span>
    </>
  );
}

const columns: readonly Column<ReportRow>[] = [
  { head: 'Report', names: true, cell: ({ id, title }) => <a href={paths.report(id)}>{title}</a> },
  { head: 'State', tight: true, cell: ({ state }) => <StatusMark {...reportStateMarks[state]} /> },
  { head: 'Period', cell: ({ periodFrom, periodTo }) => <Span from={periodFrom} to={periodTo} precision="day" /> },
  { head: 'Framework and scope', cell: (row) => <Aim row={row} /> },
  {
    head: 'Satisfied',
    numeric: true,
    cell: ({ id, totals }) =>
      totals === null ? (
        <span class="note">–</span>
      ) : (
        <a href={`${paths.report(id, { result: 'satisfied' })}#requirements`}>{totals.satisfied}</a>
      ),
  },
  {
    head: 'Not satisfied',
    numeric: true,
    cell: ({ id, totals }) =>
      totals === null ? (
        <span class="note">–</span>
      ) : (
        <a href={`${paths.report(id, { result: 'not_satisfied' })}#requirements`}>{totals.notSatisfied}</a>
      ),
  },
  { head: 'Requested', tight: true, cell: (row) => <Requested row={row} /> },
  {
    head: 'Files',
    wide: true,
    cell: ({ id, title, state }) =>
      state === 'ready' ? (
        <span class="file-links">
          <a href={paths.reportPdf(id)} aria-label={`PDF of ${title}`}>
            PDF
          </a>{' '}
          <a href={paths.reportPackage(id)} aria-label={`Package of ${title}`}>
            Package
          </a>
        </span>
      ) : (
        <span class="note">–</span>
      ),
  },
];
