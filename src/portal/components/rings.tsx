import type { JSX } from 'preact';
import type { Incident, ReachedWorkload } from '../../figures/incident.js';
import { countText } from './figures.js';

const size = 520;
const middle = size / 2;
const innermost = 56;

/** Where a workload stands in both: `closed` by the draft, `opened` by it, or reached either way. */
export function changeOf({ before, after }: ReachedWorkload, drafted: boolean): 'same' | 'closed' | 'opened' {
  if (!drafted) return 'same';
  if (after === null) return 'closed';
  return before === null ? 'opened' : 'same';
}

/** Name of a workload as short as a drawing can bear. */
function shortName(key: string): string {
  const name = key.slice(key.indexOf(':') + 1);
  return name.length > 24 ? `${name.slice(0, 23)}…` : name;
}

/**
 * What a taken workload reaches, as rings around it: a ring a hop, a dot a workload. Critical workloads are squares; what
 * the draft closes is hollow, what it opens is filled in another colour. The list beside it says the same.
 */
export function ReachRings({ incident }: { readonly incident: Incident }): JSX.Element {
  const drafted = incident.after !== null;
  const rings: ReachedWorkload[][] = [];
  for (const one of incident.reached) {
    const hop = Math.min(one.before?.hop ?? Infinity, one.after?.hop ?? Infinity);
    (rings[hop - 1] ??= []).push(one);
  }
  const outermost = middle - 60;
  const step = rings.length < 2 ? 0 : (outermost - innermost) / (rings.length - 1);
  const radius = (place: number) => (rings.length === 1 ? outermost * 0.72 : innermost + step * place);
  return (
    <svg class="rings" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={altText(incident)}>
      {rings.map((_, place) => (
        <g key={place}>
          <circle class="ring" cx={middle} cy={middle} r={radius(place)} />
          <text class="ring-name" x={middle} y={middle - radius(place) - 6} text-anchor="middle">
            {place + 1}
          </text>
        </g>
      ))}
      <circle class="taken" cx={middle} cy={middle} r="9" />
      <text class="dot-name" x={middle} y={middle + 24} text-anchor="middle">
        {shortName(incident.workload)}
      </text>
      {rings.map((ring, place) =>
        ring.map((one, at) => (
          <Dot
            key={one.workload}
            one={one}
            change={changeOf(one, drafted)}
            // A quarter turn from ring to ring keeps neighbours from standing in one line.
            angle={((at + 0.5) / ring.length) * 2 * Math.PI + place * 0.7 - Math.PI / 2}
            radius={radius(place)}
            dot={Math.max(1.5, Math.min(6, (radius(place) * 2.2) / ring.length))}
            named={ring.length <= 16 && incident.reached.length <= 40}
          />
        )),
      )}
    </svg>
  );
}

function altText({ workload, before, after }: Incident): string {
  const drafted = after === null ? '' : `, ${countText(after.reached)} with the draft`;
  return `${workload} reaches ${countText(before.reached)} workloads in ${before.hops} hops${drafted}`;
}

interface DotProps {
  readonly one: ReachedWorkload;
  readonly change: 'same' | 'closed' | 'opened';
  readonly angle: number;
  readonly radius: number;
  readonly dot: number;
  readonly named: boolean;
}

function Dot({ one, change, angle, radius, dot, named }: DotProps): JSX.Element {
  const [x, y] = [middle + radius * Math.cos(angle), middle + radius * Math.sin(angle)];
  const mark = `dot dot-${change}${one.criticality === 'critical' ? ' dot-critical' : ''}`;
  const title = <title>{`${one.workload}${one.segment === null ? '' : `, ${one.segment}`}`}</title>;
  const beside = Math.cos(angle) >= 0 ? 'start' : 'end';
  return (
    <g>
      {one.criticality === 'critical' ? (
        <rect class={mark} x={fixed(x - dot)} y={fixed(y - dot)} width={fixed(2 * dot)} height={fixed(2 * dot)}>
          {title}
        </rect>
      ) : (
        <circle class={mark} cx={fixed(x)} cy={fixed(y)} r={fixed(dot)}>
          {title}
        </circle>
      )}
      {named && (
        <text
          class="dot-name"
          x={fixed(x + (beside === 'start' ? dot + 4 : -dot - 4))}
          y={fixed(y + 3.5)}
          text-anchor={beside}
        >
          {shortName(one.workload)}
        </text>
      )}
    </g>
  );
}

function fixed(value: number): string {
  return value.toFixed(1);
}
