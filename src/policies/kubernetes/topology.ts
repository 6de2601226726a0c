/** Namespaces and workloads, as JSON or YAML gives them, into the topology that simulations run on. */

import { z } from 'zod';
import type { Pod, Topology } from '../simulation/topology.js';

const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});

const metadata = z.object({ name: z.string().default(''), namespace: z.string().nullish(), labels });

const container = z.object({
  ports: z
    .array(
      z.object({
        name: z.string().optional(),
        protocol: z
          .string()
          .default('TCP')
          .transform((protocol) => protocol.toUpperCase()),
        containerPort: z.number().int().min(1).max(65535).optional(),
      }),
    )
    .nullish(),
});

const podSpec = z.object({
  hostNetwork: z.boolean().default(false),
  serviceAccountName: z.string().optional(),
  containers: z.array(container).default([]),
  initContainers: z.array(container.extend({ restartPolicy: z.string().optional() })).default([]),
});

const namespaceObject = z.object({ metadata });

const podObject = z.object({
  metadata: metadata.extend({
    ownerReferences: z
      .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().default(false) }))
      .default([]),
  }),
  spec: podSpec,
  status: z
    .object({
      podIP: z.string().optional(),
      podIPs: z.array(z.object({ ip: z.string() })).default([]),
    })
    .default({ podIPs: [] }),
});

const template = z.object({ metadata: metadata.partial().optional(), spec: podSpec });
const workloadObject = z.object({ metadata, spec: z.object({ template }) });
const cronJobObject = z.object({
  metadata,
  spec: z.object({ jobTemplate: z.object({ spec: z.object({ template }) }) }),
});

const listed = z.object({ kind: z.string(), items: z.array(z.record(z.string(), z.unknown())) });
const typed = z.object({ kind: z.string() });

const workloadKinds = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'ReplicationController', 'Job']);

function namedPorts(spec: z.infer<typeof podSpec>): Pod['namedPorts'] {
  const sidecars = spec.initContainers.filter((init) => init.restartPolicy === 'Always');
  return [...spec.containers, ...sidecars]
    .flatMap(({ ports }) => ports ?? [])
    .flatMap(({ name, protocol, containerPort }) =>
      name === undefined || containerPort === undefined ? [] : [{ name, protocol, port: containerPort }],
    );
}

/** A pod that names no service account runs as that of its namespace. */
function accountOf({ serviceAccountName }: z.infer<typeof podSpec>): string {
  return serviceAccountName === undefined || serviceAccountName === '' ? 'default' : serviceAccountName;
}

function workload(kind: string, meta: z.infer<typeof metadata>, spec: z.infer<typeof template>): Pod {
  const namespace = meta.namespace ?? 'default';
  return {
    key: `${namespace}/${meta.name}[${kind}]`,
    namespace,
    name: meta.name,
    labels: spec.metadata?.labels ?? {},
    ips: [],
    namedPorts: namedPorts(spec.spec),
    hostNetwork: spec.spec.hostNetwork,
    serviceAccount: accountOf(spec.spec),
  };
}

function ownedPod(object: unknown): Pod {
  const { metadata: meta, spec, status } = podObject.parse(object);
  const owner = meta.ownerReferences.find((reference) => reference.controller) ?? meta.ownerReferences[0];
  const namespace = meta.namespace ?? 'default';
  const [name, kind] = owner === undefined ? [meta.name, 'Pod'] : [owner.name, owner.kind];
  const ips = status.podIPs.map(({ ip }) => ip);
  if (ips.length === 0 && status.podIP !== undefined && status.podIP !== '') ips.push(status.podIP);
  return {
    key: `${namespace}/${name}[${kind}]`,
    namespace,
    name,
    labels: meta.labels,
    ips,
    namedPorts: namedPorts(spec),
    hostNetwork: spec.hostNetwork,
    serviceAccount: accountOf(spec),
  };
}

function flatten(object: unknown): unknown[] {
  const list = listed.safeParse(object);
  if (!list.success || (!list.data.kind.endsWith('List') && list.data.kind !== 'List')) return [object];
  const kind = list.data.kind === 'List' ? undefined : list.data.kind.slice(0, -'List'.length);
  return list.data.items.flatMap((item) => flatten(kind === undefined ? item : { kind, ...item }));
}

/** What tells pods of one owner apart for policies; addresses do not. */
function sameness({ key, labels: own, namedPorts: ports, hostNetwork, serviceAccount }: Pod): string {
  const sorted = Object.entries(own).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([key, sorted, ports, hostNetwork, serviceAccount]);
}

/** Pods of one owner that policies cannot tell apart become one workload with all their addresses. */
function grouped(pods: readonly Pod[]): Pod[] {
  const groups = new Map<string, Pod>();
  for (const pod of pods) {
    const group = groups.get(sameness(pod));
    groups.set(sameness(pod), group === undefined ? pod : { ...group, ips: [...group.ips, ...pod.ips] });
  }
  const seen = new Map<string, number>();
  return [...groups.values()].map((pod) => {
    const count = (seen.get(pod.key) ?? 0) + 1;
    seen.set(pod.key, count);
    return count === 1 ? pod : { ...pod, key: `${pod.key}#${count}` };
  });
}

/**
 * Reads Namespace, Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController, Job, CronJob objects
 * and lists of them; other kinds are passed over. A workload stands for its pods under the key
 * `namespace/name[Kind]`; pods belong to the controller that owns them, and pods of one owner that differ in labels,
 * named ports or service account are told apart by `#2`, `#3`.
 *
 * @throws z.ZodError when an object of one of these kinds has another shape
 */
export function importTopology(objects: readonly unknown[]): Topology {
  const namespaces: { name: string; labels: Record<string, string> }[] = [];
  const pods: Pod[] = [];
  for (const object of objects.flatMap(flatten)) {
    const kind = typed.safeParse(object).data?.kind ?? '';
    if (kind === 'Namespace') {
      const { metadata: meta } = namespaceObject.parse(object);
      namespaces.push({ name: meta.name, labels: meta.labels });
    } else if (kind === 'Pod') pods.push(ownedPod(object));
    else if (workloadKinds.has(kind)) {
      const { metadata: meta, spec } = workloadObject.parse(object);
      pods.push(workload(kind, meta, spec.template));
    } else if (kind === 'CronJob') {
      const { metadata: meta, spec } = cronJobObject.parse(object);
      pods.push(workload(kind, meta, spec.jobTemplate.spec.template));
    }
  }
  return { namespaces, pods: grouped(pods) };
}
