import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { importNetworkInterfaces } from '../../../src/policies/aws/network-interfaces.js';
import { policyDigest } from '../../../src/policies/digest.js';
import { importPolicies } from '../../../src/policies/import.js';
import { icmpPort, protocols } from '../../../src/policies/model.js';
import { Connectivity } from '../../../src/policies/simulation/connectivity.js';
import { compile, type Engine, type Topology } from '../../../src/policies/simulation/evaluate.js';
import { inCidr } from '../reference.js';

interface Permission {
  IpProtocol: string;
  FromPort?: number;
  ToPort?: number;
  UserIdGroupPairs?: object[];
  IpRanges?: object[];
  Ipv6Ranges?: object[];
  PrefixListIds?: object[];
}

const group = (GroupId: string, IpPermissions: Permission[], IpPermissionsEgress: Permission[], VpcId = 'vpc-1') => ({
  GroupId,
  GroupName: `name of ${GroupId}`,
  Description: '',
  OwnerId: '111122223333',
  VpcId,
  IpPermissions,
  IpPermissionsEgress,
});
const answer = (...groups: object[]) => ({ SecurityGroups: groups });

const tcp = (port: number, more: Partial<Permission>): Permission => ({
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  ...more,
});
const fromGroup = (id: string) => ({ UserIdGroupPairs: [{ GroupId: id, UserId: '111122223333' }] });
const everywhere: Permission = {
  IpProtocol: '-1',
  IpRanges: [{ CidrIp: '0.0.0.0/0' }],
  Ipv6Ranges: [{ CidrIpv6: '::/0' }],
};

const eni = (id: string, ip: string, groups: string[], more: object = {}) => ({
  NetworkInterfaceId: id,
  VpcId: 'vpc-1',
  PrivateIpAddress: ip,
  PrivateIpAddresses: [{ PrivateIpAddress: ip, Primary: true }],
  Ipv6Addresses: [],
  Groups: groups.map((GroupId) => ({ GroupId, GroupName: 'x' })),
  ...more,
});

const interfaces = {
  NetworkInterfaces: [
    eni('eni-web', '10.0.0.1', ['sg-web'], { Attachment: { InstanceId: 'i-1', Status: 'attached' } }),
    eni('eni-api', '10.0.0.2', ['sg-api', 'sg-ops'], { Ipv6Addresses: [{ Ipv6Address: 'fd00::2' }] }),
    eni('eni-bare', '10.0.0.3', []),
  ],
};

const groups = answer(
  group(
    'sg-web',
    [tcp(443, { IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'world' }] })],
    [tcp(8443, fromGroup('sg-api'))],
  ),
  group('sg-api', [tcp(8443, fromGroup('sg-web'))], []),
  group(
    'sg-ops',
    [
      tcp(22, { IpRanges: [{ CidrIp: '10.0.0.0/24' }] }),
      { IpProtocol: 'icmp', FromPort: 8, ToPort: -1, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
    ],
    [everywhere],
  ),
);

const key = (name: string) => (name.startsWith('eni-') ? { pod: `vpc-1/${name}[NetworkInterface]` } : { ip: name });

function allowed(
  engine: Engine,
  source: string,
  destination: string,
  port: number,
  protocol: 'TCP' | 'UDP' = 'TCP',
): string {
  const { egress, ingress } = engine.verdict({ source: key(source), destination: key(destination), protocol, port });
  return `${egress.allowed ? 'out' : 'no'} ${ingress.allowed ? 'in' : 'no'}`;
}

