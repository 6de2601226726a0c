import type { JSX } from 'preact';
import { z } from 'zod';
import type { ExclusionReason } from '../../policies/recommendation/observed.js';
import type { RecommendationView } from '../../policies/recommendations.js';
import { paths } from '../paths.js';
import { Time, countOf, countText } from './figures.js';
import { Workload } from './identifier.js';
import { EmptyState, Panel } from './panel.js';
import { StatusMark, type Tone } from './status-mark.js';
import { Table, type Column } from './table.js';

type Rule = RecommendationView['rules'][number];
type Left = RecommendationView['excluded']['edges'][number];

/** Connections of one end that are left out for the same reason: a scan is one thing to look at, not hundreds. */
interface LeftGroup {
  readonly first: Left;
  readonly edges: readonly Left[];
}

interface Props {
  readonly recommendation: RecommendationView;
}

interface Tier {
  readonly name: string;
  readonly cidrs: readonly string[];
  readonly selects: string;
}

const CidrTier = z.object({ cidrs: z.array(z.string()) });

function tiersOf({ tiers }: RecommendationView): readonly Tier[] {
  return tiers.map(({ name, selects }) => {
    const addresses = CidrTier.safeParse(selects);
    return { name, cidrs: addresses.success ? addresses.data.cidrs : [], selects: JSON.stringify(selects) };
  });
}

