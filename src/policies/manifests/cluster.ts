/** Manifest files into what simulations run on: the topology, the policies, and everything that is neither. */

import { z } from 'zod';
import { importNetworkInterfaces } from '../aws/network-interfaces.js';
import { importPolicies, type ObjectPlace } from '../import.js';
import { policyConflicts } from '../kubernetes/import.js';
import { importTopology, type ManifestTopology } from '../kubernetes/topology.js';
import { policyIdText, type Policy, type PolicyId } from '../model.js';
import {
  readDocuments,
  type ManifestDocuments,
  type ManifestFile,
  type ManifestNote,
  type ManifestObject,
  type ManifestPlace,
} from './documents.js';

/** Objects of one kind that are in the files and in no simulation. */
export interface PassedOver {
  readonly kind: string;
  readonly count: number;
  /** What leaving them out means for verdicts; `null` for kinds that decide nothing about connections. */
  readonly meaning: string | null;
}

/**
 * What manifest files say. With `problems`, something that may decide traffic could not be read or is not valid, so
 * that no verdict may be drawn from the rest. `notModelled` is understood and outside of the model, `doubts` reads in
 * more than one way.
 */
export interface ManifestCluster {
  readonly topology: ManifestTopology;
  readonly policies: readonly Policy[];
  readonly problems: readonly ManifestNote[];
  readonly notModelled: readonly ManifestNote[];
  readonly doubts: readonly ManifestNote[];
  readonly passedOver: readonly PassedOver[];
}

const nowhere: ManifestPlace = { file: '', document: 0, item: '' };

const topologyKinds: ReadonlySet<string> = new Set([
  'Namespace',
  'Pod',
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'ReplicationController',
  'Job',
  'CronJob',
]);

const ingressMeaning =
  'paths through ingress controllers and routers are not modelled; connections they make are not listed';
const meshMeaning = 'a service mesh may deny more than network policies do; its rules are not modelled';

/** Kinds that decide or make connections in ways network policies do not say. */
const meanings: Readonly<Record<string, string>> = {
  Ingress: ingressMeaning,
  Route: ingressMeaning,
  HTTPRoute: ingressMeaning,
  GRPCRoute: ingressMeaning,
  TCPRoute: ingressMeaning,
  TLSRoute: ingressMeaning,
  UDPRoute: ingressMeaning,
  Gateway: ingressMeaning,
  AuthorizationPolicy: meshMeaning,
  PeerAuthentication: meshMeaning,
  RequestAuthentication: meshMeaning,
  Sidecar: meshMeaning,
  VirtualService: meshMeaning,
  UserDefinedNetwork: 'secondary and user-defined networks are not modelled; all pods are taken to be on one network',
  ClusterUserDefinedNetwork:
    'secondary and user-defined networks are not modelled; all pods are taken to be on one network',
  NetworkAttachmentDefinition:
    'secondary and user-defined networks are not modelled; all pods are taken to be on one network',
  EgressFirewall: 'not modelled; it may deny more than is shown here',
  EgressNetworkPolicy: 'not modelled; it may deny more than is shown here',
  MultiNetworkPolicy: 'not modelled; it governs secondary networks only',
};

const named = z.object({
  kind: z.string().catch(''),
  apiVersion: z.string().catch(''),
  metadata: z
    .object({ name: z.string().catch(''), namespace: z.string().catch('') })
    .catch({ name: '', namespace: '' }),
});

/** An object by its kind, namespace and name as written: `NetworkPolicy shop/web`. */
export function objectText(value: unknown): string {
  const { kind, metadata } = named
    .catch({ kind: '', apiVersion: '', metadata: { name: '', namespace: '' } })
    .parse(value);
  const { name, namespace } = metadata;
  return `${kind === '' ? '(no kind)' : kind} ${namespace === '' ? '' : `${namespace}/`}${name === '' ? '(no name)' : name}`;
}

/** A path as the other messages write it: `spec.containers[0].ports`. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

function collectLabels(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) collectLabels(item, found);
  else if (typeof value === 'object' && value !== null)
    for (const [name, member] of Object.entries(value)) {
      if ((name === 'key' || name === 'label') && typeof member === 'string') found.add(member);
      else collectLabels(member, found);
    }
}

/** The keys of all labels that selectors of these policies read. */
export function labelsRead(policies: readonly Policy[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const policy of policies) collectLabels([policy.subject, policy.ingress, policy.egress], found);
  return found;
}

interface ReadPolicies {
  readonly policies: readonly Policy[];
  readonly problems: readonly ManifestNote[];
  readonly notModelled: readonly ManifestNote[];
  readonly others: readonly ManifestObject[];
}

