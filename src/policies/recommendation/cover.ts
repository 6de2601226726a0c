/**
 * The fewest rules found that allow a set of cells and nothing else. A cell is one group of ends that may connect to
 * another on one port; a rule is every combination of its sources, destinations and ports. To find the least number is
 * as hard as covering a graph with bicliques, so this grows the largest rules around each cell, takes the one that covers
 * most of what is left, again and again, and then drops those that the others made needless.
 */

export interface Cell {
  readonly from: string;
  readonly to: string;
  readonly port: string;
}

export interface CellRule {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly ports: readonly string[];
}

const parts = ['from', 'to', 'port'] as const;
type Part = (typeof parts)[number];

/** Values of the three parts as numbers. */
type Numbers = Readonly<Record<Part, number>>;
type Grown = Readonly<Record<Part, number[]>>;

const orders: readonly (readonly Part[])[] = [
  ['port', 'from', 'to'],
  ['port', 'to', 'from'],
  ['from', 'port', 'to'],
  ['to', 'port', 'from'],
  ['from', 'to', 'port'],
  ['to', 'from', 'port'],
];

/** Words by number, in the order they come. */
class Words {
  readonly words: string[] = [];
  private readonly numbers = new Map<string, number>();

  numberOf(word: string): number {
    let number = this.numbers.get(word);
    if (number === undefined) {
      number = this.words.push(word) - 1;
      this.numbers.set(word, number);
    }
    return number;
  }
}

class Cells {
  readonly all: readonly Numbers[];
  private readonly words: Readonly<Record<Part, Words>> = { from: new Words(), to: new Words(), port: new Words() };
  private readonly keys: ReadonlySet<number>;
  /** Values a part can take with the other two as they are. */
  private readonly neighbours: Readonly<Record<Part, Map<number, number[]>>>;

  constructor(cells: readonly Cell[]) {
    this.all = cells.map((cell) => ({
      from: this.words.from.numberOf(cell.from),
      to: this.words.to.numberOf(cell.to),
      port: this.words.port.numberOf(cell.port),
    }));
    this.keys = new Set(this.all.map(({ from, to, port }) => this.keyOf(from, to, port)));
    this.neighbours = { from: new Map(), to: new Map(), port: new Map() };
    for (const cell of this.all)
      for (const part of parts) {
        const line = this.lineOf(cell, part);
        const values = this.neighbours[part].get(line);
        if (values === undefined) this.neighbours[part].set(line, [cell[part]]);
        else values.push(cell[part]);
      }
  }

  /** Exact as long as the product of the three counts stays below 2^53. */
  private keyOf(from: number, to: number, port: number): number {
    return (from * this.words.to.words.length + to) * this.words.port.words.length + port;
  }

  private lineOf(cell: Numbers, part: Part): number {
    const of = (one: Part): number => (one === part ? 0 : cell[one]);
    return this.keyOf(of('from'), of('to'), of('port'));
  }

  /** The largest rule around a cell when its parts are widened in this order. */
  grow(seed: Numbers, order: readonly Part[]): Grown {
    const rule: Grown = { from: [seed.from], to: [seed.to], port: [seed.port] };
    for (const part of order)
      for (const value of this.neighbours[part].get(this.lineOf(seed, part)) ?? []) {
        if (value === seed[part]) continue;
        if (this.holds({ ...rule, [part]: [value] })) rule[part].push(value);
      }
    for (const part of parts) rule[part].sort((a, b) => a - b);
    return rule;
  }

  private holds({ from, to, port }: Grown): boolean {
    return from.every((source) =>
      to.every((destination) => port.every((one) => this.keys.has(this.keyOf(source, destination, one)))),
    );
  }

  keysOf({ from, to, port }: Grown): number[] {
    return from.flatMap((source) =>
      to.flatMap((destination) => port.map((one) => this.keyOf(source, destination, one))),
    );
  }

  named({ from, to, port }: Grown): CellRule {
    const { words } = this;
    const name = (part: Part, numbers: readonly number[]): string[] =>
      numbers.map((number) => words[part].words[number] ?? '');
    return { from: name('from', from), to: name('to', to), ports: name('port', port) };
  }
}

interface Candidate {
  readonly rule: Grown;
  readonly keys: readonly number[];
}

/** Every different rule grown around a cell, by how many cells it covers. */
function candidatesOf(cells: Cells): Candidate[][] {
  const found = new Map<string, Candidate>();
  for (const seed of cells.all)
    for (const order of orders) {
      const rule = cells.grow(seed, order);
      const name = `${rule.from.join()} ${rule.to.join()} ${rule.port.join()}`;
      if (!found.has(name)) found.set(name, { rule, keys: cells.keysOf(rule) });
    }
  const bySize: Candidate[][] = [];
  for (const candidate of found.values()) (bySize[candidate.keys.length] ??= []).push(candidate);
  return bySize;
}

/** Cells MUST come in one order for equal inputs to give equal rules. */
export function coverCells(given: readonly Cell[]): readonly CellRule[] {
  const cells = new Cells(given);
  const open = new Set(
    cells.all.flatMap(({ from, to, port }) => cells.keysOf({ from: [from], to: [to], port: [port] })),
  );
  const bySize = candidatesOf(cells);
  const taken: Candidate[] = [];
  // What a rule would still cover only shrinks: it is counted again when its turn comes, and put back where it belongs.
  for (let size = bySize.length - 1; size > 0; size--)
    for (const candidate of bySize[size] ?? []) {
      const covers = candidate.keys.reduce((sum, key) => sum + Number(open.has(key)), 0);
      if (covers < size) {
        if (covers > 0) (bySize[covers] ??= []).push(candidate);
        continue;
      }
      taken.push(candidate);
      for (const key of candidate.keys) open.delete(key);
    }
  return needed(taken).map(({ rule }) => cells.named(rule));
}

/** Leaves out rules whose cells the others cover; the last found covered least, and goes first. */
function needed(rules: readonly Candidate[]): readonly Candidate[] {
  const covered = new Map<number, number>();
  for (const { keys } of rules) for (const key of keys) covered.set(key, (covered.get(key) ?? 0) + 1);
  const kept = new Set(rules);
  for (const rule of rules.toReversed()) {
    if (!rule.keys.every((key) => (covered.get(key) ?? 0) > 1)) continue;
    kept.delete(rule);
    for (const key of rule.keys) covered.set(key, (covered.get(key) ?? 0) - 1);
  }
  return rules.filter((rule) => kept.has(rule));
}
