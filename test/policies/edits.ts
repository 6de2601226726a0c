/** Edits of a raw NetworkPolicy: those that say the same in another spelling, and those that may say something else. */

import type { RawPolicy, RawPort, RawRule, RawSelector } from './clusters.js';

/** Changes a copy in place; `pick(n)` is a number below n. Doing nothing means that the edit did not apply. */
export type Edit = (policy: RawPolicy, pick: (n: number) => number) => void;

const sides = { ingress: 'from', egress: 'to' } as const;

function rulesOf({ spec }: RawPolicy): RawRule[] {
  return [...(spec.ingress ?? []), ...(spec.egress ?? [])];
}

function portsOf(policy: RawPolicy): RawPort[] {
  return rulesOf(policy).flatMap((rule) => rule.ports ?? []);
}

function peersOf(policy: RawPolicy) {
  return rulesOf(policy).flatMap((rule) => rule.from ?? rule.to ?? []);
}

function selectorsOf(policy: RawPolicy): RawSelector[] {
  const inPeers = peersOf(policy).flatMap(({ podSelector, namespaceSelector }) => [podSelector, namespaceSelector]);
  return [policy.spec.podSelector, ...inPeers].filter((selector) => selector !== undefined);
}

function each(policy: RawPolicy, change: (rules: RawRule[], side: 'from' | 'to') => RawRule[]): void {
  for (const direction of ['ingress', 'egress'] as const) {
    const rules = policy.spec[direction];
    if (rules !== undefined) policy.spec[direction] = change(rules, sides[direction]);
  }
}

function twice<T>(list: readonly T[]): T[] {
  return [...list, ...list.slice(0, 1)].map((item) => structuredClone(item));
}

const otherSpelling: Record<string, string> = {
  '0.0.0.0/0': '1.2.3.4/0',
  '10.0.0.0/8': '10.200.7.9/8',
  '10.0.0.0/24': '10.0.0.77/24',
  '192.168.0.0/16': '192.168.255.255/16',
  'fd00::/8': 'FD12:0:0::1/8',
  '::/0': '0:0:0:0:0:0:0:1/0',
};

/** Edits after which the policy means what it meant before. */
export const preserving: Record<string, Edit> = {
  'rules in another order': (policy) => each(policy, (rules) => [...rules].reverse()),
  'peers in another order': (policy) => {
    for (const rule of rulesOf(policy)) (rule.from ?? rule.to)?.reverse();
  },
  'ports in another order': (policy) => {
    for (const rule of rulesOf(policy)) rule.ports?.reverse();
  },
  'default protocol written': (policy) => {
    for (const port of portsOf(policy)) port.protocol ??= 'TCP';
  },
  'default protocol left out': (policy) => {
    for (const port of portsOf(policy)) if (port.protocol === 'TCP') delete port.protocol;
  },
  'protocol in lower case': (policy) => {
    for (const port of portsOf(policy)) if (port.protocol !== undefined) port.protocol = port.protocol.toLowerCase();
  },
  'endPort equal to port written': (policy) => {
    for (const port of portsOf(policy)) if (typeof port.port === 'number') port.endPort ??= port.port;
  },
  'port range split': (policy) => {
    for (const rule of rulesOf(policy))
      rule.ports =
        rule.ports?.flatMap((port): RawPort[] =>
          typeof port.port === 'number' && port.endPort !== undefined && port.endPort > port.port
            ? [
                { ...port, endPort: port.port },
                { ...port, port: port.port + 1 },
              ]
            : [port],
        ) ?? [];
  },
  'default policyTypes written': ({ spec }) => {
    if ((spec.policyTypes ?? []).length > 0) return;
    spec.policyTypes = ['Ingress', ...((spec.egress ?? []).length > 0 ? ['Egress'] : [])];
  },
  'policyTypes in another order, and one twice': ({ spec }) => {
    if (spec.policyTypes?.length === 1) spec.policyTypes.push(...spec.policyTypes);
    else spec.policyTypes?.reverse();
  },
  'rules of a direction that is not governed': ({ spec }) => {
    if (spec.policyTypes?.length !== 1) return;
    spec[spec.policyTypes[0] === 'Ingress' ? 'egress' : 'ingress'] = [{}];
  },
  'empty lists left out': ({ spec }) => {
    for (const direction of ['ingress', 'egress'] as const) {
      if (spec[direction]?.length === 0) delete spec[direction];
      for (const rule of spec[direction] ?? [])
        for (const list of [sides[direction], 'ports'] as const) if (rule[list]?.length === 0) delete rule[list];
    }
  },
  'empty lists written': ({ spec }) => {
    for (const direction of ['ingress', 'egress'] as const) {
      spec[direction] ??= [];
      for (const rule of spec[direction]) {
        rule[sides[direction]] ??= [];
        rule.ports ??= [];
      }
    }
    spec.policyTypes ??= [];
  },
  'empty members of selectors written': (policy) => {
    for (const selector of selectorsOf(policy)) {
      selector.matchLabels ??= {};
      selector.matchExpressions ??= [];
    }
  },
  'matchLabels as expressions': (policy) => {
    for (const selector of selectorsOf(policy)) {
      const terms = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
        key,
        operator: 'In',
        values: [value],
      }));
      selector.matchExpressions = [...(selector.matchExpressions ?? []), ...terms];
      delete selector.matchLabels;
    }
  },
  'values of expressions in another order, and one twice': (policy) => {
    for (const selector of selectorsOf(policy))
      for (const term of selector.matchExpressions ?? [])
        if (term.values !== undefined) term.values = twice(term.values).reverse();
  },
  'expressions twice': (policy) => {
    for (const selector of selectorsOf(policy)) selector.matchExpressions = twice(selector.matchExpressions ?? []);
  },
  'CIDRs with host bits or in long form': (policy) => {
    for (const { ipBlock } of peersOf(policy))
      if (ipBlock !== undefined) ipBlock.cidr = otherSpelling[ipBlock.cidr] ?? ipBlock.cidr;
  },
  'except in another order, and one twice': (policy) => {
    for (const { ipBlock } of peersOf(policy))
      if (ipBlock?.except !== undefined) ipBlock.except = twice(ipBlock.except).reverse();
  },
  'a rule twice': (policy) => each(policy, twice),
  'a peer and a port twice': (policy) => {
    for (const rule of rulesOf(policy)) {
      if (rule.from !== undefined) rule.from = twice(rule.from);
      if (rule.to !== undefined) rule.to = twice(rule.to);
      if (rule.ports !== undefined) rule.ports = twice(rule.ports);
    }
  },
  'rules split by peer': (policy) =>
    each(policy, (rules, side) =>
      rules.flatMap((rule) => {
        const peers = rule[side] ?? [];
        return peers.length === 0 ? [rule] : peers.map((peer) => ({ ...structuredClone(rule), [side]: [peer] }));
      }),
    ),
  'rules split by port': (policy) =>
    each(policy, (rules) =>
      rules.flatMap((rule) => {
        const ports = rule.ports ?? [];
        return ports.length === 0 ? [rule] : ports.map((port) => ({ ...structuredClone(rule), ports: [port] }));
      }),
    ),
  'other metadata': ({ metadata }, pick) => {
    metadata['labels'] = { owner: `team-${pick(9)}` };
    metadata['resourceVersion'] = String(pick(1000));
    metadata['managedFields'] = [{ manager: 'kubectl' }];
  },
};

