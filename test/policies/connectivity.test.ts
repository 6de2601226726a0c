import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { diffEngines, diffPolicies, type PathChange } from '../../src/policies/diff.js';
import { importPolicy } from '../../src/policies/kubernetes/import.js';
import type { Policy } from '../../src/policies/model.js';
import { Connectivity, type PathEnd } from '../../src/policies/simulation/connectivity.js';
import { compile, type Pod, type Topology } from '../../src/policies/simulation/evaluate.js';
import type { PortRange } from '../../src/policies/simulation/ports.js';

const pod = (name: string): Pod => ({
  key: name,
  namespace: 'n',
  name,
  labels: { app: name },
  ips: [],
  namedPorts: [],
  hostNetwork: false,
});

const topology: Topology = { namespaces: [], pods: ['web', 'api', 'db'].map(pod) };
const options = { ipBlockMatchesPods: false };

function policy(app: string, spec: object): Policy {
  const metadata = { name: `${app}-policy`, namespace: 'n' };
  const result = importPolicy({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata,
    spec: { podSelector: { matchLabels: { app } }, policyTypes: ['Ingress', 'Egress'], ...spec },
  });
  assert.ok(result.ok, JSON.stringify(result));
  return result.policy;
}

const from = (app: string) => [{ podSelector: { matchLabels: { app } } }];
const end = (path: PathEnd) => ('pod' in path ? path.pod : `${path.first}-${path.last}`);
const ports = (ranges: readonly PortRange[]) =>
  ranges.map(({ protocol, first, last }) => `${protocol} ${first}-${last}`).join(' ');

const pathLines = (policies: readonly Policy[]) =>
  [...new Connectivity(compile(topology, policies, options)).paths()].map(
    (path) => `${end(path.source)} > ${end(path.destination)} ${ports(path.ports)}`,
  );

const closed = ['web', 'api', 'db'].map((app) => policy(app, {}));

describe('the connectivity map', () => {
  test('without policies every pair and every address is open on all ports', () => {
    const map = new Connectivity(compile(topology, [], options));
    assert.deepEqual(map.eastWest(), { pairs: 6, paths: 18, possiblePairs: 6 });
    assert.equal([...map.paths()].length, 6 + 3 * 2 * 2);
  });

  test('with everything isolated nothing is open', () => {
    assert.deepEqual(pathLines(closed), []);
  });

  test('ports of several rules and policies are merged where they touch', () => {
    const rules = [
      { from: from('web'), ports: [{ port: 80, endPort: 90 }, { port: 100 }] },
      {
        from: from('web'),
        ports: [
          { port: 91, endPort: 99 },
          { port: 53, protocol: 'UDP' },
        ],
      },
    ];
    assert.deepEqual(pathLines([policy('api', { ingress: rules }), policy('db', {})]), [
      'web > api TCP 80-100 UDP 53-53',
      'web > 0.0.0.0-255.255.255.255 TCP 1-65535 UDP 1-65535 SCTP 1-65535',
      'web > ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff TCP 1-65535 UDP 1-65535 SCTP 1-65535',
      '0.0.0.0-255.255.255.255 > web TCP 1-65535 UDP 1-65535 SCTP 1-65535',
      '::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff > web TCP 1-65535 UDP 1-65535 SCTP 1-65535',
    ]);
  });

  test('address ranges with equal ports are merged, exceptions cut out', () => {
    const blocks = [
      { ipBlock: { cidr: '10.0.0.0/9' } },
      { ipBlock: { cidr: '10.128.0.0/9', except: ['10.255.0.0/16'] } },
      { ipBlock: { cidr: '2001:db8::/33' } },
    ];
    const rules = [{ from: blocks, ports: [{ port: 443 }] }];
    assert.deepEqual(pathLines([...closed.slice(1), policy('web', { ingress: rules })]), [
      '10.0.0.0-10.254.255.255 > web TCP 443-443',
      '2001:db8::-2001:db8:7fff:ffff:ffff:ffff:ffff:ffff > web TCP 443-443',
    ]);
  });
});

describe('the difference of two policy sets', () => {
  const lines = (changes: readonly PathChange[]) =>
    changes.map(
      ({ change, source, destination, gained, lost }) =>
        `${change} ${end(source)} > ${end(destination)} +[${ports(gained)}] -[${ports(lost)}]`,
    );
  const web = policy('web', { egress: [{ to: from('api') }] });
  const api = (...list: object[]) => policy('api', { ingress: [{ from: from('web'), ports: list }] });

  test('is empty for the same set in another order', () => {
    assert.deepEqual(diffPolicies(topology, [web, api({ port: 80 })], [api({ port: 80 }), web], options), []);
  });

  test('names opened, closed and changed paths with what was gained and lost', () => {
    const before = [web, api({ port: 80 }, { port: 81 }), policy('db', {})];
    const after = (...list: object[]) => [web, api(...list), policy('db', {})];
    assert.deepEqual(lines(diffPolicies(topology, before, after({ port: 81 }, { port: 82 }), options)), [
      'changed web > api +[TCP 82-82] -[TCP 80-80]',
    ]);
    assert.deepEqual(lines(diffPolicies(topology, before, closed, options)), ['closed web > api +[] -[TCP 80-81]']);
    assert.deepEqual(lines(diffPolicies(topology, closed, before, options)), ['opened web > api +[TCP 80-81] -[]']);
  });

  test('cuts address ranges where either set cuts them', () => {
    const block = (cidr: string, port: number) => [
      ...closed.slice(1),
      policy('web', { egress: [{ to: [{ ipBlock: { cidr } }], ports: [{ port }] }] }),
    ];
    assert.deepEqual(lines(diffPolicies(topology, block('10.0.0.0/8', 443), block('10.0.0.0/16', 443), options)), [
      'closed web > 10.1.0.0-10.255.255.255 +[] -[TCP 443-443]',
    ]);
    assert.deepEqual(lines(diffPolicies(topology, block('10.0.0.0/8', 443), block('10.1.0.0/16', 80), options)), [
      'closed web > 10.0.0.0-10.0.255.255 +[] -[TCP 443-443]',
      'changed web > 10.1.0.0-10.1.255.255 +[TCP 80-80] -[TCP 443-443]',
      'closed web > 10.2.0.0-10.255.255.255 +[] -[TCP 443-443]',
    ]);
  });

  test('a pod that only one side knows has all its paths opened or closed', () => {
    const smaller = { ...topology, pods: topology.pods.slice(0, 2) };
    const before = compile(smaller, closed.slice(0, 2), options);
    const after = compile(topology, closed.slice(0, 2), options);
    assert.equal(
      diffEngines(before, after).every(({ change }) => change === 'opened'),
      true,
    );
    assert.equal(
      diffEngines(after, before).every(({ change }) => change === 'closed'),
      true,
    );
    // db is open to the world on both sides in both families, and isolated pods do not talk to it.
    assert.equal(diffEngines(before, after).length, 4);
  });
});
