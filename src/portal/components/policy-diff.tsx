import type { JSX } from 'preact';
import type { PolicyDiff } from '../../policies/policy-diffs.js';
import { countOf, countText } from './figures.js';
import { Workload } from './identifier.js';
import { Banner, EmptyState, Panel } from './panel.js';
import { PolicyText } from './policy-text.js';
import { StatusMark } from './status-mark.js';
import { Table, type Column } from './table.js';

type Path = PolicyDiff['paths'][number];
type Rule = PolicyDiff['rules'][number];

function total({ opened, changed, closed }: PolicyDiff['counts']): number {
  return opened + changed + closed;
}

function Summary({ diff }: { readonly diff: PolicyDiff }): JSX.Element {
  const { counts, rules, statements, sameMeaning } = diff;
  if (sameMeaning)
    return (
      <Banner tone="quiet" title="No change in meaning">
        <p>Both have one canonical digest: what differs is the spelling.</p>
      </Banner>
    );
  const parts = [
    counts.opened === 0 ? null : `${countOf(counts.opened, 'path')} ${counts.opened === 1 ? 'opens' : 'open'}`,
    counts.changed === 0
      ? null
      : `${countOf(counts.changed, 'path')} ${counts.changed === 1 ? 'changes' : 'change'} ports`,
    counts.closed === 0 ? null : `${countOf(counts.closed, 'path')} ${counts.closed === 1 ? 'closes' : 'close'}`,
  ].filter((part) => part !== null);
  const paths = `${parts.length === 0 ? 'No path opens or closes' : parts.join(', ')}, among ${countOf(diff.workloads, 'workload')}`;
  return (
    <Banner tone={counts.opened > 0 || diff.paths.some(({ gained }) => gained !== '') ? 'warn' : 'quiet'} title={paths}>
      <p>
        {countOf(rules.length, 'rule')} {rules.length === 1 ? 'differs' : 'differ'}
        {statements.length > 0 && `, and ${countOf(statements.length, 'thing')} besides rules`}.
      </p>
    </Banner>
  );
}

const ruleMarks = {
  added: { tone: 'warn', word: 'Added' },
  changed: { tone: 'warn', word: 'Changed' },
  removed: { tone: 'quiet', word: 'Removed' },
} as const;

const ruleColumns: readonly Column<Rule>[] = [
  { head: 'Rule', tight: true, names: true, cell: ({ change }) => <StatusMark {...ruleMarks[change]} /> },
  { head: 'Direction', cell: ({ direction }) => direction ?? 'as the intent enforces' },
  { head: 'Before', wide: true, cell: ({ before }) => before ?? <span class="note">–</span> },
  { head: 'After', wide: true, cell: ({ after }) => after ?? <span class="note">–</span> },
];

const pathMarks = {
  opened: { tone: 'warn', word: 'Opens' },
  changed: { tone: 'warn', word: 'Changes' },
  closed: { tone: 'quiet', word: 'Closes' },
} as const;

function End({ text }: { readonly text: string }): JSX.Element {
  return text.startsWith('k8s:') ? <Workload id={text} /> : <>{text}</>;
}

const pathColumns: readonly Column<Path>[] = [
  { head: 'Path', tight: true, names: true, cell: ({ change }) => <StatusMark {...pathMarks[change]} /> },
  { head: 'From', cell: ({ source }) => <End text={source} /> },
  { head: 'To', cell: ({ destination }) => <End text={destination} /> },
  { head: 'Gains', cell: ({ gained }) => (gained === '' ? <span class="note">–</span> : gained) },
  { head: 'Loses', cell: ({ lost }) => (lost === '' ? <span class="note">–</span> : lost) },
];

/** What one policy changes when it takes the place of another: in words, by paths, and line by line. */
export function PolicyDiffPanels({ diff, name }: { readonly diff: PolicyDiff; readonly name: string }): JSX.Element {
  const all = total(diff.counts);
  return (
    <>
      <Summary diff={diff} />
      <Panel id="rules" title="In words">
        {diff.statements.length > 0 && (
          <ul class="plain-list">
            {diff.statements.map(({ before, after }) => (
              <li key={`${before} ${after}`}>
                {before === null
                  ? `The policy ${after}.`
                  : after === null
                    ? `No longer: ${before}.`
                    : `The policy ${after}; before, it ${before}.`}
              </li>
            ))}
          </ul>
        )}
        <Table
          id="rule-changes"
          caption="Rules that differ"
          captionHidden
          columns={ruleColumns}
          rows={diff.rules}
          empty={
            <EmptyState title="No rule differs">
              Rules that say the same in another order or spelling are the same.
            </EmptyState>
          }
        />
      </Panel>
      <Panel
        id="paths"
        title="Paths"
        note={`Between the workloads the records show and to addresses outside${diff.paths.length < all ? `; the first ${countText(diff.paths.length)} of ${countText(all)}` : ''}.`}
      >
        <Table
          id="path-changes"
          caption="Paths that open, change or close"
          captionHidden
          columns={pathColumns}
          rows={diff.paths}
          sortable
          empty={
            <EmptyState title="No path opens or closes">Other policies allow or deny the same as before.</EmptyState>
          }
        />
        {diff.notes.length > 0 && (
          <details class="more">
            <summary>What these verdicts do not regard ({countText(diff.notes.length)})</summary>
            <ul class="plain-list">
              {diff.notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          </details>
        )}
      </Panel>
      <Panel id="text" title="As YAML">
        <PolicyText
          name={name}
          before={diff.from.object}
          after={diff.to.object}
          against={diff.to.version === null ? 'the version in force' : `version ${diff.from.version}`}
        />
      </Panel>
    </>
  );
}
