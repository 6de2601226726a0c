import type { JSX } from 'preact';
import type { SegmentPair } from '../../figures/model.js';
import type { MapSegment } from '../figure-views.js';
import { paths } from '../paths.js';
import { countOf } from './figures.js';
import { drawnName } from './segment-matrix.js';

const [width, height] = [860, 640];
const [middleX, middleY] = [width / 2, height / 2];
const radius = 218;

interface Joined {
  readonly a: number;
  readonly b: number;
  paths: number;
  used: number;
  denied: number;
}

/** Both directions of two segments as one connection. */
function joined(segments: readonly MapSegment[], matrix: readonly SegmentPair[]): Joined[] {
  const places = new Map<string | null, number>(segments.map(({ name }, place) => [name, place]));
  const found = new Map<string, Joined>();
  for (const pair of matrix) {
    const [from, to] = [places.get(pair.from), places.get(pair.to)];
    if (from === undefined || to === undefined || from === to) continue;
    const [a, b] = [Math.min(from, to), Math.max(from, to)];
    const one = found.get(`${a} ${b}`) ?? { a, b, paths: 0, used: 0, denied: 0 };
    one.paths += pair.paths;
    one.used += pair.used;
    one.denied += pair.deniedFlows;
    found.set(`${a} ${b}`, one);
  }
  return [...found.values()];
}

function placeAt(at: number, count: number, distance = radius): { readonly x: number; readonly y: number } {
  const angle = (at / count) * 2 * Math.PI - Math.PI / 2;
  return { x: middleX + distance * Math.cos(angle), y: middleY + distance * Math.sin(angle) };
}

/**
 * The segments in a circle, and what joins them: a full line where something open is used, a dashed one where it is open
 * and never used, a dotted one where there were denied attempts alone. Thicker is more paths. With a segment chosen, the
 * others' connections fade. Names lead to that choice.
 */
export function SegmentGraph({
  segments,
  matrix,
  chosen,
}: {
  readonly segments: readonly MapSegment[];
  readonly matrix: readonly SegmentPair[];
  readonly chosen: string | null;
}): JSX.Element {
  const lines = joined(segments, matrix).filter((line) => line.paths + line.denied > 0);
  const count = Math.max(1, segments.length);
  const most = Math.max(2, ...lines.map((line) => line.paths));
  const touches = ({ a, b }: Joined) => chosen === null || segments[a]?.name === chosen || segments[b]?.name === chosen;
  // What is drawn last lies on top.
  const ordered = [...lines.filter((line) => !touches(line)), ...lines.filter(touches)];
  const crowded = chosen === null && lines.length > 60 ? ' graph-crowded' : '';
  return (
    <svg
      class={`segment-graph${crowded}`}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
    >
      {ordered.map((line) => {
        const [from, to] = [placeAt(line.a, count), placeAt(line.b, count)];
        // Bent towards the middle, so that neighbours' lines stay apart from the circle's rim.
        const [bendX, bendY] = [(from.x + to.x + middleX * 2) / 4, (from.y + to.y + middleY * 2) / 4];
        const kind = line.used > 0 ? 'used' : line.paths > 0 ? 'unused' : 'denied';
        return (
          <path
            key={`${line.a} ${line.b}`}
            class={`join join-${kind}${touches(line) ? '' : ' join-faded'}`}
            d={`M${fixed(from.x)} ${fixed(from.y)}Q${fixed(bendX)} ${fixed(bendY)} ${fixed(to.x)} ${fixed(to.y)}`}
            stroke-width={(1 + (2.5 * Math.log(1 + line.paths)) / Math.log(1 + most)).toFixed(2)}
            fill="none"
          >
            <title>{`${segments[line.a]?.name ?? ''} and ${segments[line.b]?.name ?? ''}: ${countOf(line.paths, 'open path')}, ${countOf(line.denied, 'flow')} denied`}</title>
          </path>
        );
      })}
      {segments.map((segment, at) => (
        <Node key={segment.name} segment={segment} at={at} count={count} chosen={chosen === segment.name} />
      ))}
    </svg>
  );
}

interface NodeProps {
  readonly segment: MapSegment;
  readonly at: number;
  readonly count: number;
  readonly chosen: boolean;
}

function Node({ segment, at, count, chosen }: NodeProps): JSX.Element {
  const { x, y } = placeAt(at, count);
  const size = Math.min(14, 4 + Math.sqrt(segment.workloads));
  const mark = `node${segment.criticality === 'critical' ? ' node-critical' : ''}${chosen ? ' node-chosen' : ''}`;
  const degrees = (at / count) * 360 - 90;
  const turned = degrees > 90;
  // Names run outwards like spokes, those of the left half turned round so that none stands on its head.
  const spoke = `translate(${fixed(x)} ${fixed(y)}) rotate(${fixed(turned ? degrees + 180 : degrees)})`;
  return (
    <a href={chosen ? paths.map() : paths.map({ segment: segment.name })} tabIndex={-1}>
      <title>{`${segment.name}, ${segment.criticality}, ${countOf(segment.workloads, 'workload')}`}</title>
      {segment.criticality === 'critical' ? (
        <rect class={mark} x={fixed(x - size)} y={fixed(y - size)} width={fixed(2 * size)} height={fixed(2 * size)} />
      ) : (
        <circle class={mark} cx={fixed(x)} cy={fixed(y)} r={fixed(size)} />
      )}
      <text
        class={chosen ? 'node-name node-name-chosen' : 'node-name'}
        transform={spoke}
        x={turned ? fixed(-size - 6) : fixed(size + 6)}
        y="4"
        text-anchor={turned ? 'end' : 'start'}
      >
        {drawnName(segment.name)}
      </text>
    </a>
  );
}

function fixed(value: number): string {
  return value.toFixed(1);
}