export function RulesPanel({ recommendation }: Props): JSX.Element {
  const { rules } = recommendation;
  const tiers = tiersOf(recommendation);
  return (
    <Panel id="rules" title="Rules" note="Whatever no rule names is denied in both directions.">
      <Table
        id="rule-table"
        caption="Recommended rules"
        captionHidden
        rows={rules}
        columns={ruleColumns(tiers)}
        empty={
          <EmptyState title="No rule">
            No connection was seen often enough on these days. Choose more days, or lower numbers.
          </EmptyState>
        }
      />
      {tiers.length > 0 && (
        <details class="more">
          <summary>What these names select</summary>
          <dl class="facts">
            {tiers.map(({ name, selects }) => (
              <div key={name} class="fact">
                <dt>{name}</dt>
                <dd>
                  <code>{selects}</code>
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </Panel>
  );
}

/** Addresses are written out: a rule on them is only as good as the list. */
function Names({ names, tiers }: { readonly names: readonly string[]; readonly tiers: readonly Tier[] }): JSX.Element {
  const words = names.flatMap((name) => {
    const cidrs = tiers.find((tier) => tier.name === name)?.cidrs ?? [];
    return cidrs.length === 0 ? [name] : cidrs;
  });
  return (
    <ul class="plain-list">
      {words.map((word) => (
        <li key={word}>{word}</li>
      ))}
    </ul>
  );
}

function ruleColumns(tiers: readonly Tier[]): readonly Column<Rule>[] {
  return [
    { head: 'From', names: true, cell: ({ from }) => <Names names={from} tiers={tiers} /> },
    { head: 'To', wide: true, cell: ({ to }) => <Names names={to} tiers={tiers} /> },
    ...whatRulesRestOn,
  ];
}

const whatRulesRestOn: readonly Column<Rule>[] = [
  { head: 'Ports', tight: true, cell: ({ ports }) => <Names names={ports} tiers={[]} /> },
  {
    head: 'Seen of allowed',
    numeric: true,
    sortBy: ({ observed, allowed }) => observed / allowed,
    cell: ({ observed, allowed }) => `${countText(observed)} of ${countText(allowed)}`,
  },
  { head: 'Flows', numeric: true, sortBy: ({ flows }) => flows, cell: ({ flows }) => countText(flows) },
  { head: 'Last', tight: true, cell: ({ lastSeen }) => <Time at={lastSeen} precision="day" /> },
  {
    head: 'Review',
    tight: true,
    cell: ({ review, expires }) => (expires === null ? review : `ends ${expires}`),
  },
  { head: 'Based on', wide: true, cell: (rule) => <Basis rule={rule} /> },
];

function Basis({ rule: { reason, basis, observed, taken } }: { readonly rule: Rule }): JSX.Element {
  return (
    <details class="more">
      <summary>{countOf(observed, 'connection')}</summary>
      <p class="note">{reason}</p>
      {taken.length > 0 && (
        <p class="note">No label tells these apart, so the rule takes them in too: {taken.join(', ')}.</p>
      )}
      <ul class="plain-list">
        {basis.map(({ source, destination, protocol, port, passed, entries }) => (
          <li>
            <Workload id={source} /> → <Workload id={destination} /> {protocol} {port}, {countOf(passed, 'flow')}:{' '}
            {entries.map((index) => (
              <a href={paths.record(index)}>record {countText(index)} </a>
            ))}
          </li>
        ))}
      </ul>
      {basis.length < observed && <p class="note">and {countText(observed - basis.length)} more.</p>}
    </details>
  );
}

const reasonWords: Readonly<Record<ExclusionReason, { readonly tone: Tone; readonly word: string }>> = {
  scan: { tone: 'bad', word: 'Scan' },
  denied_only: { tone: 'quiet', word: 'Denied only' },
  one_off: { tone: 'warn', word: 'One-off' },
  reply: { tone: 'quiet', word: 'Reply' },
  unstable_address: { tone: 'warn', word: 'Unstable address' },
  too_many_addresses: { tone: 'warn', word: 'Too many addresses' },
  node: { tone: 'quiet', word: 'Own node' },
  unknown_workload: { tone: 'warn', word: 'Unknown end' },
  labels_unknown: { tone: 'warn', word: 'Labels unknown' },
  not_modelled: { tone: 'warn', word: 'Not modelled' },
};

export function ExcludedPanel({ recommendation: { excluded } }: Props): JSX.Element {
  const { edges, total, reasons } = excluded;
  const counts = Object.entries(reasons).map(
    ([reason, count]) => `${countText(count.edges)} ${reason.replaceAll('_', ' ')}`,
  );
  const shown = edges.length < total.edges ? ` The ${countText(edges.length)} busiest are listed.` : '';
  return (
    <Panel
      id="excluded"
      title="Left out"
      note={`${countOf(total.edges, 'connection')}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}.${shown}`}
    >
      <Table
        id="excluded-table"
        caption="Connections left out"
        captionHidden
        rows={grouped(edges)}
        columns={leftColumns}
        empty={<EmptyState title="Nothing is left out">Every connection that was seen is in a rule.</EmptyState>}
      />
    </Panel>
  );
}

function grouped(edges: readonly Left[]): readonly LeftGroup[] {
  const groups = new Map<string, Left[]>();
  for (const edge of edges) {
    const key = JSON.stringify([edge.source, edge.reason, edge.text, edge.allowedBy]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [edge]);
    else group.push(edge);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ first, edges: group }];
  });
}

function sum(edges: readonly Left[], of: (edge: Left) => number): string {
  return countText(edges.reduce((all, edge) => all + of(edge), 0));
}

/** So many of a group are written out. */
const mostShown = 4;

function Some({ words }: { readonly words: readonly string[] }): JSX.Element {
  const all = [...new Set(words)];
  return (
    <>
      {all.slice(0, mostShown).join(', ')}
      {all.length > mostShown && ` and ${countText(all.length - mostShown)} more`}
    </>
  );
}

const leftColumns: readonly Column<LeftGroup>[] = [
  {
    head: 'From',
    names: true,
    cell: ({ first: { source } }) => <Workload id={source} href={paths.records({ workload: source })} />,
  },
  {
    head: 'To',
    cell: ({ edges }) =>
      [...new Set(edges.map(({ destination }) => destination))].slice(0, mostShown).map((destination) => (
        <div>
          <Workload id={destination} />
        </div>
      )),
  },
  {
    head: 'Ports',
    cell: ({ edges }) => (
      <Some words={edges.map(({ protocol, port }) => (port < 0 ? protocol : `${protocol} ${port}`))} />
    ),
  },
  { head: 'Reason', tight: true, cell: ({ first: { reason } }) => <StatusMark {...reasonWords[reason]} /> },
  {
    head: 'Why',
    wide: true,
    cell: ({ first: { text, allowedBy } }) => (
      <>
        {text}
        {allowedBy !== null && <strong> Rule {allowedBy} allows it all the same.</strong>}
      </>
    ),
  },
  { head: 'Passed', numeric: true, cell: ({ edges }) => sum(edges, ({ passed }) => passed) },
  { head: 'Refused', numeric: true, cell: ({ edges }) => sum(edges, ({ denied, failed }) => denied + failed) },
  {
    head: 'Records',
    tight: true,
    cell: ({ first: { entries } }) =>
      entries.map((index) => (
        <div>
          <a href={paths.record(index)}>{countText(index)}</a>
        </div>
      )),
  },
];