function readPolicies(objects: readonly ManifestObject[]): ReadPolicies {
  const read = importPolicies(objects.map(({ value }) => value));
  const placed = (notes: readonly ObjectPlace[]) =>
    notes.map(({ index, object, path, message }): ManifestNote => {
      const place = objects[index]?.place ?? nowhere;
      return { place, object, path, message };
    });
  const others = new Set(read.others);
  return {
    policies: read.policies,
    problems: placed(read.problems),
    notModelled: placed(read.notModelled),
    others: objects.filter(({ value }) => others.has(value)),
  };
}

/** Each object alone, so that one that is wrong does not hide the others. */
function readTopologyObjects(objects: readonly ManifestObject[]): {
  readonly good: readonly unknown[];
  readonly problems: readonly ManifestNote[];
} {
  const good: unknown[] = [];
  const problems: ManifestNote[] = [];
  for (const { place, value } of objects)
    try {
      importTopology([value]);
      importNetworkInterfaces([value]);
      good.push(value);
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error;
      for (const { path, message } of error.issues)
        problems.push({ place, object: objectText(value), path: pathText(path), message });
    }
  return { good, problems };
}

function passedOver(objects: readonly ManifestObject[]): PassedOver[] {
  const counts = new Map<string, number>();
  for (const { value } of objects) {
    const { kind } = named.parse(value);
    const name = kind === '' ? '(no kind)' : kind;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, count]) => ({
      kind,
      count,
      meaning: Object.hasOwn(meanings, kind) ? (meanings[kind] ?? null) : null,
    }));
}

/** Two objects of one identity: which of them counts is nobody's to say. */
function duplicates(objects: readonly ManifestObject[]): ManifestNote[] {
  const first = new Map<string, ManifestObject>();
  const notes: ManifestNote[] = [];
  for (const object of objects) {
    const { kind, metadata } = named.parse(object.value);
    if (!topologyKinds.has(kind) || metadata.name === '') continue;
    const id = `${kind} ${metadata.namespace === '' && kind !== 'Namespace' ? 'default' : metadata.namespace}/${metadata.name}`;
    const known = first.get(id);
    if (known === undefined) first.set(id, object);
    else
      notes.push({
        place: object.place,
        object: objectText(object.value),
        path: 'metadata.name',
        message: `also in ${known.place.file}; both are taken`,
      });
  }
  return notes;
}

/**
 * Reads manifest files. Every object in them ends in the topology, among the policies, among the problems, or is
 * counted under `passedOver`. Never throws.
 *
 * @example
 * const { topology, policies, problems } = readCluster([{ name: 'web.yaml', text }]);
 * if (problems.length === 0) console.log(compile(topology, policies, { ipBlockMatchesPods: false }));
 */
export function readCluster(files: readonly ManifestFile[]): ManifestCluster {
  return clusterOf(readDocuments(files));
}

/** The cluster that objects describe which are read already. */
export function clusterOf(documents: ManifestDocuments): ManifestCluster {
  const read = readPolicies(documents.objects);
  const isTopology = ({ value }: ManifestObject) =>
    topologyKinds.has(named.parse(value).kind) || 'NetworkInterfaces' in value || 'Reservations' in value;
  const { good, problems } = readTopologyObjects(read.others.filter(isTopology));
  const labels = labelsRead(read.policies);
  const isOne = ({ value }: ManifestObject, id: PolicyId) => {
    const { kind, metadata } = named.parse(value);
    const namespace = metadata.namespace === '' && id.namespace !== null ? 'default' : metadata.namespace;
    return kind === id.kind && metadata.name === id.name && namespace === (id.namespace ?? '');
  };
  const conflicts = policyConflicts(read.policies).map(({ policies, message }): ManifestNote => {
    const place = documents.objects.findLast((object) => policies.some((id) => isOne(object, id)))?.place;
    return {
      place: place ?? nowhere,
      object: [...new Set(policies.map(policyIdText))].join(', '),
      path: message.startsWith('expected one') ? 'metadata.name' : 'spec.priority',
      message,
    };
  });
  const cluster = importTopology(good, (label) => labels.has(label));
  const cloud = importNetworkInterfaces(good);
  return {
    topology: {
      namespaces: [...cluster.namespaces, ...cloud.namespaces],
      pods: [...cluster.pods, ...cloud.pods.map((pod) => ({ ...pod, pods: [] }))],
    },
    policies: read.policies,
    problems: [...documents.problems, ...read.problems, ...problems, ...conflicts],
    notModelled: read.notModelled,
    doubts: [...documents.doubts, ...duplicates(read.others)],
    passedOver: passedOver(read.others.filter((object) => !isTopology(object))),
  };
}
