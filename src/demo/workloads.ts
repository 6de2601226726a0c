/** What runs where: nodes, workloads with their pods, and the addresses outside the clusters. */

import type { Random } from './random.js';

export const prodSources = ['prod-hubble-a', 'prod-hubble-b'] as const;
export const drSource = 'dr-hubble';
export const auditSource = 'prod-apiserver-audit';

export type Cluster = 'prod-eu1' | 'dr-eu2';

/** A node; its Hubble exporter delivers to one source. */
export interface ClusterNode {
  readonly name: string;
  readonly cluster: Cluster;
  readonly source: string;
  /** First three bytes of its pods' addresses. */
  readonly network: string;
}

/** One end of a flow as Hubble describes it; a node adds the `ID` of its own endpoints. */
export interface HubbleEndpoint {
  readonly identity: number;
  readonly cluster_name?: string;
  readonly namespace?: string;
  readonly labels: readonly string[];
  readonly pod_name?: string;
  readonly workloads?: readonly { readonly name: string; readonly kind: string }[];
}

export interface EstatePod {
  readonly workload: Workload;
  readonly node: ClusterNode;
  readonly ip: string;
  /** JSON text of how its own node describes it, and others do. */
  readonly near: string;
  readonly far: string;
}

export interface Workload {
  /** `namespace/name`, its key in simulations. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly identity: number;
  /** Workloads outside the segments belong to the platform. */
  readonly inSegment: boolean;
}

type Row = readonly [name: string, kind: 'Deployment' | 'StatefulSet' | 'CronJob', pods: number, cluster?: Cluster];

const table: Readonly<Record<string, readonly Row[]>> = {
  checkout: [
    ['edge-gateway', 'Deployment', 4],
    ['storefront', 'Deployment', 3],
    ['checkout-api', 'Deployment', 3],
    ['payment-page', 'Deployment', 2],
    ['session-cache', 'StatefulSet', 2],
  ],
  payments: [
    ['payments-api', 'Deployment', 3],
    ['payment-orchestrator', 'Deployment', 3],
    ['acquirer-connector', 'Deployment', 2],
    ['payments-db', 'StatefulSet', 2],
    ['payments-queue', 'StatefulSet', 3],
  ],
  'cards-vault': [
    ['tokeniser-api', 'Deployment', 3],
    ['vault-core', 'Deployment', 2],
    ['hsm-proxy', 'Deployment', 2],
    ['vault-db', 'StatefulSet', 2],
    ['vault-db-replica', 'StatefulSet', 1, 'dr-eu2'],
    ['key-rotation', 'CronJob', 1],
  ],
  fraud: [
    ['fraud-scoring', 'Deployment', 3],
    ['rules-engine', 'Deployment', 2],
    ['feature-store', 'StatefulSet', 2],
    ['model-trainer', 'Deployment', 1],
    ['device-fingerprint', 'Deployment', 2],
  ],
  ledger: [
    ['ledger-api', 'Deployment', 2],
    ['ledger-writer', 'Deployment', 2],
    ['ledger-db', 'StatefulSet', 2],
    ['ledger-db-replica', 'StatefulSet', 2, 'dr-eu2'],
    ['reconciliation', 'Deployment', 1],
  ],
  settlement: [
    ['settlement-batch', 'CronJob', 1],
    ['payout-service', 'Deployment', 2],
    ['fee-calculator', 'Deployment', 1],
    ['bank-gateway', 'Deployment', 2],
    ['settlement-db', 'StatefulSet', 2],
  ],
  notifications: [
    ['notification-api', 'Deployment', 2],
    ['template-renderer', 'Deployment', 1],
    ['email-sender', 'Deployment', 2],
    ['sms-sender', 'Deployment', 1],
    ['webhook-dispatcher', 'Deployment', 2],
  ],
  'back-office': [
    ['support-portal', 'Deployment', 2],
    ['admin-console', 'Deployment', 1],
    ['kyc-review', 'Deployment', 1],
    ['reporting-etl', 'Deployment', 1],
    ['reporting-db', 'StatefulSet', 1],
    ['bi-dashboard', 'Deployment', 1],
  ],
};

