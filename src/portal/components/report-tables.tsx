import type { JSX } from 'preact';
import type { ReportModel } from '../../evidence/report-model.js';
import { paths } from '../paths.js';
import { Span, Time, countText, durationText } from './figures.js';
import { Name } from './identifier.js';
import { EmptyState, Panel } from './panel.js';
import { StatusMark, changeStateMarks } from './status-mark.js';
import { Table } from './table.js';

/** The lists of a report beside its requirements, drawn from its read model. */
interface ReportPart {
  readonly report: ReportModel;
}

export function UnauthorisedChanges({ report: { unauthorisedChanges } }: ReportPart): JSX.Element {
  return (
    <Panel
      id="unauthorised"
      title="Unauthorised changes"
      note="Policy changes of the period for which no approved change was found."
    >
      <Table
        id="unauthorised-table"
        caption="Unauthorised changes"
        captionHidden
        rows={unauthorisedChanges}
        sortable
        empty={
          <EmptyState title="None">Every policy change of the period was covered by an approved change.</EmptyState>
        }
        columns={[
          {
            head: 'Record',
            numeric: true,
            names: true,
            sortBy: ({ index }) => index,
            cell: ({ index }) => <a href={paths.record(index)}>{countText(index)}</a>,
          },
          { head: 'Event time', tight: true, cell: ({ eventTime }) => <Time at={eventTime} /> },
          { head: 'Policy', wide: true, cell: ({ policy }) => <Name text={policy} /> },
          { head: 'Action', cell: ({ action }) => action },
          { head: 'Author', cell: ({ author }) => <Name text={author} /> },
          { head: 'Why it counts', wide: true, cell: ({ explanation }) => explanation },
        ]}
      />
    </Panel>
  );
}

export function ReportedChanges({ report: { changes } }: ReportPart): JSX.Element {
  return (
    <Panel id="changes" title="Changes of the period">
      <Table
        id="change-table"
        caption="Changes of the period"
        captionHidden
        rows={changes}
        sortable
        empty={<EmptyState title="None">No change was proposed or carried out in the period.</EmptyState>}
        columns={[
          { head: 'Change', names: true, cell: ({ id, title }) => <a href={paths.change(id)}>{`${id} ${title}`}</a> },
          {
            head: 'State',
            tight: true,
            cell: ({ state }) =>
              state === 'proposed' || state === 'approved' || state === 'rejected' ? (
                <StatusMark {...changeStateMarks[state]} />
              ) : (
                state
              ),
          },
          { head: 'Requester', cell: ({ requester }) => requester },
          { head: 'Approver', cell: ({ approver }) => approver ?? '–' },
          { head: 'Window', wide: true, cell: ({ windowFrom, windowTo }) => <Span from={windowFrom} to={windowTo} /> },
          {
            head: 'Carried out by',
            wide: true,
            cell: ({ carriedOut }) =>
              carriedOut.length === 0 ? (
                <span class="note">–</span>
              ) : (
                carriedOut.map(({ index }, place) => (
                  <>
                    {place > 0 && ', '}
                    <a href={paths.record(index)}>{countText(index)}</a>
                  </>
                ))
              ),
          },
        ]}
      />
    </Panel>
  );
}

export function ReportedSources({ report: { sources } }: ReportPart): JSX.Element {
  return (
    <Panel id="sources" title="Completeness of the sources">
      <Table
        id="source-table"
        caption="Sources in the period"
        captionHidden
        rows={sources}
        sortable
        empty={<EmptyState title="No source">No source sent anything in the period.</EmptyState>}
        columns={[
          { head: 'Source', names: true, cell: ({ name }) => <a href={paths.records({ source: name })}>{name}</a> },
          {
            head: 'Health',
            tight: true,
            cell: ({ silent }) => <StatusMark tone={silent ? 'bad' : 'good'} word={silent ? 'Silent' : 'Reporting'} />,
          },
          {
            head: 'Received',
            numeric: true,
            sortBy: ({ received }) => received,
            cell: ({ received }) => countText(received),
          },
          {
            head: 'Rejected',
            numeric: true,
            sortBy: ({ rejected }) => rejected,
            cell: ({ rejected }) => countText(rejected),
          },
          {
            head: 'Longest gap',
            sortBy: ({ longestGapSeconds }) => longestGapSeconds ?? 0,
            cell: ({ longestGapSeconds: gap }) => (gap === null ? '–' : durationText(gap)),
          },
          {
            head: 'Last event time',
            tight: true,
            cell: ({ lastEventTime }) => (lastEventTime === null ? '–' : <Time at={lastEventTime} />),
          },
        ]}
      />
    </Panel>
  );
}
