import type { Endpoint, WorkloadRef } from '../normal-form.js';
import { canonicalAddress } from './ip-address.js';
import { addFlag } from './wire.js';
import { integerOf, type JsonObject, listOf, nameOf, objectOf, textsOf } from './json-value.js';

/** Security identities below 256 are Cilium's own; the number tells even where labels are masked out. */
const firstAllocatedIdentity = 256;
const reservedIdentities: ReadonlyMap<number, string> = new Map([
  [1, 'host'],
  [2, 'world'],
  [3, 'unmanaged'],
  [4, 'health'],
  [5, 'init'],
  [6, 'remote-node'],
  [7, 'kube-apiserver'],
  [8, 'ingress'],
  [9, 'world-ipv4'],
  [10, 'world-ipv6'],
  [11, 'encrypted-overlay'],
]);

/** The letters and digits Kubernetes draws name suffixes from. */
const drawn = '[bcdfghjklmnpqrstvwxz2456789]';
/** A Deployment's pods end in `-<template hash>-<5 drawn>`, a CronJob's in `-<minutes>-<5 drawn>`. */
const replicaSuffix = new RegExp(`-(?:${drawn}{6,10}|\\d{8,10})-${drawn}{5}$`);
/** A DaemonSet's, Job's or bare ReplicaSet's end in `-<5 drawn>`, a StatefulSet's in `-<ordinal>`. */
const podSuffix = new RegExp(`-(?:${drawn}{5}|\\d{1,4})$`);

/** The workload a pod's name hints at: the name without the suffixes its controller drew. */
export function workloadNameFromPod(podName: string): string {
  const owner = podName.replace(replicaSuffix, '');
  const name = owner === podName ? podName.replace(podSuffix, '') : owner;
  return name === '' ? podName : name;
}

/** Everything a flow says about one of its two ends. */
export interface EndpointInput {
  /** `flow.source` or `flow.destination`. */
  readonly described: unknown;
  /** `flow.IP.source` or `flow.IP.destination`. */
  readonly address: unknown;
  readonly port: number | null;
  /** `flow.source_names` or `flow.destination_names`. */
  readonly names: unknown;
}

/** Reads one end of a flow; null when the flow says nothing about it. Adds to `flags` what was guessed. */
export function readEndpoint(input: EndpointInput, flags: string[]): Endpoint | null {
  const described = objectOf(input.described) ?? {};
  const ip = readAddress(input.address, flags);
  const identity = integerOf(described.identity) ?? 0;
  const instance = readName(described.pod_name, flags);
  const workload = readWorkload(described, identity, instance, ip, flags);
  const dnsNames = textsOf(input.names);
  const zone = readName(described.cluster_name, flags);
  if (workload === null && input.port === null && dnsNames.length === 0 && zone === null) return null;
  return {
    ip,
    port: input.port,
    workload,
    instance,
    identity: identity > 0 ? String(identity) : null,
    dnsNames,
    zone,
  };
}

function readWorkload(
  described: JsonObject,
  identity: number,
  instance: string | null,
  ip: string | null,
  flags: string[],
): WorkloadRef | null {
  const namespace = readName(described.namespace, flags);
  const { labels, reserved } = readLabels(described.labels);
  const listed = objectOf(listOf(described.workloads)[0]);
  const listedName = readName(listed?.name, flags);
  const name = listedName ?? (instance === null ? null : workloadNameFromPod(instance));

  if (name !== null) {
    if (listedName === null) addFlag(flags, 'workload_from_pod_name');
    if (namespace === null) addFlag(flags, 'no_namespace');
    const kind = listedName === null ? null : nameOf(listed?.kind);
    return { key: `k8s:${namespace ?? ''}/${name}`, kind, namespace, name, labels };
  }

  const reservedName =
    identity > 0 && identity < firstAllocatedIdentity
      ? (reservedIdentities.get(identity) ?? reserved ?? String(identity))
      : identity === 0
        ? reserved
        : null;
  if (reservedName !== null) {
    return { key: `reserved:${reservedName}`, kind: null, namespace: null, name: reservedName, labels };
  }
  if (ip !== null) return { key: `ip:${ip}`, kind: null, namespace, name: ip, labels };
  if (identity > 0) {
    return { key: `identity:${identity}`, kind: null, namespace, name: String(identity), labels };
  }
  return null;
}

/**
 * Labels come as `source:key=value`. Those of the sources `reserved` and `cidr` say what the
 * address belongs to and are no labels of a workload.
 */
function readLabels(value: unknown): { labels: Record<string, string>; reserved: string | null } {
  const labels: Record<string, string> = {};
  let reserved: string | null = null;
  for (const item of listOf(value)) {
    if (typeof item !== 'string') continue;
    const equals = item.indexOf('=');
    const keyEnd = equals === -1 ? item.length : equals;
    // Nearly every label is Kubernetes' own, so its prefix is looked for first.
    const colon = item.startsWith('k8s:') ? 3 : item.indexOf(':');
    const keyStart = colon !== -1 && colon < keyEnd ? colon + 1 : 0;
    const key = item.slice(keyStart, keyEnd);
    if (key === '' || key === '__proto__') continue;
    if (keyStart > 4 && item.startsWith('reserved:')) reserved ??= nameOf(key);
    else if (keyStart > 4 && item.startsWith('cidr:')) continue;
    else labels[key] = equals === -1 ? '' : item.slice(equals + 1);
  }
  return { labels, reserved };
}

function readAddress(value: unknown, flags: string[]): string | null {
  if (value === undefined || value === null || value === '') return null;
  const address = typeof value === 'string' ? canonicalAddress(value) : null;
  if (address === null) addFlag(flags, 'bad_address');
  return address;
}

function readName(value: unknown, flags: string[]): string | null {
  const name = nameOf(value);
  if (name === null && value !== undefined && value !== null && value !== '') addFlag(flags, 'bad_name');
  return name;
}
