import type { JSX } from 'preact';
import { Facts } from '../components/facts.js';
import { ProblemSummary, TextArea } from '../components/fields.js';
import { Age, Time, countOf, countText } from '../components/figures.js';
import { Identifier } from '../components/identifier.js';
import { Banner, EmptyState, Panel } from '../components/panel.js';
import { StatusMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import type { IntegrityView, LogKeyRow, VerificationRow } from '../integrity-views.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';

export function IntegrityPage(view: IntegrityView): JSX.Element {
  return (
    <Layout
      shell={view.shell}
      title="Integrity of the log"
      lead="The log is tamper-evident: what is stored can be altered by whoever owns the disk, and is then found here, with its place."
    >
      <ProblemSummary problems={view.problems} />
      {view.done === 'verification' && (
        <Banner tone="quiet" title="The log is being verified">
          <p>The outcome is listed below when it is done.</p>
        </Banner>
      )}
      <Signing view={view} />
      <Verifications view={view} />
      <Outside view={view} />
      <Panel
        id="keys"
        title="Keys"
        note="What a key signed verifies with it for good, also after another came into use."
      >
        <Table
          id="log-keys"
          caption="Keys that sign the log"
          captionHidden
          columns={keyColumns}
          rows={view.keys}
          empty={<EmptyState title="No key yet">The service registers its key when it starts.</EmptyState>}
        />
      </Panel>
    </Layout>
  );
}

function Signing({ view }: { readonly view: IntegrityView }): JSX.Element {
  const { stopped, lastSigned } = view.signing;
  return (
    <Panel
      id="signing"
      title="Signing"
      note="Before a checkpoint is signed its root is computed a second time, and held against what was signed before."
    >
      <p class="headline">
        {stopped === null ? (
          <StatusMark tone="good" word="Checkpoints are signed" />
        ) : (
          <StatusMark tone="bad" word="Nothing is signed" />
        )}
      </p>
      <Facts
        facts={[
          { term: 'Stopped', is: stopped === null ? null : <Time at={stopped.since} /> },
          { term: 'Because', is: stopped === null ? null : `${stopped.reason}: ${stopped.detail}` },
          {
            term: 'Signed last',
            is:
              lastSigned === null ? null : (
                <>
                  {countOf(lastSigned.size, 'entry', 'entries')}, root{' '}
                  <Identifier value={lastSigned.root} name="root" />
                </>
              ),
          },
        ]}
      />
      {stopped !== null &&
        (view.mayManage ? (
          <form method="post" action={paths.resumeSigning} class="form">
            <TextArea
              name="reason"
              label="Why the log stands as it is"
              hint="What you looked at, and with whom. Kept in the log with your name; what was signed before and no longer fits is given up by this decision."
              value=""
              rows={3}
              problems={view.problems}
              required
            />
            <div class="actions">
              <button type="submit" class="button button-main">
                Go on signing
              </button>
              <span class="note">
                Receivers of earlier checkpoints will see the break, and should hear of it from you.
              </span>
            </div>
          </form>
        ) : (
          <p class="note">An administrator decides whether the log stands as it is.</p>
        ))}
    </Panel>
  );
}

function Verifications({ view }: { readonly view: IntegrityView }): JSX.Element {
  return (
    <Panel
      id="verification"
      title="Verifications"
      note="The log is rebuilt from its stored bytes: what is new every few minutes, the whole of it on a schedule."
      actions={
        view.mayManage ? (
          <form method="post" action={paths.verifyLog}>
            <button type="submit" class="button">
              Verify the whole log now
            </button>
          </form>
        ) : undefined
      }
    >
      <Table
        id="verifications"
        caption={`The last ${countText(view.verifications.length)}`}
        columns={verificationColumns(view.shell.now)}
        rows={view.verifications}
        empty={
          <EmptyState title="Not verified yet">The first verification runs within minutes of the start.</EmptyState>
        }
      />
    </Panel>
  );
}

function verificationColumns(now: string): readonly Column<VerificationRow>[] {
  return [
    {
      head: 'Finished',
      names: true,
      tight: true,
      cell: ({ finishedAt }) => (
        <>
          <Time at={finishedAt} />
          <span class="note block">
            <Age at={finishedAt} now={now} />
          </span>
        </>
      ),
    },
    { head: 'What', tight: true, cell: ({ kind }) => (kind === 'full' ? 'The whole log' : 'What was new') },
    { head: 'Outcome', wide: true, cell: (row) => <Outcome row={row} /> },
    { head: 'Log size', numeric: true, cell: ({ size }) => countText(size) },
    { head: 'Entries read', numeric: true, cell: ({ entries }) => (entries === null ? '–' : countText(entries)) },
  ];
}

function Outcome({ row: { problems, unverifiable } }: { readonly row: VerificationRow }): JSX.Element {
  return (
    <>
      {problems.length > 0 && <StatusMark tone="bad" word={countOf(problems.length, 'problem')} />}
      {problems.length === 0 && unverifiable.length === 0 && <StatusMark tone="good" word="Intact" />}
      {problems.length === 0 && unverifiable.length > 0 && <StatusMark tone="warn" word="Cannot verify all" />}
      {problems.length + unverifiable.length > 0 && (
        <ul class="problems">
          {[...problems, ...unverifiable].map((text) => (
            <li>{text}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function Outside({ view: { shell, outside } }: { readonly view: IntegrityView }): JSX.Element {
  const contradictions = shell.log?.contradictions ?? [];
  return (
    <Panel
      id="outside"
      title="Kept outside the database"
      note="Only what others keep shows that a whole log was written anew, or that an older copy stands in its place."
    >
      {contradictions.length > 0 && (
        <Banner tone="bad" title="Witnesses have seen another log">
          <ul>
            {contradictions.map(({ witness, since, detail }) => (
              <li key={witness}>
                {witness}: {detail}, <Age at={since} now={shell.now} />
              </li>
            ))}
          </ul>
        </Banner>
      )}
      <Facts
        facts={[
          {
            term: 'Checkpoint kept last',
            is:
              outside.checkpointSize === null || outside.checkpointAt === null ? (
                'none yet'
              ) : (
                <>
                  {countOf(outside.checkpointSize, 'entry', 'entries')},{' '}
                  <Age at={outside.checkpointAt} now={shell.now} />
                </>
              ),
          },
          {
            term: 'Witnesses',
            is: outside.witnesses.length === 0 ? 'none: set WITNESS_POLICY_FILE' : outside.witnesses.join(', '),
          },
          {
            term: 'Witnessed last',
            is:
              outside.witnessedSize === null || outside.witnessedAt === null ? (
                outside.witnesses.length === 0 ? null : (
                  'no checkpoint has the quorum yet'
                )
              ) : (
                <>
                  {countOf(outside.witnessedSize, 'entry', 'entries')}, <Age at={outside.witnessedAt} now={shell.now} />
                </>
              ),
          },
          {
            term: 'Anchors',
            is:
              outside.anchors.length === 0 ? 'none: set ANCHOR_DIR or ANCHOR_WEBHOOK_URL' : outside.anchors.join(', '),
          },
        ]}
      />
    </Panel>
  );
}

const keyColumns: readonly Column<LogKeyRow>[] = [
  {
    head: 'Verifier key',
    names: true,
    cell: ({ verifierKey }) => <Identifier value={verifierKey} name="verifier key" keep={28} />,
  },
  {
    head: 'State',
    tight: true,
    cell: ({ current, vouchedFor }) =>
      current ? (
        <StatusMark tone="good" word="In use" />
      ) : (
        <StatusMark tone={vouchedFor ? 'quiet' : 'warn'} word={vouchedFor ? 'Retired' : 'Nobody vouches for it'} />
      ),
  },
  {
    head: 'Signs sizes',
    tight: true,
    cell: ({ fromSize, untilSize }) =>
      `${countText(fromSize)} ${untilSize === null ? 'on' : `to ${countText(untilSize - 1)}`}`,
  },
  { head: 'Registered', tight: true, cell: ({ registeredAt }) => <Time at={registeredAt} /> },
  {
    head: 'Recorded by',
    tight: true,
    cell: ({ entryIndex }) =>
      entryIndex === null ? (
        <span class="note">the start of the log</span>
      ) : (
        <a href={paths.record(entryIndex)}>entry {countText(entryIndex)}</a>
      ),
  },
];
