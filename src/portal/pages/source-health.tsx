import type { JSX } from 'preact';
import type { SourceHealth } from '../../ingestion/source-health.js';
import { Facts } from '../components/facts.js';
import { Age, countText, durationText, Time, timeText } from '../components/figures.js';
import { Panel } from '../components/panel.js';
import { StatusMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { paths } from '../paths.js';
import type { SourceView } from '../source-views.js';

type Period = SourceHealth['periods'][number];

/** What became of all that a source sent, and how late it comes. */
export function SourceHealthPanels({ shell, source, figures }: SourceView): JSX.Element {
  const { balance, lag, by, periods, refusals, silentSince, lastReceivedAt, lastDuplicateAt, lastEventTime } = figures;
  return (
    <>
      <Panel
        id="figures"
        title="What it has sent"
        note="Received is always the sum of what was stored, known already, put in quarantine and refused."
      >
        <Facts
          columns={2}
          facts={[
            { term: 'Received', is: countText(balance.received) },
            {
              term: 'Stored',
              is: <a href={paths.records({ source: source.name })}>{countText(balance.appended)}</a>,
            },
            { term: 'Known already', is: countText(balance.duplicate) },
            {
              term: 'In quarantine',
              is: <a href={paths.quarantine({ source: source.name })}>{countText(balance.quarantined)}</a>,
            },
            {
              term: 'Refused',
              is: balance.refused === 0 ? '0' : <a href="#refusals">{countText(balance.refused)}</a>,
            },
            {
              term: 'Last received',
              is: lastReceivedAt === null ? 'never' : <Age at={lastReceivedAt} now={shell.now} />,
            },
            {
              term: 'Last repetition',
              is: lastDuplicateAt === null ? null : <Age at={lastDuplicateAt} now={shell.now} />,
            },
            { term: 'Last event time', is: lastEventTime === null ? 'none yet' : <Time at={lastEventTime} /> },
            {
              term: 'Silent after',
              is: source.silenceAfterSeconds === null ? 'not watched' : durationText(source.silenceAfterSeconds),
            },
            {
              term: 'Silence',
              is:
                silentSince === null ? null : (
                  <>
                    <StatusMark tone="bad" word="Silent" /> since <Time at={silentSince} />
                  </>
                ),
            },
            { term: 'Lag, half of the records', is: lag === null ? null : lagText(lag.p50) },
            { term: 'Lag, 95 of 100', is: lag === null ? null : lagText(lag.p95) },
            { term: 'Lag, longest', is: lag === null ? null : lagText(lag.max) },
            { term: 'Clock of the source', is: lag === null ? null : <ClockText health={figures} /> },
            { term: 'Created', is: <Time at={source.createdAt} /> },
          ]}
        />
      </Panel>
      <Panel
        id="balance"
        title={by === 'hour' ? 'By hour' : 'By day'}
        note="Of receipt, in UTC."
        actions={
          <a class="button button-plain" href={`${paths.source(source.name)}${by === 'hour' ? '?by=day' : ''}#balance`}>
            {by === 'hour' ? 'By day' : 'By hour'}
          </a>
        }
      >
        <Table
          id="balances"
          caption={
            by === 'hour' ? 'The last 48 hours in which something came' : 'The last 30 days in which something came'
          }
          captionHidden
          columns={periodColumns(by === 'hour' ? 'minute' : 'day', by === 'hour' ? 'Hour' : 'Day')}
          rows={periods}
          empty={<p class="note">Nothing came in this time.</p>}
        />
      </Panel>
      {refusals.length > 0 && (
        <Panel
          id="refusals"
          title="Refused"
          note="What was answered with an error. A request that was refused as a whole counts as one."
        >
          <Table
            id="refusal-reasons"
            caption="Reasons"
            captionHidden
            columns={refusalColumns}
            rows={refusals}
            empty={null}
          />
        </Panel>
      )}
    </>
  );
}

function ClockText({ health }: { readonly health: SourceHealth }): JSX.Element {
  const { clockAheadSeconds: ahead, lag } = health;
  if (ahead > 1) {
    return (
      <>
        <StatusMark tone="warn" word="Ahead" /> by at least {durationText(ahead)}
      </>
    );
  }
  return <>not ahead; the quickest record took {lagText(Math.max(0, lag?.min ?? 0))}</>;
}

function lagText(seconds: number): string {
  if (seconds < 0) return `${lagText(-seconds)} early`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : durationText(seconds);
}

function periodColumns(precision: 'day' | 'minute', head: string): readonly Column<Period>[] {
  const figure = (name: string, of: (period: Period) => number): Column<Period> => ({
    head: name,
    numeric: true,
    cell: (period) => countText(of(period)),
  });
  return [
    { head, names: true, tight: true, cell: ({ from }) => timeText(from, precision) },
    figure('Received', ({ received }) => received),
    figure('Stored', ({ appended }) => appended),
    figure('Known already', ({ duplicate }) => duplicate),
    figure('Quarantine', ({ quarantined }) => quarantined),
    figure('Refused', ({ refused }) => refused),
  ];
}

const reasons: Readonly<Record<string, string>> = {
  wrong_credentials: 'The token or the signature does not fit',
  not_signed_in: 'There was no token',
  not_permitted: 'The token belongs to another source',
  revoked_token: 'The token has been revoked',
  too_large: 'The request is too large',
  unsupported_media_type: 'The encoding of the body is not supported',
  invalid_input: 'The request could not be taken apart',
  unavailable: 'The service could not take it then; the sender was told to come again',
  internal: 'The service failed',
  not_carried_out: 'Deletes, which an append-only log does not carry out',
  no_room: 'Datagrams that found no room and are lost',
};

const refusalColumns: readonly Column<SourceHealth['refusals'][number]>[] = [
  { head: 'Reason', names: true, cell: ({ reason }) => reasons[reason] ?? reason.replaceAll('_', ' ') },
  { head: 'Code', cell: ({ reason }) => <code>{reason}</code> },
  { head: 'Count', numeric: true, cell: ({ records }) => countText(records) },
  { head: 'Last', tight: true, cell: ({ lastAt }) => <Time at={lastAt} /> },
];
