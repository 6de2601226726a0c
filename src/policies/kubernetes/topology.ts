/** Namespaces and workloads, as JSON or YAML gives them, into the topology that simulations run on. */

import { z } from 'zod';
import type { Pod, Topology } from '../simulation/topology.js';

/** A pod of the topology with the names of the Pod objects it stands for; none when only the controller is known. */
export interface Workload extends Pod {
  readonly pods: readonly string[];
}

/** The topology that manifests describe. */
export interface ManifestTopology extends Topology {
  readonly pods: readonly Workload[];
}

/** Kubernetes takes `null` for a field left out. */
function orElse<Shape extends z.ZodType>(shape: Shape, otherwise: z.output<Shape>) {
  return shape.nullish().transform((value): z.output<Shape> => value ?? otherwise);
}

const labels = orElse(z.record(z.string(), z.string()), {});

const metadata = z.object({ name: orElse(z.string(), ''), namespace: z.string().nullish(), labels });

const port = z.object({
  name: z.string().nullish(),
  protocol: orElse(z.string(), 'TCP').transform((protocol) => protocol.toUpperCase()),
  containerPort: z.number().int().min(1).max(65535).nullish(),
});

/** One port without a list around it occurs in lists that were written by hand. */
const container = z.object({
  ports: orElse(z.union([z.array(port), port.transform((single) => [single])]), []),
});

const podSpec = z.object({
  hostNetwork: orElse(z.boolean(), false),
  serviceAccountName: z.string().nullish(),
  containers: orElse(z.array(container), []),
  initContainers: orElse(z.array(container.extend({ restartPolicy: z.string().nullish() })), []),
});

const namespaceObject = z.object({ metadata });

const podObject = z.object({
  metadata: metadata.extend({
    ownerReferences: orElse(
      z.array(z.object({ kind: z.string(), name: z.string(), controller: orElse(z.boolean(), false) })),
      [],
    ),
  }),
  spec: podSpec,
  status: orElse(z.object({ podIP: z.string().nullish(), podIPs: orElse(z.array(z.object({ ip: z.string() })), []) }), {
    podIPs: [],
  }),
});

const template = z.object({ metadata: orElse(z.object({ labels }), { labels: {} }), spec: podSpec });
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
    .flatMap(({ ports }) => ports)
    .flatMap(({ name, protocol, containerPort }) =>
      name == null || containerPort == null ? [] : [{ name, protocol, port: containerPort }],
    );
}

/** A pod that names no service account runs as that of its namespace. */
function accountOf({ serviceAccountName }: z.infer<typeof podSpec>): string {
  return serviceAccountName == null || serviceAccountName === '' ? 'default' : serviceAccountName;
}

function namespaceOf({ namespace }: z.infer<typeof metadata>): string {
  return namespace == null || namespace === '' ? 'default' : namespace;
}

function workload(kind: string, meta: z.infer<typeof metadata>, spec: z.infer<typeof template>): Workload {
  const namespace = namespaceOf(meta);
  return {
    key: `${namespace}/${meta.name}[${kind}]`,
    namespace,
    name: meta.name,
    labels: spec.metadata.labels,
    ips: [],
    namedPorts: namedPorts(spec.spec),
    hostNetwork: spec.spec.hostNetwork,
    serviceAccount: accountOf(spec.spec),
    pods: [],
  };
}

function ownedPod(object: unknown): Workload {
  const { metadata: meta, spec, status } = podObject.parse(object);
  const owner = meta.ownerReferences.find((reference) => reference.controller) ?? meta.ownerReferences[0];
  const namespace = namespaceOf(meta);
  const [name, kind] = owner === undefined ? [meta.name, 'Pod'] : [owner.name, owner.kind];
  const ips = status.podIPs.map(({ ip }) => ip);
  if (ips.length === 0 && status.podIP != null && status.podIP !== '') ips.push(status.podIP);
  return {
    key: `${namespace}/${name}[${kind}]`,
    namespace,
    name,
    labels: meta.labels,
    ips,
    namedPorts: namedPorts(spec),
    hostNetwork: spec.hostNetwork,
    serviceAccount: accountOf(spec),
    pods: [meta.name],
  };
}

function flatten(object: unknown): unknown[] {
  const list = listed.safeParse(object);
  if (!list.success || (!list.data.kind.endsWith('List') && list.data.kind !== 'List')) return [object];
  const kind = list.data.kind === 'List' ? undefined : list.data.kind.slice(0, -'List'.length);
  return list.data.items.flatMap((item) => flatten(kind === undefined ? item : { kind, ...item }));
}

/** What tells pods of one owner apart for policies; addresses do not, nor labels that `matters` leaves out. */
function sameness(pod: Pod, matters: (label: string) => boolean): string {
  const { key, labels: own, namedPorts: ports, hostNetwork, serviceAccount } = pod;
  const told = Object.entries(own).filter(([label]) => matters(label));
  const sorted = told.sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([key, sorted, ports, hostNetwork, serviceAccount]);
}

/** Pods of one owner that policies cannot tell apart become one workload with all their addresses. */
function grouped(pods: readonly Workload[], matters: (label: string) => boolean): Workload[] {
  const groups = new Map<string, { readonly first: Workload; readonly ips: Set<string>; readonly pods: Set<string> }>();
  for (const pod of pods) {
    const same = sameness(pod, matters);
    let group = groups.get(same);
    if (group === undefined) groups.set(same, (group = { first: pod, ips: new Set(), pods: new Set() }));
    for (const ip of pod.ips) group.ips.add(ip);
    for (const name of pod.pods) group.pods.add(name);
  }
  const seen = new Map<string, number>();
  return [...groups.values()].map(({ first, ips, pods: names }) => {
    const count = (seen.get(first.key) ?? 0) + 1;
    seen.set(first.key, count);
    const key = count === 1 ? first.key : `${first.key}#${count}`;
    return { ...first, key, ips: [...ips], pods: [...names] };
  });
}

/**
 * Reads Namespace, Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController, Job, CronJob objects
 * and lists of them; other kinds are passed over. A workload stands for its pods under the key
 * `namespace/name[Kind]`; pods belong to the controller that owns them, and pods of one owner that differ in labels,
 * named ports or service account are told apart by `#2`, `#3`. With `matters`, only the labels it holds for tell pods
 * apart: those no selector reads need not.
 *
 * @throws z.ZodError when an object of one of these kinds has another shape
 */
export function importTopology(
  objects: readonly unknown[],
  matters: (label: string) => boolean = () => true,
): ManifestTopology {
  const namespaces: { name: string; labels: Record<string, string> }[] = [];
  const pods: Workload[] = [];
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
  return { namespaces, pods: grouped(pods, matters) };
}
