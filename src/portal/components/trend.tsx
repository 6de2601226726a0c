import type { JSX } from 'preact';
import type { TrendPoint } from '../figure-views.js';

const width = 240;
const height = 40;
const edge = 3;

/**
 * A figure over time as a line, stretched to the width there is. It runs from its least to its greatest value, which
 * stand beside it in words; days without a value leave the line open.
 */
export function TrendLine({ points }: { readonly points: readonly TrendPoint[] }): JSX.Element | null {
  const values = points.flatMap(({ value }) => value ?? []);
  if (values.length < 2) return null;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const x = (place: number): string => ((place / (points.length - 1)) * width).toFixed(1);
  const y = (value: number): string =>
    (most === least ? height / 2 : height - edge - ((value - least) / (most - least)) * (height - 2 * edge)).toFixed(1);
  let path = '';
  let open = true;
  for (const [place, { value }] of points.entries()) {
    if (value !== null) path += `${open ? 'M' : 'L'}${x(place)} ${y(value)}`;
    open = value === null;
  }
  return (
    <svg
      class="trend"
      viewBox={`0 0 ${width} ${height}`}
      width="100%"
      height={height}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      <path class="axis" d={`M0 ${height - 0.5}H${width}`} vector-effect="non-scaling-stroke" />
      <path class="trend-line" d={path} fill="none" vector-effect="non-scaling-stroke" />
    </svg>
  );
}
