/** Arbitrary Calico policies, tiers and network sets, each selector both as text and as a test of labels. */

import fc from 'fast-check';

export type Labels = Readonly<Record<string, string>>;

/** A selector as Calico writes it, and what it means, made side by side. */
export interface Selector {
  readonly text: string;
  readonly holds: (labels: Labels) => boolean;
}

export interface EntityRule {
  readonly selector?: Selector;
  readonly notSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly nets?: readonly string[];
  readonly notNets?: readonly string[];
  readonly ports?: readonly (number | string)[];
  readonly notPorts?: readonly (number | string)[];
}

export interface CalicoRule {
  readonly action: 'Allow' | 'Deny' | 'Pass' | 'Log';
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP' | 'ICMP';
  readonly notProtocol?: 'TCP' | 'UDP' | 'ICMP';
  readonly source: EntityRule;
  readonly destination: EntityRule;
}

export interface CalicoPolicy {
  readonly kind: 'NetworkPolicy' | 'GlobalNetworkPolicy' | 'StagedGlobalNetworkPolicy';
  readonly name: string;
  readonly namespace?: string;
  readonly tier?: string;
  readonly order?: number;
  readonly selector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly types?: readonly ('Ingress' | 'Egress')[];
  readonly ingress: readonly CalicoRule[];
  readonly egress: readonly CalicoRule[];
}

export interface CalicoSet {
  readonly namespace?: string;
  readonly name: string;
  readonly labels: Labels;
  readonly nets: readonly string[];
}

export interface Tier {
  readonly name: string;
  readonly order?: number;
  readonly defaultAction?: 'Deny' | 'Pass';
}

const words: Readonly<Record<string, readonly string[]>> = { app: ['web', 'api', 'db'], tier: ['x', 'y'] };
const namespaceWords: Readonly<Record<string, readonly string[]>> = {
  team: ['red', 'blue'],
  'kubernetes.io/metadata.name': ['a', 'b', 'c'],
  'projectcalico.org/name': ['a', 'b', 'c'],
};

function quoted(value: string): string {
  return value.length % 2 === 0 ? `'${value}'` : `"${value}"`;
}

function terms(vocabulary: Readonly<Record<string, readonly string[]>>, prefix: string): fc.Arbitrary<Selector> {
  const key = fc.constantFrom(...Object.keys(vocabulary));
  return key.chain((name) => {
    const values = vocabulary[name] ?? [];
    const label = `${prefix}${name}`;
    return fc.oneof(
      fc.constantFrom(...values).chain((value) =>
        fc.constantFrom<Selector>(
          { text: `${name} == ${quoted(value)}`, holds: (labels) => labels[label] === value },
          { text: `${name}!=${quoted(value)}`, holds: (labels) => labels[label] !== value },
          {
            text: `${name} contains ${quoted(value.slice(1))}`,
            holds: (labels) => labels[label]?.includes(value.slice(1)) ?? false,
          },
          {
            text: `${name} starts with ${quoted(value.slice(0, 1))}`,
            holds: (labels) => labels[label]?.startsWith(value.slice(0, 1)) ?? false,
          },
          {
            text: `${name} ends with ${quoted(value.slice(-1))}`,
            holds: (labels) => labels[label]?.endsWith(value.slice(-1)) ?? false,
          },
        ),
      ),
      fc.subarray([...values]).chain((some) =>
        fc.constantFrom<Selector>(
          {
            text: `${name} in { ${some.map(quoted).join(', ')} }`,
            holds: (labels) => some.some((value) => value === labels[label]),
          },
          {
            text: `${name} not in {${some.map(quoted).join(',')}}`,
            holds: (labels) => !some.some((value) => value === labels[label]),
          },
        ),
      ),
      fc.constantFrom<Selector>(
        { text: `has(${name})`, holds: (labels) => labels[label] !== undefined },
        { text: `!has( ${name} )`, holds: (labels) => labels[label] === undefined },
      ),
    );
  });
}

