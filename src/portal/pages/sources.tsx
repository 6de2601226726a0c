import type { JSX } from 'preact';
import { Sparkline } from '../components/chart.js';
import { Age, Time, countText, durationText } from '../components/figures.js';
import { EmptyState } from '../components/panel.js';
import { StatusMark, sourceHealthMarks } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { SourceRow, SourcesView } from '../views.js';

export function SourcesPage({ shell, rows, mayManage }: SourcesView): JSX.Element {
  return (
    <Layout
      shell={shell}
      title="Sources"
      lead="The systems that send records, and whether each still does."
      actions={
        mayManage ? (
          <a class="button button-main" href={paths.newSource}>
            New source
          </a>
        ) : undefined
      }
    >
      <Table
        id="sources"
        caption={`${countText(rows.length)} sources`}
        columns={columns(shell.now)}
        rows={rows}
        rowId={({ name }) => `source-${name}`}
        sortable
        empty={
          <EmptyState title="No source yet">
            {mayManage ? (
              <a href={paths.newSource}>Create the first one</a>
            ) : (
              'An administrator creates one and gets its token.'
            )}
          </EmptyState>
        }
      />
    </Layout>
  );
}

function columns(now: string): readonly Column<SourceRow>[] {
  return [
    {
      head: 'Source',
      names: true,
      tight: true,
      cell: ({ name, format }) => <SourceName name={name} format={format} />,
    },
    {
      head: 'Health',
      tight: true,
      cell: ({ health, silenceAfterSeconds: seconds }) => (
        <>
          <StatusMark {...sourceHealthMarks[health]} />
          <span class="note block">{seconds === null ? 'not watched' : `silent after ${durationText(seconds)}`}</span>
        </>
      ),
    },
    {
      head: 'Last received',
      sortBy: ({ lastReceivedAt }) => lastReceivedAt ?? '',
      cell: ({ lastReceivedAt, lastEventTime }) => (
        <>
          <LastSeen at={lastReceivedAt} now={now} />
          {lastEventTime !== null && (
            <span class="note block">
              event <Time at={lastEventTime} />
            </span>
          )}
        </>
      ),
    },
    {
      head: 'Received',
      numeric: true,
      sortBy: ({ received }) => received,
      cell: ({ received }) => countText(received),
    },
    {
      head: 'Stored',
      numeric: true,
      sortBy: ({ appended }) => appended,
      cell: ({ name, appended }) => <a href={paths.records({ source: name })}>{countText(appended)}</a>,
    },
    {
      head: 'Known',
      numeric: true,
      sortBy: ({ duplicate }) => duplicate,
      cell: ({ duplicate }) => countText(duplicate),
    },
    {
      head: 'Quarantine',
      numeric: true,
      sortBy: ({ quarantined }) => quarantined,
      cell: ({ name, quarantined }) =>
        quarantined === 0 ? '0' : <a href={paths.quarantine({ source: name })}>{countText(quarantined)}</a>,
    },
    {
      head: 'Refused',
      numeric: true,
      sortBy: ({ refused }) => refused,
      cell: ({ name, refused }) =>
        refused === 0 ? '0' : <a href={`${paths.source(name)}#refusals`}>{countText(refused)}</a>,
    },
    { head: 'Last 30 days', wide: true, cell: ({ perDay }) => <Trend perDay={perDay} /> },
  ];
}

function SourceName({ name, format }: { readonly name: string; readonly format: string | null }): JSX.Element {
  return (
    <>
      <a href={paths.source(name)}>{name}</a>
      {format !== null && <span class="note block">{format}</span>}
    </>
  );
}

function LastSeen({ at, now }: { readonly at: string | null; readonly now: string }): JSX.Element {
  return at === null ? <span class="note">never</span> : <Age at={at} now={now} />;
}

function Trend({ perDay }: { readonly perDay: readonly number[] }): JSX.Element {
  if (perDay.length === 0) return <span class="note">–</span>;
  const silentDays = perDay.filter((count) => count === 0).length;
  return (
    <Sparkline
      values={perDay}
      title={`${countText(Math.max(...perDay))} records on the busiest day, ${silentDays} days without any`}
    />
  );
}
