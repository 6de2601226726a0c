import type { Policy, Rule } from '../../src/policies/model.js';
import type { EstateInputs, FigureEdge, FigureWorkload, WindowInputs } from '../../src/figures/model.js';
import { criticalities } from '../../src/figures/model.js';

/** Chance that comes out the same for the same seed (mulberry32). */
export function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

export function workload(number: number, segment: string | null, namespace = `ns${number % 3}`): FigureWorkload {
  const name = `w${String(number).padStart(4, '0')}`;
  return { key: `k8s:${namespace}/${name}`, namespace, name, labels: { app: name, group: `g${number % 4}` }, segment };
}

/** A NetworkPolicy of a namespace on the pods with some labels; `null` leaves a direction alone. */
export function policy(
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>>,
  rules: { readonly ingress: readonly Rule[] | null; readonly egress: readonly Rule[] | null },
): Policy {
  return {
    id: { system: 'kubernetes', kind: 'NetworkPolicy', namespace, name },
    tier: 'NetworkPolicy',
    tierOrder: 1_000_000,
    precedence: 'additive',
    priority: null,
    subject: { namespaces: 'own', pods: selector(labels) },
    ...rules,
    isolates: { ingress: rules.ingress !== null, egress: rules.egress !== null },
    staged: null,
  };
}

function selector(labels: Readonly<Record<string, string>>) {
  return Object.entries(labels).map(([key, value]) => ({ key, operator: 'In' as const, values: [value] }));
}

/** Accepts TCP to some ports from or to the pods of all namespaces that have the labels. */
export function allow(labels: Readonly<Record<string, string>>, ports: readonly number[]): Rule {
  return {
    name: null,
    action: 'Accept',
    peers: [{ kind: 'pods', namespaces: [], pods: selector(labels) }],
    ports: ports.map((port) => ({ kind: 'range', protocol: 'TCP', first: port, last: port })),
  };
}

/** An estate made up of chance: segments, default deny in places, rules by group. */
export function madeUpEstate(seed: number, size = 14): EstateInputs {
  const draw = chance(seed);
  const segments = Array.from({ length: 4 }, (_, place) => ({
    name: `s${place}`,
    criticality: criticalities[draw(4)] ?? 'low',
    namespace: `ns${place % 3}`,
  }));
  const workloads = Array.from({ length: size }, (_, number) => workload(number, draw(5) === 0 ? null : `s${draw(4)}`));
  const policies = Array.from({ length: 10 }, (_, number) => {
    const rules = () =>
      draw(3) === 0
        ? null
        : Array.from({ length: draw(3) }, () => allow({ group: `g${draw(4)}` }, [80 + draw(3), 443]));
    const subject: Record<string, string> = draw(3) === 0 ? {} : { group: `g${draw(4)}` };
    return policy(`ns${draw(3)}`, `p${number}`, subject, { ingress: rules(), egress: rules() });
  });
  return { workloads, segments, policies, objectsInForce: 11, objectsModelled: 10 };
}

export function edge(source: string, destination: string, port: number, verdict = 'allow', flows = 1): FigureEdge {
  return {
    source,
    destination,
    protocol: 'tcp',
    port,
    verdict,
    flows,
    lastTime: '2026-03-20T10:00:00.000Z',
    lastIndex: 7,
  };
}

export function madeUpWindow(seed: number, { workloads }: EstateInputs): WindowInputs {
  const draw = chance(seed ^ 0x5eed);
  const key = () => workloads[draw(workloads.length)]?.key ?? '';
  const verdicts = ['allow', 'deny', 'would_deny', 'none'];
  return {
    from: '2026-03-01T00:00:00.000Z',
    asOf: '2026-03-31T00:00:00.000Z',
    edges: Array.from({ length: 60 }, () =>
      edge(
        key(),
        draw(9) === 0 ? 'ip:192.0.2.7' : key(),
        draw(8) === 0 ? -1 : 79 + draw(5),
        verdicts[draw(4)],
        1 + draw(9),
      ),
    ),
    findings: Array.from({ length: 12 }, (_, number) => {
      const hour = (day: number) => `2026-03-${String(day).padStart(2, '0')}T10:00:00.000Z`;
      const opened = 2 + draw(20);
      return {
        id: `f${number}`,
        kind: ['violation', 'drift', 'gap'][draw(3)] ?? 'gap',
        cause: `c${draw(4)}`,
        segment: draw(3) === 0 ? null : `s${draw(4)}`,
        occurredAt: hour(opened - 1),
        openedAt: hour(opened),
        closedAt: draw(2) === 0 ? null : hour(opened + draw(6)),
      };
    }),
    closedBefore: ['violation c1'],
    versions: Array.from({ length: 9 }, (_, index) => ({
      index,
      namespace: `ns${draw(3)}`,
      eventTime: '2026-03-09T10:00:00.000Z',
      authorised: draw(3) > 0,
      contentKnown: draw(4) > 0,
    })),
    records: { received: 1000, rejected: draw(50), missing: draw(9), gaps: draw(3) },
  };
}
