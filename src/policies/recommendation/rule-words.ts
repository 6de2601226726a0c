/** What is said of a recommended rule: its name, its ports, why it is there, when to look at it again. */

import { flowsOf, type ObservedEdge } from './observed.js';
import type { Tier } from './tiers.js';

const dayMilliseconds = 86_400_000;

/** PCI DSS v4 1.2.7 wants rules reviewed at least every six months; addresses change hands sooner. */
const reviewDays = { labels: 180, addresses: 90 } as const;

/** A rule that was not used for this long before the end of the window may have had its day. */
const idleDays = 7;
const idleExpiryDays = 30;

/** Instant `days` after another, as a UTC day. */
function dayAfter(instant: string, days: number): string {
  return new Date(Date.parse(instant) + days * dayMilliseconds).toISOString().slice(0, 10);
}

/** The last day of a window that ends before `to`. */
export function lastDayOf(to: string): string {
  return new Date(Date.parse(to) - 1).toISOString().slice(0, 10);
}

export function reviewOf(to: string, tiers: readonly Tier[]): string {
  return dayAfter(to, tiers.some(({ spec }) => 'cidrs' in spec) ? reviewDays.addresses : reviewDays.labels);
}

export function expiryOf(to: string, basis: readonly ObservedEdge[]): string | null {
  const last = Math.max(...basis.map(({ lastSeen }) => Date.parse(lastSeen)));
  return Date.parse(to) - last > idleDays * dayMilliseconds ? dayAfter(to, idleExpiryDays) : null;
}

/** Port keys (`8443/TCP`) as an intent writes them: numbers that follow each other become a range. */
export function portsWritten(keys: readonly string[]): string[] {
  const ports = keys
    .map((key) => {
      const [port = '', protocol = ''] = key.split('/');
      return { protocol, port: Number(port) };
    })
    .sort((a, b) => (a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : a.port - b.port));
  const ranges: { protocol: string; first: number; last: number }[] = [];
  for (const { protocol, port } of ports) {
    const range = ranges.at(-1);
    if (range?.protocol === protocol && range.last + 1 === port) range.last = port;
    else ranges.push({ protocol, first: port, last: port });
  }
  return ranges.map(({ protocol, first, last }) => `${first === last ? first : `${first}-${last}`}/${protocol}`);
}

function some(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** At most 100 characters, which is what an intent takes. */
export function ruleName(number: number, from: readonly string[], to: readonly string[]): string {
  const name = `${number}. ${some(from, 1)} to ${some(to, 1)}`;
  return name.length <= 100 ? name : `${name.slice(0, 99)}…`;
}

export function describeRule(
  from: readonly string[],
  to: readonly string[],
  ports: readonly string[],
  basis: readonly ObservedEdge[],
): string {
  const flows = basis.reduce((sum, edge) => sum + flowsOf(edge), 0);
  const days = new Set(basis.flatMap(({ passedDays }) => passedDays)).size;
  const edges = basis.length === 1 ? '1 connection' : `${basis.length} connections`;
  return `${some(from, 3)} connected to ${some(to, 3)} on ${some(ports, 4)}: ${edges}, ${flows} flows on ${days} ${days === 1 ? 'day' : 'days'}.`;
}
