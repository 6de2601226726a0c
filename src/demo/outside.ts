/** Addresses outside the clusters. All are of ranges that are reserved for documentation, tests or private use. */

import type { Random } from './random.js';
import type { HubbleEndpoint } from './workloads.js';

/** Somewhere outside the clusters that workloads talk to, or that talks to them. */
export interface Outside {
  readonly name: string;
  /** What a policy says to mean it. */
  readonly cidrs: readonly string[];
  readonly dnsName: string | null;
  readonly address: (random: Random) => string;
  /** JSON text of how every node describes it. */
  readonly description: string;
}

/** Identities of addresses that a policy names by a CIDR are numbered from here on, on each node. */
const firstCidrIdentity = 16_777_217;

type Row = readonly [name: string, cidr: string, dnsName: string | null, hosts: readonly number[]];

const partnerRows: readonly Row[] = [
  ['acquirer-a', '203.0.113.0/26', 'auth.acquirer-north.example', [5, 6, 12]],
  ['acquirer-b', '203.0.113.64/26', 'auth.acquirer-west.example', [69, 70]],
  ['bank', '198.51.100.32/27', 'api.settlement-bank.example', [37, 38]],
  ['bank-failover', '198.51.100.96/27', 'api2.settlement-bank.example', [101]],
  ['merchant-proxy', '198.51.100.160/28', 'egress.haldenpay.example', [165]],
  ['smtp-relay', '192.0.2.0/26', 'smtp.mail-relay.example', [11, 12]],
  ['sms-provider-b', '192.0.2.64/26', 'api.text-second.example', [70]],
  ['sms-provider', '192.0.2.128/26', 'api.text-first.example', [133, 134]],
  ['rates-provider', '192.0.2.192/27', 'rates.currency.example', [197]],
  ['artefact-store', '192.0.2.224/28', 'models.artefacts.example', [229]],
  ['hsm', '10.200.5.16/28', null, [20, 21]],
  ['staff-vpn', '10.8.0.0/24', null, [21, 22, 23]],
];

/** Text of an end that has an identity and labels only. */
export function describe(identity: number, labels: readonly string[]): string {
  const endpoint: HubbleEndpoint = { identity, labels };
  return JSON.stringify(endpoint);
}

function partner([name, cidr, dnsName, hosts]: Row, at: number): Outside {
  const network = cidr.slice(0, cidr.lastIndexOf('.'));
  return {
    name,
    cidrs: [cidr],
    dnsName,
    address: (random) => `${network}.${random.pick(hosts)}`,
    description: describe(firstCidrIdentity + at, [`cidr:${cidr}`, 'reserved:world']),
  };
}

const world = describe(2, ['reserved:world']);
const everywhere = ['0.0.0.0/0', '::/0'];

const internet: Outside = {
  name: 'internet',
  cidrs: everywhere,
  dnsName: null,
  address: (random) => `198.${random.integer(18, 19)}.${random.integer(0, 255)}.${random.integer(1, 254)}`,
  description: world,
};

/** Where a request to the cloud's metadata service goes: nothing of ours should ask it. */
const metadataService: Outside = {
  name: 'metadata-service',
  cidrs: ['169.254.169.254/32'],
  dnsName: null,
  address: () => '169.254.169.254',
  description: world,
};

const byName = new Map(
  [internet, metadataService, ...partnerRows.map(partner)].map((outside) => [outside.name, outside]),
);

/** The place of that name outside the clusters; null when there is none. */
export function outsideOf(name: string): Outside | null {
  return byName.get(name) ?? null;
}
