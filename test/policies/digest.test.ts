import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { diffPolicies } from '../../src/policies/diff.js';
import { policyDigest } from '../../src/policies/digest.js';
import { importPolicy } from '../../src/policies/kubernetes/import.js';
import { protocols, type Policy } from '../../src/policies/model.js';
import { parseAddress } from '../../src/policies/simulation/address.js';
import type { PathEnd } from '../../src/policies/simulation/connectivity.js';
import type { PortRange } from '../../src/policies/simulation/ports.js';
import type { Topology } from '../../src/policies/simulation/evaluate.js';
import { askedPorts, externalAddresses, networkPolicy, topology, type RawPolicy } from './clusters.js';
import { changing, preserving, type Edit } from './edits.js';
import { referenceVerdict, type Question } from './reference.js';

function imported(object: unknown): Policy {
  const result = importPolicy(object);
  assert.ok(result.ok, JSON.stringify(result));
  return result.policy;
}

function edited(policy: RawPolicy, edit: Edit, numbers: readonly number[]): RawPolicy {
  const copy = structuredClone(policy);
  let at = 0;
  edit(copy, (n) => (numbers[at++ % numbers.length] ?? 0) % n);
  return copy;
}

const numbers = fc.array(fc.nat(), { minLength: 4, maxLength: 4 });
const options = { ipBlockMatchesPods: true };

/** Another policy of the cluster, under a name of its own. */
const neighbour = fc
  .option(networkPolicy)
  .map((policy) => (policy === null ? [] : [{ ...policy, metadata: { ...policy.metadata, name: 'other' } }]));

