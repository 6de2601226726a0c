/** For every pair of ends: which connections are allowed, which denied, and what decides each. */

import { protocols, type Direction } from './model.js';
import { explainSide, type ExplainedSide } from './flow-questions.js';
import { addressEnd, type PathEnd } from './simulation/connectivity.js';
import type { Engine, Guard } from './simulation/evaluate.js';
import type { PortRange } from './simulation/ports.js';
import type { CompiledRule } from './simulation/rules.js';

/** Connections of one pair that are decided alike; the allowed ones come first. */
export interface ExplainedPart {
  readonly verdict: 'allow' | 'deny';
  readonly ports: readonly PortRange[];
  readonly egress: ExplainedSide;
  readonly ingress: ExplainedSide;
}

export interface ExplainedPair {
  readonly source: PathEnd;
  readonly destination: PathEnd;
  readonly parts: readonly ExplainedPart[];
}

function rulesOf(guard: Guard): CompiledRule[] {
  return guard.flatMap(({ steps }) =>
    steps.flatMap((step) =>
      step.precedence === 'ordered' ? step.rules : [...step.denying.flat(), ...step.allowing.flat()],
    ),
  );
}

/** Where a verdict can change along the ports of a protocol: every port that begins a range or follows one. */
class PortCuts {
  private readonly known = new Map<Guard, readonly (readonly number[])[]>();

  constructor(private readonly engine: Engine) {}

  private ofGuard(direction: Direction, endpoint: number): readonly (readonly number[])[] {
    const guard = this.engine.guard(direction, endpoint);
    if (guard === null) return [];
    let cuts = this.known.get(guard);
    if (cuts === undefined) {
      const ranges = rulesOf(guard).flatMap(({ ports, notPorts }) => [...(ports ?? []), ...notPorts]);
      cuts = protocols.map((_, protocol) =>
        ranges
          .filter((range) => range.declared === null && range.protocol === protocol)
          .flatMap(({ first, last }) => [Math.max(first, 1), last + 1]),
      );
      this.known.set(guard, cuts);
    }
    return cuts;
  }

  between(source: number, destination: number, protocol: number): number[] {
    const declared = this.engine.topology.pods[destination]?.namedPorts ?? [];
    const cuts = [
      1,
      ...(this.ofGuard('egress', source)[protocol] ?? []),
      ...(this.ofGuard('ingress', destination)[protocol] ?? []),
      ...declared.filter((port) => port.protocol === protocols[protocol]).flatMap(({ port }) => [port, port + 1]),
    ];
    return [...new Set(cuts)].filter((port) => port <= 65535).sort((a, b) => a - b);
  }
}

function partsOf(engine: Engine, cuts: PortCuts, source: number, destination: number): ExplainedPart[] {
  const parts = new Map<
    string,
    { verdict: 'allow' | 'deny'; ports: PortRange[]; egress: ExplainedSide; ingress: ExplainedSide }
  >();
  for (const [number, protocol] of protocols.entries()) {
    const starts = cuts.between(source, destination, number);
    for (const [at, first] of starts.entries()) {
      const last = (starts[at + 1] ?? 65536) - 1;
      const { allowed, egress, ingress } = engine.verdictOf(source, destination, number, first);
      const key = JSON.stringify([egress, ingress]);
      const part = parts.get(key);
      const before = part?.ports.at(-1);
      if (part === undefined)
        parts.set(key, {
          verdict: allowed ? 'allow' : 'deny',
          ports: [{ protocol, first, last }],
          egress: explainSide('egress', egress),
          ingress: explainSide('ingress', ingress),
        });
      else if (before?.protocol === protocol && before.last === first - 1)
        part.ports.splice(-1, 1, { ...before, last });
      else part.ports.push({ protocol, first, last });
    }
  }
  const found = [...parts.values()];
  return [...found.filter(({ verdict }) => verdict === 'allow'), ...found.filter(({ verdict }) => verdict === 'deny')];
}

/** Every pair with a workload in it, a workload and itself aside; neighbouring addresses decided alike are one end. */
export function* explainPairs(engine: Engine): Generator<ExplainedPair> {
  const { podCount, intervals, topology } = engine;
  const cuts = new PortCuts(engine);
  for (const [source, from] of topology.pods.entries()) {
    for (const [destination, to] of topology.pods.entries())
      if (source !== destination)
        yield {
          source: { pod: from.key },
          destination: { pod: to.key },
          parts: partsOf(engine, cuts, source, destination),
        };
    for (const direction of ['egress', 'ingress'] as const) {
      const merged: { family: 4 | 6; first: bigint; last: bigint; key: string; parts: ExplainedPart[] }[] = [];
      for (let interval = 0; interval < intervals.count; interval++) {
        const far = podCount + interval;
        const parts = direction === 'egress' ? partsOf(engine, cuts, source, far) : partsOf(engine, cuts, far, source);
        const key = JSON.stringify(parts);
        const range = intervals.range(interval);
        const before = merged.at(-1);
        if (before?.family === range.family && before.key === key) before.last = range.last;
        else merged.push({ ...range, key, parts });
      }
      for (const { parts, ...range } of merged) {
        const ends: [PathEnd, PathEnd] = [{ pod: from.key }, addressEnd(range)];
        const [near, far] = direction === 'egress' ? ends : ends.toReversed();
        if (near !== undefined && far !== undefined) yield { source: near, destination: far, parts };
      }
    }
  }
}