describe('AWS security groups', () => {
  const engine = compile(importNetworkInterfaces([interfaces]), importPolicies([groups]).policies, {
    ipBlockMatchesPods: false,
  });

  test('the groups of an interface add up, and what no rule of them allows is denied', () => {
    const table: [string, string, number, string][] = [
      ['8.8.8.8', 'eni-web', 443, 'out in'],
      ['8.8.8.8', 'eni-web', 80, 'out no'],
      ['eni-web', 'eni-api', 8443, 'out in'],
      ['eni-web', 'eni-api', 22, 'no in'],
      ['eni-bare', 'eni-api', 22, 'out in'],
      ['eni-bare', 'eni-api', 8443, 'out no'],
      ['eni-api', 'eni-bare', 1, 'out in'],
      ['eni-api', 'eni-web', 443, 'out in'],
      ['eni-web', '8.8.8.8', 443, 'no in'],
      ['fd00::2', 'eni-web', 443, 'out in'],
    ];
    assert.deepEqual(
      table.map(([source, destination, port]) => [
        source,
        destination,
        port,
        allowed(engine, source, destination, port),
      ]),
      table,
    );
    assert.equal(allowed(engine, 'eni-web', 'eni-api', 8443, 'UDP'), 'no no');
  });

  test('ICMP is allowed by type and code, -1 being all', () => {
    const ping = (type: number, code: number) =>
      engine.verdict({
        source: key('eni-bare'),
        destination: key('eni-api'),
        protocol: 'ICMP',
        port: icmpPort(type, code),
      }).allowed;
    assert.deepEqual([ping(8, 0), ping(8, 7), ping(0, 0)], [true, true, false]);
    const web = {
      source: key('eni-bare'),
      destination: key('eni-web'),
      protocol: 'ICMP' as const,
      port: icmpPort(8, 0),
    };
    assert.equal(engine.verdict(web).allowed, false);
  });

  test('reasons name the group, its rule and peer; a denied side names all groups of the interface', () => {
    const { egress, ingress } = engine.verdict({
      source: key('eni-api'),
      destination: key('eni-web'),
      protocol: 'TCP',
      port: 1,
    });
    assert.deepEqual(egress.by, {
      tier: 'SecurityGroup',
      policies: [
        {
          policy: { system: 'aws', kind: 'SecurityGroup', namespace: 'vpc-1', name: 'sg-ops' },
          rule: 0,
          peer: 0,
          port: null,
        },
      ],
    });
    assert.deepEqual(ingress.by, {
      isolatedBy: [{ system: 'aws', kind: 'SecurityGroup', namespace: 'vpc-1', name: 'sg-web' }],
      tier: 'SecurityGroup',
    });
    const bare = engine.verdict({ source: key('eni-bare'), destination: key('eni-web'), protocol: 'TCP', port: 443 });
    assert.equal(bare.egress.by, 'no_policy_selects');
  });

  test('protocols without ports, unknown prefix lists and broken peerings are listed, and open nothing', () => {
    const { policies, notModelled } = importPolicies([
      answer(
        group(
          'sg-a',
          [
            { IpProtocol: '47', Ipv6Ranges: [{ CidrIpv6: '::/0' }] },
            tcp(1, { PrefixListIds: [{ PrefixListId: 'pl-1' }, { PrefixListId: 'pl-2' }] }),
            tcp(2, { UserIdGroupPairs: [{ GroupId: 'sg-b', PeeringStatus: 'deleted' }] }),
          ],
          [],
        ),
      ),
      { PrefixLists: [{ PrefixListId: 'pl-2', PrefixListName: 's3', Cidrs: ['52.0.0.0/16'] }] },
    ]);
    assert.deepEqual(
      notModelled.map(({ path }) => path),
      [
        'SecurityGroups[0].IpPermissions[0].IpProtocol',
        'SecurityGroups[0].IpPermissions[1].PrefixListIds[0]',
        'SecurityGroups[0].IpPermissions[2].UserIdGroupPairs[0]',
      ],
    );
    const engineOfLists = compile(
      importNetworkInterfaces([{ NetworkInterfaces: [eni('eni-x', '10.0.0.9', ['sg-a'])] }]),
      policies,
      {
        ipBlockMatchesPods: false,
      },
    );
    assert.equal(allowed(engineOfLists, '52.0.1.1', 'eni-x', 1), 'out in');
    assert.equal(allowed(engineOfLists, '53.0.1.1', 'eni-x', 1), 'out no');
    const peers = policies[0]?.ingress?.map((rule) => rule.peers?.map(({ kind }) => kind));
    assert.deepEqual(peers, [['networks'], ['addressList', 'addressList'], ['unmodelled']]);
  });
  test('interfaces come from instances too, each once, with its group labels and instance', () => {
    const reservations = {
      Reservations: [{ Instances: [{ InstanceId: 'i-1', NetworkInterfaces: [interfaces.NetworkInterfaces[0]] }] }],
    };
    const { pods } = importNetworkInterfaces([reservations, interfaces, { kind: 'Pod' }, null]);
    assert.equal(pods.length, 3);
    assert.deepEqual(pods[0]?.labels, { 'aws:security-group/sg-web': '', 'aws:instance': 'i-1' });
  });

  const refused: Record<string, [object, string]> = {
    'no list of egress rules': [
      answer({ ...group('sg-a', [], []), IpPermissionsEgress: undefined }),
      'SecurityGroups[0].IpPermissionsEgress',
    ],
    'tcp without ports': [
      answer(group('sg-a', [{ IpProtocol: 'tcp' }], [])),
      'SecurityGroups[0].IpPermissions[0].FromPort',
    ],
    'an IPv6 range among IPv4 ones': [
      answer(group('sg-a', [tcp(1, { IpRanges: [{ CidrIp: '::/0' }] })], [])),
      'SecurityGroups[0].IpPermissions[0].IpRanges[0].CidrIp',
    ],
    'an unknown field of a rule': [
      answer(group('sg-a', [{ ...tcp(1, {}), Action: 'deny' } as Permission], [])),
      'SecurityGroups[0].IpPermissions[0].Action',
    ],
    'a protocol that is none': [
      answer(group('sg-a', [{ IpProtocol: '300' }], [])),
      'SecurityGroups[0].IpPermissions[0].IpProtocol',
    ],
    'ports the wrong way round': [
      answer(group('sg-a', [{ IpProtocol: 'udp', FromPort: 9, ToPort: 8 }], [])),
      'SecurityGroups[0].IpPermissions[0].ToPort',
    ],
  };
  for (const [name, [object, path]] of Object.entries(refused))
    test(`${name} is refused at its place`, () => assert.equal(importPolicies([object]).problems[0]?.path, path));

  test('the order of rules and ranges, and rules split or joined, do not change the digest', () => {
    const digest = (...permissions: Permission[]) =>
      importPolicies([answer(group('sg-a', permissions, [everywhere]))]).policies.map(policyDigest);
    const ranges = (...cidrs: string[]) => ({ IpRanges: cidrs.map((CidrIp) => ({ CidrIp })) });
    const joined = digest({ IpProtocol: 'tcp', FromPort: 1, ToPort: 9, ...ranges('10.0.0.0/8', '192.168.0.0/16') });
    assert.deepEqual(
      digest(
        { IpProtocol: 'TCP', FromPort: 5, ToPort: 9, ...ranges('192.168.1.1/16', '10.0.0.0/8') },
        { IpProtocol: '6', FromPort: 1, ToPort: 4, ...ranges('10.2.0.0/8', '192.168.0.0/16') },
      ),
      joined,
    );
    assert.notDeepEqual(digest({ IpProtocol: 'tcp', FromPort: 1, ToPort: 9, ...ranges('10.0.0.0/8') }), joined);
  });
});

