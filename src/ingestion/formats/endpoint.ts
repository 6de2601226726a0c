import type { Endpoint, WorkloadRef } from '../normal-form.js';
import { canonicalAddress } from './ip-address.js';
import { nameOf } from './json-value.js';
import { addFlag } from './wire.js';

/** What a format says of one end of a flow; everything may be missing. */
export interface EndpointFields {
  readonly ip?: unknown;
  /** A number, or decimal text; `0` counts as missing where the format writes it for "none": see `portOf`. */
  readonly port?: number | null;
  /** Host, VM, pod or interface. */
  readonly instance?: unknown;
  readonly workload?: WorkloadRef | null;
  readonly identity?: string | null;
  readonly dnsNames?: readonly string[];
  /** Cluster, zone, VPC or firewall zone. */
  readonly zone?: unknown;
}

/**
 * One end of a flow; null when nothing is said of it. An end with an address and no workload is the workload
 * `ip:ADDRESS`. Adds `bad_address` for what is there and is no IP address.
 */
export function endpointOf(fields: EndpointFields, flags: string[]): Endpoint | null {
  const ip = addressOf(fields.ip, flags);
  const instance = nameOf(fields.instance);
  const zone = nameOf(fields.zone);
  const port = fields.port ?? null;
  const dnsNames = [...(fields.dnsNames ?? [])];
  const workload =
    fields.workload ?? (ip !== null ? addressWorkload(ip) : instance === null ? null : hostWorkload(instance));
  if (workload === null && port === null && dnsNames.length === 0 && zone === null) return null;
  return { ip, port, workload, instance, identity: fields.identity ?? null, dnsNames, zone };
}

/** The canonical address in a field; null, and a flag, for what is none. `-`, empty text and null are missing. */
export function addressOf(value: unknown, flags: string[]): string | null {
  if (value === undefined || value === null || value === '' || value === '-') return null;
  const address = typeof value === 'string' ? canonicalAddress(value.trim()) : null;
  if (address === null) addFlag(flags, 'bad_address');
  return address;
}

/** A port as a number or decimal text; null, and the flag `bad_port`, for what is none. `-`, empty text and null are missing. */
export function portOf(value: unknown, flags: string[]): number | null {
  if (value === undefined || value === null || value === '' || value === '-') return null;
  const port =
    typeof value === 'number' ? value : typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : -1;
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  addFlag(flags, 'bad_port');
  return null;
}

export function addressWorkload(ip: string): WorkloadRef {
  return { key: `ip:${ip}`, kind: null, namespace: null, name: ip, labels: {} };
}

function hostWorkload(name: string): WorkloadRef {
  return { key: `host:${name}`, kind: null, namespace: null, name, labels: {} };
}

/** A Kubernetes workload by the name of its controller. */
export function kubernetesWorkload(
  namespace: string | null,
  name: string,
  kind: string | null = null,
  labels: Readonly<Record<string, string>> = {},
): WorkloadRef {
  return { key: `k8s:${namespace ?? ''}/${name}`, kind, namespace, name, labels: { ...labels } };
}
