/** Sets of destination ports over all protocols, each distinct set once, so that equal sets have equal numbers. */

import { protocols, type Protocol } from '../model.js';

/** An inclusive range of ports of one protocol, 1 to 65535. */
export interface PortRange {
  readonly protocol: Protocol;
  readonly first: number;
  readonly last: number;
}

/**
 * Disjoint ranges on one line, as `first, last` pairs in ascending order. A port lies at `protocol * 65536 + port`; as
 * port 0 is in no set, ranges of different protocols never touch.
 */
type Line = readonly number[];

function union(a: Line, b: Line): Line {
  const result: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const fromA = j >= b.length || (a[i] ?? Infinity) <= (b[j] ?? Infinity);
    const [first, last] = fromA ? [a[i] ?? 0, a[i + 1] ?? 0] : [b[j] ?? 0, b[j + 1] ?? 0];
    if (fromA) i += 2;
    else j += 2;
    const end = result.length - 1;
    if (end > 0 && first <= (result[end] ?? 0) + 1) result[end] = Math.max(result[end] ?? 0, last);
    else result.push(first, last);
  }
  return result;
}

function intersection(a: Line, b: Line): Line {
  const result: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const first = Math.max(a[i] ?? 0, b[j] ?? 0);
    const last = Math.min(a[i + 1] ?? 0, b[j + 1] ?? 0);
    if (first <= last) result.push(first, last);
    if ((a[i + 1] ?? 0) < (b[j + 1] ?? 0)) i += 2;
    else j += 2;
  }
  return result;
}

const everything: Line = protocols.flatMap((_, at) => [at * 65536 + 1, at * 65536 + 65535]);

function complement(a: Line): Line {
  const gaps: number[] = [];
  let next = 0;
  for (let at = 0; at < a.length; at += 2) {
    if (next < (a[at] ?? 0)) gaps.push(next, (a[at] ?? 0) - 1);
    next = (a[at + 1] ?? 0) + 1;
  }
  gaps.push(next, protocols.length * 65536);
  return intersection(gaps, everything);
}

/** A table of port sets: sets are numbers, `none` is 0 and `all` is 1, and results are remembered. */
export class PortSets {
  readonly none: number;
  readonly all: number;
  private readonly lines: Line[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly unions = new Map<number, number>();
  private readonly intersections = new Map<number, number>();
  private readonly complements = new Map<number, number>();
  private readonly rangeLists = new Map<number, readonly PortRange[]>();

  constructor() {
    this.none = this.number([]);
    this.all = this.number(everything);
  }

  private number(line: Line): number {
    const key = line.join();
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.lines.push(line) - 1;
      this.numbers.set(key, number);
    }
    return number;
  }

  private line(set: number): Line {
    return this.lines[set] ?? [];
  }

  private remembered(memory: Map<number, number>, a: number, b: number, operation: (a: Line, b: Line) => Line): number {
    const key = a < b ? a * 0x4000000 + b : b * 0x4000000 + a;
    let result = memory.get(key);
    if (result === undefined) memory.set(key, (result = this.number(operation(this.line(a), this.line(b)))));
    return result;
  }

  /** The ports `first` to `last` of one protocol; port 0 is left out. */
  range(protocol: number, first: number, last: number): number {
    const start = Math.max(first, 1);
    return start > last ? this.none : this.number([protocol * 65536 + start, protocol * 65536 + last]);
  }

  union(a: number, b: number): number {
    if (a === b || b === this.none) return a;
    return a === this.none ? b : this.remembered(this.unions, a, b, union);
  }

  intersection(a: number, b: number): number {
    if (a === b || b === this.all) return a;
    return a === this.all ? b : this.remembered(this.intersections, a, b, intersection);
  }

  /** The ports of `a` that are not in `b`. */
  difference(a: number, b: number): number {
    let rest = this.complements.get(b);
    if (rest === undefined) this.complements.set(b, (rest = this.number(complement(this.line(b)))));
    return this.intersection(a, rest);
  }

  /** The ranges of a set: TCP, UDP, SCTP, ports ascending. */
  ranges(set: number): readonly PortRange[] {
    let ranges = this.rangeLists.get(set);
    if (ranges === undefined) this.rangeLists.set(set, (ranges = this.rangesOf(set)));
    return ranges;
  }

  private rangesOf(set: number): PortRange[] {
    const line = this.line(set);
    return protocols.flatMap((protocol, number) =>
      line.flatMap((first, at): PortRange[] => {
        const last = line[at + 1];
        if (at % 2 === 1 || last === undefined || first >> 16 !== number) return [];
        return [{ protocol, first: first & 0xffff, last: last & 0xffff }];
      }),
    );
  }
}