/** Run in every cluster. */
const platform: Readonly<Record<string, Row>> = {
  'kube-system': ['coredns', 'Deployment', 2],
  monitoring: ['prometheus', 'StatefulSet', 1],
};

const nodes: readonly ClusterNode[] = [
  ...prodSources.flatMap((source, zone) =>
    [1, 2, 3, 4].map((number) => ({
      name: `prod-eu1/worker-${zone === 0 ? 'a' : 'b'}-${number}`,
      cluster: 'prod-eu1' as const,
      source,
      network: `10.20.${zone * 8 + number}`,
    })),
  ),
  ...[1, 2].map((number) => ({
    name: `dr-eu2/worker-${number}`,
    cluster: 'dr-eu2' as const,
    source: drSource,
    network: `10.40.${number}`,
  })),
];

/** The letters and digits Kubernetes draws name suffixes from. */
const drawn = 'bcdfghjklmnpqrstvwxz2456789';

function podName({ name, kind }: Workload, templateHash: string, ordinal: number, random: Random): string {
  if (kind === 'StatefulSet') return `${name}-${ordinal}`;
  const middle = kind === 'CronJob' ? String(random.integer(29_000_000, 29_900_000)) : templateHash;
  return `${name}-${middle}-${random.text(drawn, 5)}`;
}

function describe({ namespace, name, kind, identity }: Workload, cluster: Cluster, pod: string): HubbleEndpoint {
  return {
    identity,
    cluster_name: cluster,
    namespace,
    labels: [`k8s:app=${name}`, `k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=${namespace}`],
    pod_name: pod,
    workloads: [{ name, kind }],
  };
}

/** Every workload of the estate with its pods. */
export class Workloads {
  readonly all: readonly Workload[];
  readonly pods: readonly EstatePod[];
  private readonly byName: ReadonlyMap<string, readonly EstatePod[]>;
  private readonly used = new Map<ClusterNode, number>();
  private placed = 0;

  constructor(private readonly random: Random) {
    const rows = [
      ...Object.entries(table).flatMap(([namespace, list]) => list.map((row) => ({ namespace, row, inSegment: true }))),
      ...Object.entries(platform).map(([namespace, row]) => ({ namespace, row, inSegment: false })),
    ];
    const byName = new Map<string, EstatePod[]>();
    for (const [at, { namespace, row, inSegment }] of rows.entries()) {
      const [name, kind, count, cluster] = row;
      const identity = 10_000 + at * 997 + random.integer(0, 900);
      const workload: Workload = { key: `${namespace}/${name}`, namespace, name, kind, identity, inSegment };
      const clusters: readonly Cluster[] = inSegment ? [cluster ?? 'prod-eu1'] : ['prod-eu1', 'dr-eu2'];
      byName.set(
        name,
        clusters.flatMap((where) => this.place(workload, where, count)),
      );
    }
    this.byName = byName;
    this.pods = [...byName.values()].flat();
    this.all = [...new Set(this.pods.map(({ workload }) => workload))];
  }

  private place(workload: Workload, cluster: Cluster, count: number): EstatePod[] {
    const { random } = this;
    const templateHash = random.text(drawn, 9);
    // Zones take turns, so that both prod sources hear of every workload with two pods.
    const available = [1, 2, 3, 4].flatMap((number) =>
      nodes.filter((node) => node.cluster === cluster && node.name.endsWith(`-${number}`)),
    );
    return Array.from({ length: count }, (_, ordinal) => {
      const node = available[this.placed++ % available.length] ?? random.pick(available);
      const host = 10 + (this.used.get(node) ?? 0);
      this.used.set(node, host - 9);
      const far = describe(workload, cluster, podName(workload, templateHash, ordinal, random));
      return {
        workload,
        node,
        ip: `${node.network}.${host}`,
        near: JSON.stringify({ ID: random.integer(100, 4000), ...far }),
        far: JSON.stringify(far),
      };
    });
  }

  /**
   * The pods of a workload.
   *
   * @throws RangeError when there is no such workload
   */
  podsOf(name: string): readonly EstatePod[] {
    const pods = this.byName.get(name);
    if (pods === undefined) throw new RangeError(`expected the name of a workload, got ${name}`);
    return pods;
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }
}
