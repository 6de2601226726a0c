import type { JSX } from 'preact';
import type { ResultWord } from '../../controls/model.js';
import { verdicts, type Verdict } from '../../ingestion/normal-form.js';
import { paths } from '../paths.js';
import type { DayVolume, ResultTotals } from '../views.js';
import { countOf, countText, percentText } from './figures.js';
import { StatusMark, resultMarks, verdictMarks, type Tone } from './status-mark.js';
import { Table } from './table.js';

/**
 * The one chart of the portal: bars side by side, drawn on the server. Across they are measured in
 * percent of the frame, upwards in pixels, so they fit any width without being scaled.
 */
interface BarsProps {
  readonly values: readonly number[];
  readonly height: number;
  readonly tone: Tone | 'accent';
  /** Address and title of each bar's link; without it bars are not links. */
  readonly link?: (place: number) => { readonly href: string; readonly title: string };
}

function Bars({ values, height, tone, link }: BarsProps): JSX.Element {
  const most = Math.max(1, ...values);
  const step = 100 / Math.max(1, values.length);
  return (
    <svg class={`bars bars-${tone}`} width="100%" height={height} aria-hidden="true" focusable="false">
      {values.map((value, place) => {
        const tall = value === 0 ? 0 : Math.max(2, Math.round((value / most) * (height - 2)));
        const bar = (
          <rect
            class="bar"
            x={percent(step * (place + 0.12))}
            y={height - tall - 1}
            width={percent(step * 0.76)}
            height={tall}
            rx="1"
          />
        );
        const target = link?.(place);
        if (target === undefined) return bar;
        return (
          <a href={target.href} tabIndex={-1}>
            <title>{target.title}</title>
            <rect class="bar-reach" x={percent(step * place)} y="0" width={percent(step)} height={height} />
            {bar}
          </a>
        );
      })}
      <line class="axis" x1="0" x2="100%" y1={height - 0.5} y2={height - 0.5} />
    </svg>
  );
}

function percent(value: number): string {
  return `${Number(value.toFixed(3))}%`;
}

/** Values of one thing over time, small, inside a table. `title` says what they are. */
export function Sparkline({
  values,
  title,
}: {
  readonly values: readonly number[];
  readonly title: string;
}): JSX.Element {
  return (
    <span class="sparkline">
      <Bars values={values} height={24} tone="accent" />
      <span class="unseen">{title}</span>
    </span>
  );
}

const rows: readonly { readonly verdict: Verdict; readonly tone: Tone }[] = (
  ['allow', 'deny', 'would_deny', 'error', 'none', 'unknown'] as const
).map((verdict) => ({ verdict, tone: verdictMarks[verdict].tone }));

function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

function recordsOn(day: string, verdict: Verdict | null): string {
  return paths.records({ from: `${day}T00:00:00Z`, to: `${dayAfter(day)}T00:00:00Z`, verdict });
}

/**
 * Records a day, a strip for each verdict with its own scale (said beside it), since a hundred
 * denials would vanish next to a million permits. The same numbers are in the table below it.
 */
export function VolumeChart({ days }: { readonly days: readonly DayVolume[] }): JSX.Element {
  const first = days[0];
  const last = days.at(-1);
  const strips = rows
    .map(({ verdict, tone }) => ({ verdict, tone, values: days.map(({ counts }) => counts[verdict] ?? 0) }))
    .filter(({ values }) => values.some((value) => value > 0));
  if (first === undefined || last === undefined || strips.length === 0)
    return <p class="note">No records in these 30 days.</p>;
  return (
    <div class="volume">
      <ul class="strips">
        {strips.map(({ verdict, tone, values }) => {
          const total = values.reduce((sum, value) => sum + value, 0);
          const all = paths.records({ from: `${first.day}T00:00:00Z`, to: `${dayAfter(last.day)}T00:00:00Z`, verdict });
          return (
            <li key={verdict} class="strip">
              <span class="strip-name">
                <StatusMark {...verdictMarks[verdict]} />
              </span>
              <a class="strip-total" href={all}>
                {countText(total)}
              </a>
              <Bars
                values={values}
                height={44}
                tone={tone}
                link={(place) => {
                  const day = days[place]?.day ?? first.day;
                  return {
                    href: recordsOn(day, verdict),
                    title: `${day}: ${countOf(values[place] ?? 0, 'record')}, ${verdictMarks[verdict].word}`,
                  };
                }}
              />
              <span class="strip-most note">most in a day {countText(Math.max(...values))}</span>
            </li>
          );
        })}
      </ul>
      <p class="volume-axis note">
        <span>{first.day}</span>
        <span>{days[Math.floor(days.length / 2)]?.day}</span>
        <span>{last.day}</span>
      </p>
      <details class="more">
        <summary>These numbers as a table</summary>
        <VolumeTable days={days} shown={strips.map(({ verdict }) => verdict)} />
      </details>
    </div>
  );
}