describe('the digest of a policy', () => {
  const base: RawPolicy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'allow-web', namespace: 'shop' },
    spec: {
      podSelector: { matchLabels: { app: 'api' } },
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 8080 }] }],
    },
  };

  test('is stable: a stored digest must still be found after an upgrade', () => {
    assert.equal(policyDigest(imported(base)), 'a460014ba548699e8aac2b796b0b7d1b533118d92c0c767ba9345cac5fb8c801');
  });

  test('counts kind, namespace and name, and no other metadata', () => {
    const digest = policyDigest(imported(base));
    const under = (metadata: RawPolicy['metadata']) => policyDigest(imported({ ...base, metadata }));
    assert.notEqual(under({ ...base.metadata, name: 'allow-web-2' }), digest);
    assert.notEqual(under({ ...base.metadata, namespace: 'shop-2' }), digest);
    assert.equal(under({ ...base.metadata, uid: '7', generation: 4, annotations: { a: 'b' } }), digest);
  });

  test('tells any peer from no peer, and any port from all ports of a protocol', () => {
    const rules = [
      [{}],
      [],
      [{ ports: [{ protocol: 'TCP' }] }],
      [{ from: [{ podSelector: {} }] }],
      [{ from: [{ namespaceSelector: {} }] }],
    ];
    const digests = rules.map((ingress) => policyDigest(imported({ ...base, spec: { ...base.spec, ingress } })));
    assert.equal(new Set(digests).size, rules.length);
  });

  test('takes a missing port for the ports 1 to 65535', () => {
    const digest = (port: object) =>
      policyDigest(imported({ ...base, spec: { ...base.spec, ingress: [{ ports: [port] }] } }));
    assert.equal(digest({}), digest({ port: 1, endPort: 65535 }));
    assert.notEqual(digest({}), digest({ port: 1, endPort: 65534 }));
  });

  test('of a cluster-wide policy depends on the order of rules only where actions differ', () => {
    const rule = (action: string, app: string, more: object = {}) => ({
      action,
      to: [{ pods: { namespaceSelector: {}, podSelector: { matchLabels: { app } } } }],
      ...more,
    });
    const digest = (egress: object[], priority = 5) =>
      policyDigest(
        imported({
          apiVersion: 'policy.networking.k8s.io/v1alpha2',
          kind: 'ClusterNetworkPolicy',
          metadata: { name: 'c' },
          spec: { tier: 'Admin', priority, subject: { namespaces: {} }, egress },
        }),
      );
    const [web, api, others] = [rule('Deny', 'web'), rule('Deny', 'api'), rule('Accept', 'db')];
    const digestOfAll = digest([web, api, others]);
    assert.equal(digest([api, web, others]), digestOfAll);
    assert.equal(digest([{ ...web, to: [...api.to, ...web.to], name: 'both' }, others]), digestOfAll);
    assert.notEqual(digest([web, others, api]), digestOfAll);
    assert.notEqual(digest([others, web, api]), digestOfAll);
    assert.notEqual(digest([web, api, { ...others, action: 'Pass' }]), digestOfAll);
    assert.notEqual(digest([web, api, others], 6), digestOfAll);
    const unknown = { serviceAccounts: {} };
    assert.notEqual(
      digest([{ action: 'Accept', to: [unknown, ...web.to] }]),
      digest([
        { action: 'Accept', to: [unknown] },
        { action: 'Accept', to: web.to },
      ]),
    );
  });

  test('stays the same, and so does connectivity, under every edit that keeps the meaning', (t) => {
    const used = new Map<string, number>();
    fc.assert(
      fc.property(
        topology,
        networkPolicy,
        neighbour,
        fc.array(fc.constantFrom(...Object.entries(preserving)), { minLength: 1, maxLength: 4 }),
        numbers,
        (pods, policy, others, edits, picks) => {
          const after = edits.reduce((current, [, edit]) => edited(current, edit, picks), policy);
          fc.pre(JSON.stringify(after) !== JSON.stringify(policy));
          for (const [name] of edits) used.set(name, (used.get(name) ?? 0) + 1);
          const [old, current] = [imported(policy), imported(after)];
          assert.equal(policyDigest(current), policyDigest(old));
          const rest = others.map(imported);
          assert.deepEqual(diffPolicies(pods, [old, ...rest], [current, ...rest], options), []);
        },
      ),
      { numRuns: 300 },
    );
    t.diagnostic(`300 edited policies, ${used.size} of ${Object.keys(preserving).length} kinds of edit used`);
  });

  test('changes under every edit that some flow notices, and the difference names exactly the paths that changed', (t) => {
    const used = new Set<string>();
    fc.assert(
      fc.property(
        topology,
        networkPolicy,
        neighbour,
        fc.constantFrom(...Object.entries(changing)),
        numbers,
        (pods, policy, others, [name, edit], picks) => {
          const after = edited(policy, edit, picks);
          fc.pre(JSON.stringify(after) !== JSON.stringify(policy));
          const setting = { topology: pods, ipBlockMatchesPods: true };
          const allows = (raw: RawPolicy, question: Question) => {
            const { egress, ingress } = referenceVerdict(setting, [raw, ...others], [], question);
            return egress && ingress;
          };
          const asked = questions(pods).map((question) => ({
            ...question,
            was: allows(policy, question),
            is: allows(after, question),
          }));
          fc.pre(asked.some(({ was, is }) => was !== is));
          used.add(name);
          const [old, current] = [imported(policy), imported(after)];
          assert.notEqual(policyDigest(current), policyDigest(old));
          const rest = others.map(imported);
          const changes = diffPolicies(pods, [old, ...rest], [current, ...rest], options);
          for (const { source, destination, protocol, port, was, is } of asked) {
            const path = changes.find(
              (change) => covers(change.source, source) && covers(change.destination, destination),
            );
            const among = (ranges: readonly PortRange[]) =>
              ranges.some((range) => range.protocol === protocol && range.first <= port && port <= range.last);
            assert.equal(among(path?.gained ?? []), is && !was);
            assert.equal(among(path?.lost ?? []), was && !is);
          }
        },
      ),
      { numRuns: 200 },
    );
    t.diagnostic(`200 changed policies, ${used.size} of ${Object.keys(changing).length} kinds of edit noticed`);
  });
});

function questions({ pods }: Topology): Question[] {
  const ends = [...pods, ...externalAddresses];
  return ends.flatMap((source) =>
    ends.flatMap((destination) =>
      source === destination || (typeof source === 'string' && typeof destination === 'string')
        ? []
        : protocols.flatMap((protocol) => askedPorts.map((port) => ({ source, destination, protocol, port }))),
    ),
  );
}

function covers(end: PathEnd, asked: Question['source']): boolean {
  if ('pod' in end) return typeof asked !== 'string' && end.pod === asked.key;
  if (typeof asked !== 'string') return false;
  const [first, address, last] = [end.first, asked, end.last].map(parseAddress);
  if (first == null || address == null || last == null || first.family !== address.family) return false;
  return first.value <= address.value && address.value <= last.value;
}
