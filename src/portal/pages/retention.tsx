import type { JSX } from 'preact';
import { ProblemSummary, Select, TextArea, TextField, TimeField } from '../components/fields.js';
import { Time, countOf, countText } from '../components/figures.js';
import { Identifier } from '../components/identifier.js';
import { EmptyState, Panel } from '../components/panel.js';
import { classWords, erasureStateMarks, keepText, rangesText, scopeText } from '../components/retention-words.js';
import { StatusMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { RetentionPageView } from '../retention-views.js';

type Rule = RetentionPageView['rules'][number];
type Due = RetentionPageView['due'][number];
type Hold = RetentionPageView['holds'][number];
type Erasure = RetentionPageView['erasures'][number];
type Removal = RetentionPageView['removals'][number];

export function RetentionPage(view: RetentionPageView): JSX.Element {
  return (
    <Layout
      shell={view.shell}
      title="Retention and erasure"
      lead="Payloads go by rule or by erasure; their leaves, proofs and receipts stay and go on verifying."
    >
      <ProblemSummary problems={view.problems} />
      <Rules view={view} />
      <Holds view={view} />
      <Erasures view={view} />
      <Panel
        id="removals"
        title="What went"
        note="Each removal is an entry of the log, and verifications hold what is missing against it."
      >
        <Table
          id="removals-table"
          caption="Removals, newest first"
          captionHidden
          columns={removalColumns}
          rows={view.removals}
          empty={<EmptyState title="Nothing was removed">Every payload that was received is still there.</EmptyState>}
        />
      </Panel>
    </Layout>
  );
}

function Rules({ view }: { readonly view: RetentionPageView }): JSX.Element {
  const { rule, problems } = view;
  return (
    <Panel
      id="rules"
      title="Rules"
      note="How long payloads are kept, by class. Rules are carried out once a day, a month at a time."
    >
      <Table
        id="rules-table"
        caption="Retention rules"
        captionHidden
        columns={ruleColumns}
        rows={view.rules}
        empty={<EmptyState title="No classes">There is nothing to keep.</EmptyState>}
      />
      {view.due.length > 0 && <Table id="due" caption="Due now" columns={dueColumns} rows={view.due} empty={null} />}
      {view.mayManage && (
        <details class="more" open={problems['keepDays'] !== undefined || problems['ruleReason'] !== undefined}>
          <summary>Set a rule</summary>
          <form method="post" action={paths.retentionRules} class="form">
            <Select
              name="retentionClass"
              label="Class"
              value={rule.retentionClass}
              options={view.rules.map(({ retentionClass, fewestDays }) => ({
                value: retentionClass,
                word: `${classWords[retentionClass]} (at least ${fewestDays} days)`,
              }))}
            />
            <TextField
              name="keepDays"
              label="Days to keep"
              hint="Counted from the end of the month in which they were received; empty keeps them for ever."
              value={rule.keepDays}
              problems={problems}
            />
            <TextArea
              name="ruleReason"
              label="Reason"
              hint="Kept in the log with your name."
              value={rule.reason}
              rows={2}
              problems={problems}
              required
            />
            <div class="actions">
              <button type="submit" class="button button-main">
                Set the rule
              </button>
            </div>
          </form>
        </details>
      )}
    </Panel>
  );
}

const ruleColumns: readonly Column<Rule>[] = [
  { head: 'Class', names: true, cell: ({ retentionClass }) => classWords[retentionClass] },
  { head: 'Kept', cell: ({ keepDays }) => keepText(keepDays) },
  { head: 'Set', tight: true, cell: ({ history: [last] }) => (last === undefined ? '–' : <Time at={last.setAt} />) },
  { head: 'By', cell: ({ history: [last] }) => last?.setBy ?? '–' },
  { head: 'Reason', wide: true, cell: ({ history: [last] }) => last?.reason ?? 'No rule was set.' },
  { head: 'Entry', tight: true, cell: ({ history: [last] }) => <EntryLink index={last?.recordedIndex ?? null} /> },
];

const dueColumns: readonly Column<Due>[] = [
  { head: 'Month', names: true, tight: true, cell: ({ month }) => month },
  { head: 'Class', cell: ({ retentionClass }) => classWords[retentionClass] },
  {
    head: 'What happens',
    wide: true,
    cell: ({ heldBy }) =>
      heldBy === null ? (
        'Its payloads go with the next run.'
      ) : (
        <>
          <StatusMark tone="warn" word="Held" /> by {heldBy.name}
        </>
      ),
  },
];

function EntryLink({ index }: { readonly index: number | null }): JSX.Element {
  if (index === null) return <>–</>;
  return <a href={paths.record(index)}>{countText(index)}</a>;
}

function Holds({ view }: { readonly view: RetentionPageView }): JSX.Element {
  const { hold, problems, rules } = view;
  const wrong = ['name', 'holdReason', 'holdClass', 'source', 'from', 'to', 'indices'].some((name) => name in problems);
  return (
    <Panel
      id="holds"
      title="Legal holds"
      note="While a hold is active, nothing it covers goes, by rule or by erasure. Whoever placed it cannot release it."
    >
      <Table
        id="holds-table"
        caption="Legal holds, newest first"
        captionHidden
        columns={holdColumns}
        rows={view.holds}
        rowId={({ id }) => `hold-${id}`}
        empty={<EmptyState title="No legal hold">Rules and erasures are carried out without exception.</EmptyState>}
      />
      {view.mayManage && (
        <details class="more" open={wrong}>
          <summary>Place a hold</summary>
          <form method="post" action={paths.legalHolds} class="form">
            <TextField
              name="name"
              label="Name"
              hint="Such as the number of a case."
              value={hold.name}
              problems={problems}
              required
            />
            <TextArea name="holdReason" label="Reason" value={hold.reason} rows={2} problems={problems} required />
            <p class="hint">What is left empty does not narrow the hold; with nothing given it covers the whole log.</p>
            <div class="fields fields-form">
              <Select
                name="holdClass"
                label="Class"
                value={hold.retentionClass}
                options={[
                  { value: '', word: 'All' },
                  ...rules.map(({ retentionClass }) => ({ value: retentionClass, word: classWords[retentionClass] })),
                ]}
                problems={problems}
              />
              <TextField name="source" label="Source" value={hold.source} problems={problems} />
              <TimeField
                name="from"
                label="From"
                hint="Happened or received, UTC"
                value={hold.from}
                problems={problems}
              />
              <TimeField name="to" label="Before" hint="UTC" value={hold.to} problems={problems} />
            </div>
            <TextField
              name="indices"
              label="Entries"
              hint="Indices and ranges, such as 12, 40-58."
              value={hold.indices}
              problems={problems}
            />
            <div class="actions">
              <button type="submit" class="button button-main">
                Place the hold
              </button>
            </div>
          </form>
        </details>
      )}
    </Panel>
  );
}

const holdColumns: readonly Column<Hold>[] = [
  {
    head: 'Hold',
    names: true,
    cell: ({ name, reason }) => (
      <>
        {name}
        <span class="note block">{reason}</span>
      </>
    ),
  },
  {
    head: 'State',
    tight: true,
    cell: ({ released }) =>
      released === null ? <StatusMark tone="warn" word="Active" /> : <StatusMark tone="quiet" word="Released" />,
  },
  { head: 'Covers', wide: true, cell: ({ scope }) => scopeText(scope) },
  {
    head: 'Placed',
    tight: true,
    cell: ({ placedAt, placedBy, recordedIndex }) => (
      <>
        <Time at={placedAt} />
        <span class="note block">
          by {placedBy}, entry <EntryLink index={recordedIndex} />
        </span>
      </>
    ),
  },
  { head: 'Release', wide: true, cell: (hold) => <Release hold={hold} /> },
];

function Release({ hold: { id, name, released, mayRelease } }: { readonly hold: Hold }): JSX.Element {
  if (released !== null) {
    return (
      <>
        <Time at={released.at} /> by {released.by}: {released.reason} <span class="note">entry</span>{' '}
        <EntryLink index={released.recordedIndex} />
      </>
    );
  }
  if (!mayRelease.permitted) return <span class="note">{mayRelease.because}</span>;
  return (
    <form method="post" action={paths.releaseHold(id)} class="inline-form">
      <input type="text" name="reason" aria-label={`Reason for releasing ${name}`} placeholder="Reason" required />
      <button type="submit" class="button">
        Release
      </button>
    </form>
  );
}

function Erasures({ view }: { readonly view: RetentionPageView }): JSX.Element {
  return (
    <Panel
      id="erasures"
      title="Erasures"
      note="One person asks with a reason, another approves; then payloads, what was derived from them, and reports that hold them are gone."
      actions={
        view.mayManage ? (
          <a class="button" href={paths.newErasure}>
            Ask for an erasure
          </a>
        ) : undefined
      }
    >
      <Table
        id="erasures-table"
        caption="Erasures, newest first"
        captionHidden
        columns={erasureColumns}
        rows={view.erasures}
        empty={<EmptyState title="No erasure">Nobody has asked for one.</EmptyState>}
      />
    </Panel>
  );
}

const erasureColumns: readonly Column<Erasure>[] = [
  { head: 'Reason', names: true, cell: ({ id, reason }) => <a href={paths.erasure(id)}>{reason}</a> },
  { head: 'State', tight: true, cell: ({ state }) => <StatusMark {...erasureStateMarks[state]} /> },
  { head: 'Payloads', numeric: true, cell: ({ count }) => countText(count) },
  { head: 'Entries', wide: true, cell: ({ entries }) => rangesText(entries, 4) },
  {
    head: 'Asked for',
    tight: true,
    cell: ({ requestedAt, requestedBy }) => <Asked at={requestedAt} by={requestedBy} />,
  },
  {
    head: 'Decided',
    tight: true,
    cell: ({ decision }) => (decision === null ? '–' : <Asked at={decision.at} by={decision.by} />),
  },
];

function Asked({ at, by }: { readonly at: string; readonly by: string }): JSX.Element {
  return (
    <>
      <Time at={at} />
      <span class="note block">by {by}</span>
    </>
  );
}

const removalColumns: readonly Column<Removal>[] = [
  { head: 'When', names: true, tight: true, cell: ({ removedAt }) => <Time at={removedAt} /> },
  {
    head: 'What',
    cell: ({ cause, retentionClass, month }) =>
      cause === 'erasure' || retentionClass === null ? 'An erasure' : `${classWords[retentionClass]} of ${month ?? ''}`,
  },
  { head: 'Payloads', numeric: true, cell: ({ count }) => countText(count) },
  { head: 'Entries', tight: true, cell: ({ firstIndex, lastIndex }) => rangesText([[firstIndex, lastIndex]]) },
  { head: 'Digest of their leaves', cell: ({ digest }) => <Identifier value={digest} name="digest" /> },
  {
    head: 'Files',
    cell: ({ filesToRewrite }) =>
      filesToRewrite.length === 0 ? 'written anew' : `${countOf(filesToRewrite.length, 'table')} to be written anew`,
  },
];