function VolumeTable({
  days,
  shown,
}: {
  readonly days: readonly DayVolume[];
  readonly shown: readonly Verdict[];
}): JSX.Element {
  return (
    <Table
      id="volume-table"
      caption="Records by day and verdict"
      captionHidden
      rows={days.toReversed()}
      empty={null}
      columns={[
        { head: 'Day', names: true, tight: true, cell: ({ day }) => <a href={recordsOn(day, null)}>{day}</a> },
        ...verdicts
          .filter((verdict) => shown.includes(verdict))
          .map((verdict) => ({
            head: verdictMarks[verdict].word,
            numeric: true,
            cell: ({ day, counts }: DayVolume) => (
              <a href={recordsOn(day, verdict)}>{countText(counts[verdict] ?? 0)}</a>
            ),
          })),
      ]}
    />
  );
}

interface SharePart {
  /** `none` leaves the part empty. */
  readonly tone: Tone | 'none';
  readonly count: number;
}

/** Widths in percent that fill the bar; a part that is there at all stays visible. */
function shareWidths(counts: readonly number[]): readonly number[] {
  const whole = counts.reduce((sum, count) => sum + count, 0);
  if (whole === 0) return counts.map(() => 0);
  const visible = counts.map((count) => (count === 0 ? 0 : Math.max(1, (count / whole) * 100)));
  const sum = visible.reduce((total, width) => total + width, 0);
  return visible.map((width) => (width / sum) * 100);
}

/** Parts of a whole as one bar; the numbers stand in words beside it. */
export function ShareBar({ parts }: { readonly parts: readonly SharePart[] }): JSX.Element {
  const widths = shareWidths(parts.map(({ count }) => count));
  let start = 0;
  return (
    <svg class="share-bar" width="100%" height="8" aria-hidden="true" focusable="false">
      <rect class="share share-none" x="0" y="0" width="100%" height="8" />
      {parts.map(({ tone }, place) => {
        const x = start;
        const wide = widths[place] ?? 0;
        start += wide;
        return wide === 0 ? null : (
          <rect class={`share share-${tone}`} x={percent(x)} y="0" width={percent(wide)} height="8" />
        );
      })}
    </svg>
  );
}

interface ResultSharesProps {
  readonly totals: ResultTotals;
  /** Leads a word to what it counts. */
  readonly link?: (result: ResultWord) => string;
}

/** The four result words with their counts, and the shares as one bar. */
export function ResultShares({ totals, link }: ResultSharesProps): JSX.Element {
  const parts = [
    { result: 'satisfied', tone: 'good', count: totals.satisfied },
    { result: 'not_satisfied', tone: 'bad', count: totals.notSatisfied },
    { result: 'not_assessed', tone: 'quiet', count: totals.notAssessed },
    { result: 'not_applicable', tone: 'none', count: totals.notApplicable },
  ] as const;
  const whole = parts.reduce((sum, { count }) => sum + count, 0);
  return (
    <div class="shares">
      <ShareBar parts={parts} />
      <ul class="share-words">
        {parts.map(({ result, count }) => (
          <li key={result}>
            <StatusMark {...resultMarks[result]} />{' '}
            {link === undefined ? <b>{countText(count)}</b> : <a href={link(result)}>{countText(count)}</a>}{' '}
            <span class="note">{percentText(count, whole)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
