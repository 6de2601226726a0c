import type { JSX } from 'preact';
import type { SegmentPair } from '../../figures/model.js';
import { noSegment } from '../../figures/paths-list.js';
import { paths } from '../paths.js';
import { countOf, countText } from './figures.js';

const head = 116;
const names = 148;

/** A name that fits beside a drawing. */
export function drawnName(name: string | null, most = 18): string {
  const text = name ?? 'no segment';
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** What one pair of segments is about, in a sentence. */
export function pairText({ from, to, paths: open, used, allowedFlows, deniedFlows }: SegmentPair): string {
  const ends = `${from ?? 'no segment'} to ${to ?? 'no segment'}`;
  const denied = deniedFlows === 0 ? '' : `, ${countOf(deniedFlows, 'flow')} denied`;
  return `${ends}: ${countOf(open, 'open path')}, ${countText(used)} used, ${countOf(allowedFlows, 'flow')} allowed${denied}`;
}

export function pathsOfPair({ from, to }: Pick<SegmentPair, 'from' | 'to'>): string {
  return paths.openPaths({ from: from ?? noSegment, to: to ?? noSegment });
}

/**
 * Which segments may talk, from the row to the column. A frame says that something is open, its filling how much of it
 * was used, a cross that attempts were denied. The table below holds the same numbers for readers and keyboards.
 */
export function SegmentMatrix({
  segments,
  matrix,
}: {
  readonly segments: readonly (string | null)[];
  readonly matrix: readonly SegmentPair[];
}): JSX.Element {
  const cell = segments.length > 32 ? 18 : segments.length > 24 ? 20 : segments.length > 12 ? 26 : 34;
  const [width, height] = [names + segments.length * cell + 62, head + segments.length * cell + 2];
  const places = new Map(segments.map((segment, place) => [segment, place]));
  return (
    <svg class="segment-matrix" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {segments.map((segment, place) => {
        const [x, y] = [names + place * cell, head + place * cell];
        return (
          <g key={segment ?? noSegment}>
            <line class="axis" x1={names} x2={names + segments.length * cell} y1={y} y2={y} />
            <line class="axis" x1={x} x2={x} y1={head} y2={height - 2} />
            <text class="matrix-name" x={names - 8} y={y + cell / 2 + 4} text-anchor="end">
              {drawnName(segment)}
            </text>
            <text class="matrix-name" transform={`translate(${x + cell / 2 + 3} ${head - 8}) rotate(-55)`}>
              {drawnName(segment)}
            </text>
          </g>
        );
      })}
      {matrix.map((pair) => {
        const [row, column] = [places.get(pair.from), places.get(pair.to)];
        if (row === undefined || column === undefined) return null;
        return (
          <Cell
            key={`${pair.from ?? noSegment} ${pair.to ?? noSegment}`}
            pair={pair}
            x={names + column * cell}
            y={head + row * cell}
            size={cell}
          />
        );
      })}
    </svg>
  );
}

interface CellProps {
  readonly pair: SegmentPair;
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

function Cell({ pair, x, y, size }: CellProps): JSX.Element {
  const [left, top, side] = [x + 3, y + 3, size - 6];
  const filled = pair.used === 0 ? 0 : Math.max(3, Math.round((pair.used / Math.max(1, pair.paths)) * side));
  return (
    <a href={pathsOfPair(pair)} tabIndex={-1}>
      <title>{pairText(pair)}</title>
      <rect class="cell-reach" x={x} y={y} width={size} height={size} />
      {pair.paths > 0 && (
        <>
          <rect
            class={pair.used === pair.paths ? 'cell-open cell-all-used' : 'cell-open'}
            x={left}
            y={top}
            width={side}
            height={side}
            rx="2"
          />
          {filled > 0 && (
            <rect class="cell-used" x={left} y={top + side - filled} width={side} height={filled} rx="2" />
          )}
        </>
      )}
      {pair.deniedFlows > 0 && <path class="cell-denied" d={`M${x + size - 9} ${y + 3}l6 6m0 -6l-6 6`} />}
      {pair.paths === 0 && pair.allowedFlows > 0 && (
        <circle class="cell-past" cx={x + size / 2} cy={y + size / 2} r="2.5" />
      )}
    </a>
  );
}

/** What the signs of the matrix mean. */
export function MatrixLegend(): JSX.Element {
  return (
    <ul class="legend">
      <li>
        <Sign>
          <rect class="cell-open cell-all-used" x="2" y="2" width="14" height="14" rx="2" />
          <rect class="cell-used" x="2" y="2" width="14" height="14" rx="2" />
        </Sign>
        allowed and used
      </li>
      <li>
        <Sign>
          <rect class="cell-open" x="2" y="2" width="14" height="14" rx="2" />
          <rect class="cell-used" x="2" y="11" width="14" height="5" rx="2" />
        </Sign>
        partly used
      </li>
      <li>
        <Sign>
          <rect class="cell-open" x="2" y="2" width="14" height="14" rx="2" />
        </Sign>
        allowed, unused
      </li>
      <li>
        <Sign>
          <path class="cell-denied" d="M5 5l8 8m0 -8l-8 8" />
        </Sign>
        attempts denied
      </li>
      <li>
        <Sign>
          <circle class="cell-past" cx="9" cy="9" r="2.5" />
        </Sign>
        flows, though nothing is open now
      </li>
    </ul>
  );
}

function Sign({ children }: { readonly children: JSX.Element | JSX.Element[] }): JSX.Element {
  return (
    <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}
