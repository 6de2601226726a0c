/**
 * The fewest rules found that allow a set of cells and nothing else. A cell is one group of ends that may connect to
 * another on one port; a rule is every combination of its sources, destinations and ports. To find the least number is
 * as hard as covering a graph with bicliques, so this takes the rule that covers most of what is left, again and again,
 * and then drops those that the others made needless.
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

type Part = keyof Cell;

const orders: readonly (readonly Part[])[] = [
  ['port', 'from', 'to'],
  ['port', 'to', 'from'],
  ['from', 'port', 'to'],
  ['to', 'port', 'from'],
  ['from', 'to', 'port'],
  ['to', 'from', 'port'],
];

/** Cells from which a rule is grown in each round; more would take long and find little. */
const mostSeeds = 40;

function keyOf({ from, to, port }: Cell): string {
  return `${from}\0${to}\0${port}`;
}

type Grown = Record<Part, string[]>;

/** The cells that a rule gains by another value of a part. */
function* gained(rule: Grown, part: Part, value: string): Generator<Cell> {
  const wide: Grown = { ...rule, [part]: [value] };
  for (const from of wide.from) for (const to of wide.to) for (const port of wide.port) yield { from, to, port };
}

class Cells {
  readonly keys: ReadonlySet<string>;
  private readonly neighbours: Readonly<Record<Part, Map<string, Set<string>>>>;

  constructor(cells: readonly Cell[]) {
    this.keys = new Set(cells.map(keyOf));
    this.neighbours = { from: new Map(), to: new Map(), port: new Map() };
    for (const cell of cells)
      for (const part of ['from', 'to', 'port'] as const) {
        const key = keyOf({ ...cell, [part]: '' });
        const values = this.neighbours[part].get(key);
        if (values === undefined) this.neighbours[part].set(key, new Set([cell[part]]));
        else values.add(cell[part]);
      }
  }

  /** The largest rule around a cell when its parts are widened in this order. */
  grow(seed: Cell, order: readonly Part[]): Grown {
    const rule: Grown = { from: [seed.from], to: [seed.to], port: [seed.port] };
    for (const part of order)
      for (const value of this.neighbours[part].get(keyOf({ ...seed, [part]: '' })) ?? []) {
        if (value === seed[part]) continue;
        if ([...gained(rule, part, value)].every((cell) => this.keys.has(keyOf(cell)))) rule[part].push(value);
      }
    return rule;
  }
}

function cellsOf({ from, to, port }: Grown): string[] {
  return from.flatMap((source) =>
    to.flatMap((destination) => port.map((one) => keyOf({ from: source, to: destination, port: one }))),
  );
}

/** Cells MUST come in one order for equal inputs to give equal rules. */
export function coverCells(cells: readonly Cell[]): readonly CellRule[] {
  const all = new Cells(cells);
  const open = new Map(cells.map((cell) => [keyOf(cell), cell]));
  const rules: Grown[] = [];
  while (open.size > 0) {
    let best: { readonly rule: Grown; readonly covers: number } | null = null;
    for (const seed of [...open.values()].slice(0, mostSeeds))
      for (const order of orders) {
        const rule = all.grow(seed, order);
        const covers = cellsOf(rule).filter((key) => open.has(key)).length;
        if (best === null || covers > best.covers) best = { rule, covers };
      }
    if (best === null) break;
    rules.push(best.rule);
    for (const key of cellsOf(best.rule)) open.delete(key);
  }
  return needed(rules).map(({ from, to, port }) => ({ from, to, ports: port }));
}

/** Leaves out rules whose cells the others cover; the last found covered least, and goes first. */
function needed(rules: readonly Grown[]): readonly Grown[] {
  const covered = new Map<string, number>();
  for (const rule of rules) for (const key of cellsOf(rule)) covered.set(key, (covered.get(key) ?? 0) + 1);
  const kept = new Set(rules);
  for (const rule of rules.toReversed()) {
    const keys = cellsOf(rule);
    if (!keys.every((key) => (covered.get(key) ?? 0) > 1)) continue;
    kept.delete(rule);
    for (const key of keys) covered.set(key, (covered.get(key) ?? 0) - 1);
  }
  return rules.filter((rule) => kept.has(rule));
}