const ids = ['sg-a', 'sg-b', 'sg-c'];
const addresses = ['10.0.0.1', '10.0.0.2', '10.0.1.1', '8.8.8.8', 'fd00::9'];
const permission: fc.Arbitrary<Permission> = fc
  .record({
    ports: fc.constantFrom<Permission[]>(
      { IpProtocol: '-1' },
      { IpProtocol: 'tcp', FromPort: 0, ToPort: 65535 },
      { IpProtocol: 'tcp', FromPort: 80, ToPort: 81 },
      { IpProtocol: 'udp', FromPort: 53, ToPort: 53 },
      { IpProtocol: '132' },
      { IpProtocol: 'icmp', FromPort: -1, ToPort: -1 },
    ),
    pairs: fc.subarray(ids, { maxLength: 1 }),
    ranges: fc.subarray(['10.0.0.0/24', '0.0.0.0/0', '8.8.8.8/32'], { maxLength: 1 }),
    ranges6: fc.subarray(['fd00::/8'], { maxLength: 1 }),
  })
  .map(({ ports, pairs, ranges, ranges6 }) => ({
    ...ports,
    UserIdGroupPairs: pairs.map((GroupId) => ({ GroupId })),
    IpRanges: ranges.map((CidrIp) => ({ CidrIp })),
    Ipv6Ranges: ranges6.map((CidrIpv6) => ({ CidrIpv6 })),
  }));