/** Precedence is in the text: `||` is weaker than `&&`, which is weaker than `!`. */
function combined(term: fc.Arbitrary<Selector>): fc.Arbitrary<Selector> {
  const and = fc.array(term, { minLength: 2, maxLength: 3 }).map((parts) => ({
    text: parts.map(({ text }) => text).join(' && '),
    holds: (labels: Labels) => parts.every((part) => part.holds(labels)),
  }));
  const or = fc.array(fc.oneof(term, and), { minLength: 2, maxLength: 3 }).map((parts) => ({
    text: parts.map(({ text }) => text).join(' || '),
    holds: (labels: Labels) => parts.some((part) => part.holds(labels)),
  }));
  const not = fc.oneof(term, or).map((part) => ({
    text: `! (${part.text})`,
    holds: (labels: Labels) => !part.holds(labels),
  }));
  const nested = fc.tuple(term, or).map(([first, second]) => ({
    text: `${first.text} && (${second.text})`,
    holds: (labels: Labels) => first.holds(labels) && second.holds(labels),
  }));
  return fc.oneof({ weight: 4, arbitrary: term }, and, or, not, nested);
}

const ofPods = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Selector>({ text: 'all()', holds: () => true }) },
  { weight: 5, arbitrary: combined(terms(words, '')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Selector>(
      { text: "projectcalico.org/namespace == 'a'", holds: (labels) => labels['projectcalico.org/namespace'] === 'a' },
      {
        text: "projectcalico.org/orchestrator == 'k8s'",
        holds: (labels) => labels['projectcalico.org/orchestrator'] === 'k8s',
      },
      { text: "pcns.team == 'red'", holds: (labels) => labels['pcns.team'] === 'red' },
    ),
  },
);
const inNamespace = (labels: Labels) => labels['projectcalico.org/namespace'] !== undefined;
const ofNamespaces = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Selector>({ text: 'all()', holds: inNamespace }) },
  { weight: 3, arbitrary: combined(terms(namespaceWords, 'pcns.')) },
);
const ofNamespacesInRules = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Selector>({ text: 'global()', holds: (labels) => !inNamespace(labels) }) },
  { weight: 4, arbitrary: ofNamespaces },
);

const net = fc.constantFrom(
  '0.0.0.0/0',
  '10.0.0.0/24',
  '10.0.0.2/32',
  '10.0.0.3',
  '192.168.0.0/16',
  '10.0.0.4/30',
  'fd00::/8',
);
const port = fc.constantFrom<(number | string)[]>(80, '79:81', '443', 'http', 'dns', '53:100');

const entity = (withPorts: boolean): fc.Arbitrary<EntityRule> =>
  fc
    .record(
      {
        selector: ofPods,
        notSelector: ofPods,
        namespaceSelector: ofNamespacesInRules,
        nets: fc.array(net, { minLength: 1, maxLength: 2 }),
        notNets: fc.array(net, { minLength: 1, maxLength: 2 }),
        ...(withPorts
          ? {
              ports: fc.array(port, { minLength: 1, maxLength: 2 }),
              notPorts: fc.array(port, { minLength: 1, maxLength: 2 }),
            }
          : {}),
      },
      { requiredKeys: [] },
    )
    .map((all) => all);

const sparse = (full: EntityRule, mask: readonly boolean[]): EntityRule =>
  Object.fromEntries(Object.entries(full).filter((_, at) => mask[at] ?? false));

const mask = fc.array(
  fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  {
    minLength: 7,
    maxLength: 7,
  },
);

const rule: fc.Arbitrary<CalicoRule> = fc
  .record({
    action: fc.constantFrom(
      'Allow' as const,
      'Allow' as const,
      'Deny' as const,
      'Deny' as const,
      'Pass' as const,
      'Log' as const,
    ),
    protocol: fc.option(
      fc.constantFrom('TCP' as const, 'TCP' as const, 'UDP' as const, 'SCTP' as const, 'ICMP' as const),
      {
        nil: undefined,
      },
    ),
    notProtocol: fc.option(fc.constantFrom('TCP' as const, 'UDP' as const, 'ICMP' as const), {
      nil: undefined,
      freq: 4,
    }),
    source: fc.tuple(entity(false), mask).map(([full, some]) => sparse(full, some)),
    destination: fc.tuple(entity(true), mask).map(([full, some]) => sparse(full, some)),
  })
  .map(({ protocol, notProtocol, destination, ...rest }) => {
    const { ports, notPorts, ...portless } = destination;
    const hasPorts = protocol !== undefined && protocol !== 'ICMP';
    return {
      ...rest,
      ...(protocol === undefined ? (notProtocol === undefined ? {} : { notProtocol }) : { protocol }),
      destination: hasPorts
        ? { ...portless, ...(ports === undefined ? {} : { ports }), ...(notPorts === undefined ? {} : { notPorts }) }
        : portless,
    };
  });

