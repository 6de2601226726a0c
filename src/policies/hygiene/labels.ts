/** Labels that selectors read and nobody has, and labels that are written in several ways. */

import { policyIdText, type Direction, type Policy, type Requirement, type Selector } from '../model.js';
import { namespaceLabels, type Topology } from '../simulation/topology.js';
import type { HygieneFinding } from './findings.js';

type Holder = 'workload' | 'namespace';
type Vocabulary = ReadonlyMap<string, ReadonlySet<string>>;

function vocabulary(all: Iterable<Readonly<Record<string, string>>>): Vocabulary {
  const values = new Map<string, Set<string>>();
  for (const labels of all)
    for (const [key, value] of Object.entries(labels)) {
      const known = values.get(key);
      if (known === undefined) values.set(key, new Set([value]));
      else known.add(value);
    }
  return values;
}

interface Use {
  readonly holder: Holder;
  readonly selector: Selector;
  readonly place: string;
}

const directions: readonly Direction[] = ['ingress', 'egress'];

function usesOf(policy: Policy): Use[] {
  const podSet = (set: Policy['subject'], place: string): Use[] => [
    ...(set.namespaces === 'own' ? [] : [{ holder: 'namespace' as const, selector: set.namespaces, place }]),
    { holder: 'workload', selector: set.pods, place },
  ];
  const ofRules = directions.flatMap((direction) =>
    (policy[direction] ?? []).flatMap(({ peers }, at) =>
      (peers ?? []).flatMap((peer) => (peer.kind === 'pods' ? podSet(peer, `${direction}[${at}]`) : [])),
    ),
  );
  return [...podSet(policy.subject, ''), ...ofRules];
}

function orphanOf({ key, operator, values }: Requirement, holder: Holder, words: Vocabulary): string | null {
  if (operator === 'DoesNotExist') return null;
  const known = words.get(key);
  if (known === undefined) return `no ${holder} has the label ${key}`;
  const missing = values.filter((value) => !known.has(value));
  if (operator === 'Exists' || missing.length === 0) return null;
  return `no ${holder} has the label ${key} with the value ${missing.join(' or ')}`;
}

/** Terms of selectors that name a label, or a value of one, which nothing in the topology has. */
export function orphanLabels(policies: readonly Policy[], topology: Topology): HygieneFinding[] {
  const words = {
    workload: vocabulary(topology.pods.map(({ labels }) => labels)),
    namespace: vocabulary(namespaceLabels(topology).values()),
  };
  return policies.flatMap((policy) =>
    usesOf(policy).flatMap(({ holder, selector, place }) =>
      selector.flatMap((requirement): HygieneFinding[] => {
        const message = orphanOf(requirement, holder, words[holder]);
        if (message === null) return [];
        return [
          {
            check: 'orphan-label',
            severity: 'warning',
            policies: [policyIdText(policy.id)],
            place,
            others: [],
            message,
          },
        ];
      }),
    ),
  );
}

/** What spellings of one word have in common. */
function plain(text: string): string {
  return text.toLowerCase().replace(/[-_.]/g, '');
}

function spellings(words: Iterable<string>): string[][] {
  const groups = new Map<string, string[]>();
  for (const word of words) {
    const group = groups.get(plain(word));
    if (group === undefined) groups.set(plain(word), [word]);
    else group.push(word);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

function inconsistent(message: string): HygieneFinding {
  return { check: 'inconsistent-labels', severity: 'warning', policies: [], place: '', others: [], message };
}

/** Labels that workloads write in several ways, and workloads whose pods differ in what selectors read. */
export function inconsistentLabels(topology: Topology): HygieneFinding[] {
  const words = vocabulary(topology.pods.map(({ labels }) => labels));
  const keys = spellings(words.keys()).map((group) =>
    inconsistent(`label keys that differ in spelling only: ${group.join(', ')}`),
  );
  const values = [...words].flatMap(([key, known]) =>
    spellings(known).map((group) =>
      inconsistent(`values of the label ${key} that differ in spelling only: ${group.join(', ')}`),
    ),
  );
  const split = topology.pods.filter(({ key }) => /#\d+$/.test(key)).map(({ key }) => key.replace(/#\d+$/, ''));
  const pods = [...new Set(split)].map((key) =>
    inconsistent(`pods of ${key} differ in labels that selectors read, or in named ports or service account`),
  );
  return [...keys, ...values, ...pods];
}