const permissions = fc.array(permission, { maxLength: 2 });
const estates = fc.record({
  groups: fc.tuple(...ids.map(() => fc.tuple(permissions, permissions))),
  members: fc.array(fc.subarray(ids), { minLength: 3, maxLength: 3 }),
});

/** The groups read literally, after the documents: any rule of any group of the interface. */
function reference(
  estate: { groups: [Permission[], Permission[]][]; members: string[][] },
  direction: 0 | 1,
  [near, far]: [number, number],
  protocol: string,
  port: number,
): boolean {
  const own = estate.members[near];
  if (own === undefined || own.length === 0) return true;
  return own.some((id) =>
    (estate.groups[ids.indexOf(id)]?.[direction] ?? []).some((rule) => {
      const onProtocol =
        rule.IpProtocol === '-1' ||
        (rule.IpProtocol === '132' && protocol === 'SCTP') ||
        (rule.IpProtocol === protocol.toLowerCase() && (rule.FromPort ?? 0) <= port && port <= (rule.ToPort ?? 0));
      const pairs = (rule.UserIdGroupPairs ?? []) as { GroupId: string }[];
      const ranges = [...(rule.IpRanges ?? []), ...(rule.Ipv6Ranges ?? [])].flatMap(
        (range) => Object.values(range) as string[],
      );
      return (
        onProtocol &&
        (pairs.some(({ GroupId }) => estate.members[far]?.includes(GroupId)) ||
          ranges.some((range) => inCidr(addresses[far] ?? '', range)))
      );
    }),
  );
}

test('the engine agrees with the reference on every flow among interfaces and addresses, and so does the map', () => {
  fc.assert(
    fc.property(estates, (estate) => {
      const topology: Topology = importNetworkInterfaces([
        { NetworkInterfaces: estate.members.map((groupIds, at) => eni(`eni-${at}`, addresses[at] ?? '', groupIds)) },
      ]);
      const { policies, problems } = importPolicies([
        answer(...estate.groups.map(([into, out], at) => group(ids[at] ?? '', into, out))),
      ]);
      assert.deepEqual(problems, []);
      const engine = compile(topology, policies, { ipBlockMatchesPods: false });
      const map = new Connectivity(engine);
      for (const [source] of addresses.entries())
        for (const [destination] of addresses.entries()) {
          if (source === destination || (source > 2 && destination > 2)) continue;
          const ends = [source, destination].map((end) => engine.endpointNumber({ ip: addresses[end] ?? '' }));
          const [from = 0, to = 0] = ends;
          for (const [number, protocol] of protocols.entries())
            for (const port of [53, 80, 82]) {
              const verdict = engine.verdictOf(from, to, number, port);
              const egress = reference(estate, 1, [source, destination], protocol, port);
              const ingress = reference(estate, 0, [destination, source], protocol, port);
              assert.deepEqual([verdict.egress.allowed, verdict.ingress.allowed], [egress, ingress]);
              const open = map.sets
                .ranges(map.between(from, to))
                .some((range) => range.protocol === protocol && range.first <= port && port <= range.last);
              assert.equal(open, egress && ingress);
            }
        }
    }),
    { numRuns: 200 },
  );
});