const rules = fc.array(rule, { maxLength: 3 });

const body = {
  tier: fc.constantFrom('default', 'default', 'security', 'platform', 'lost', 'kube-admin', 'kube-baseline'),
  order: fc.constantFrom(1, 1000, 1000.5, 2000),
  selector: ofPods,
  types: fc.constantFrom<('Ingress' | 'Egress')[][]>(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
};

const optional = ['tier', 'order', 'selector', 'types'] as const;

function without<T extends object>(value: T, keys: readonly (keyof T)[], keep: readonly boolean[]): T {
  const result = { ...value };
  for (const [at, key] of keys.entries()) if (!(keep[at] ?? true)) delete result[key];
  return result;
}

const keep = fc.array(fc.boolean(), { minLength: 5, maxLength: 5 });

const namespaced = fc
  .tuple(
    fc.record({
      kind: fc.constant('NetworkPolicy' as const),
      name: fc.constantFrom('a-first', 'm-second', 'z-third'),
      namespace: fc.constantFrom('a', 'b', 'c'),
      ...body,
      ingress: rules,
      egress: rules,
    }),
    keep,
  )
  .map(([policy, some]): CalicoPolicy => without(policy, optional, some));

const global = fc
  .tuple(
    fc.record({
      kind: fc.constantFrom(
        'GlobalNetworkPolicy' as const,
        'GlobalNetworkPolicy' as const,
        'StagedGlobalNetworkPolicy' as const,
      ),
      name: fc.constantFrom('a-global', 'm-global', 'z-global'),
      ...body,
      namespaceSelector: ofNamespaces,
      ingress: rules,
      egress: rules,
    }),
    keep,
  )
  .map(([policy, some]): CalicoPolicy => without(policy, [...optional, 'namespaceSelector'], some));

/** Policies with names of their own. */
export const calicoPolicies: fc.Arbitrary<CalicoPolicy[]> = fc.uniqueArray(fc.oneof(namespaced, global), {
  maxLength: 5,
  selector: ({ kind, namespace, name }) => `${kind} ${namespace} ${name}`,
});

/** `lost` has policies and no object. */
export const tiers: fc.Arbitrary<Tier[]> = fc
  .record({
    security: fc.record(
      { order: fc.constantFrom(10, 2_000_000), defaultAction: fc.constantFrom('Deny' as const, 'Pass' as const) },
      { requiredKeys: [] },
    ),
    platform: fc.record({ order: fc.constantFrom(10, 20) }, { requiredKeys: [] }),
  })
  .map(({ security, platform }) => [
    { name: 'security', ...security },
    { name: 'platform', ...platform },
  ]);

/** Network sets whose addresses overlap those of pods and of the outside. */
export const networkSets: fc.Arbitrary<CalicoSet[]> = fc
  .array(
    fc.record(
      {
        namespace: fc.constantFrom('a', 'b'),
        labels: fc.record({ app: fc.constantFrom('web', 'db'), tier: fc.constantFrom('x', 'y') }, { requiredKeys: [] }),
        nets: fc.array(fc.constantFrom('10.0.0.200/32', '192.168.1.1', '10.0.0.2', 'fd00::/8', '10.1.0.0/16'), {
          maxLength: 2,
        }),
      },
      { requiredKeys: ['labels', 'nets'] },
    ),
    { maxLength: 2 },
  )
  .map((sets) => sets.map((set, at) => ({ ...set, name: `set-${at}` })));