function one<T>(list: readonly T[], pick: (n: number) => number): T | undefined {
  return list[pick(Math.max(1, list.length))];
}

const opposite: Record<string, string> = { In: 'NotIn', NotIn: 'In', Exists: 'DoesNotExist', DoesNotExist: 'Exists' };

/** Edits that change what the policy says; whether any flow notices depends on the cluster. */
export const changing: Record<string, Edit> = {
  'a rule removed': ({ spec }, pick) => {
    const rules = one([spec.ingress, spec.egress], pick);
    rules?.splice(pick(Math.max(1, rules.length)), 1);
  },
  'a rule that allows everything added': ({ spec }, pick) => {
    if (pick(2) === 0) spec.ingress = [...(spec.ingress ?? []), {}];
    else spec.egress = [...(spec.egress ?? []), {}];
  },
  'another port': (policy, pick) => {
    const port = one(portsOf(policy), pick);
    if (typeof port?.port === 'number') port.port = port.port === 80 ? 79 : 80;
  },
  'another last port': (policy, pick) => {
    const port = one(portsOf(policy), pick);
    if (typeof port?.port === 'number') port.endPort = (port.endPort ?? port.port) + 1;
  },
  'another protocol': (policy, pick) => {
    const port = one(portsOf(policy), pick);
    if (port !== undefined) port.protocol = port.protocol === 'UDP' ? 'SCTP' : 'UDP';
  },
  'a port no longer named': (policy, pick) => {
    const port = one(portsOf(policy), pick);
    if (port !== undefined) {
      delete port.port;
      delete port.endPort;
    }
  },
  'any port': (policy, pick) => {
    delete one(rulesOf(policy), pick)?.ports;
  },
  'any peer': (policy, pick) => {
    const rule = one(rulesOf(policy), pick);
    delete rule?.from;
    delete rule?.to;
  },
  'an empty selector': (policy, pick) => {
    const selector = one(selectorsOf(policy), pick);
    delete selector?.matchLabels;
    delete selector?.matchExpressions;
  },
  'another label': (policy, pick) => {
    const selector = one(selectorsOf(policy), pick);
    if (selector !== undefined) selector.matchLabels = { app: one(['web', 'api', 'db'], pick) ?? 'web' };
  },
  'the opposite operator': (policy, pick) => {
    const term = one(
      selectorsOf(policy).flatMap((selector) => selector.matchExpressions ?? []),
      pick,
    );
    if (term !== undefined) term.operator = opposite[term.operator] ?? term.operator;
  },
  'a peer from any namespace': (policy, pick) => {
    const peer = one(peersOf(policy), pick);
    if (peer?.podSelector !== undefined) peer.namespaceSelector = {};
  },
  'no exceptions': (policy, pick) => {
    delete one(
      peersOf(policy).flatMap(({ ipBlock }) => ipBlock ?? []),
      pick,
    )?.except;
  },
  'a narrower CIDR': (policy, pick) => {
    const block = one(
      peersOf(policy).flatMap(({ ipBlock }) => ipBlock ?? []),
      pick,
    );
    if (block !== undefined) {
      block.cidr = block.cidr.includes(':') ? 'fd00::/16' : '10.1.0.0/24';
      delete block.except;
    }
  },
  'other policyTypes': ({ spec }, pick) => {
    spec.policyTypes = one([['Ingress'], ['Egress'], ['Ingress', 'Egress']], pick) ?? [];
  },
  'no rules at all': ({ spec }) => {
    spec.ingress = [];
    spec.egress = [];
  },
};
