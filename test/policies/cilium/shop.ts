/** A small shop, and what Cilium policies say about it. */

import assert from 'node:assert/strict';
import { importPolicies } from '../../../src/policies/import.js';
import { compile, type Pod, type SideVerdict } from '../../../src/policies/simulation/evaluate.js';

export const object = (spec: object, name = 'p', namespace = 'shop') => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name, namespace },
  spec,
});
export const clusterwide = (spec: object, name = 'c') => ({
  ...object(spec, name),
  kind: 'CiliumClusterwideNetworkPolicy',
  metadata: { name },
});
export const api = { endpointSelector: { matchLabels: { app: 'api' } } };
export const web = { matchLabels: { app: 'web' } };

export function pod(key: string, labels: Record<string, string>, ip: string, more: Partial<Pod> = {}): Pod {
  const [namespace = '', name = ''] = key.split('/');
  return { key, namespace, name, labels, ips: [ip], namedPorts: [], hostNetwork: false, ...more };
}
export const topology = {
  namespaces: [{ name: 'ops', labels: { team: 'blue' } }],
  pods: [
    pod('shop/web', { app: 'web' }, '10.0.0.1', { serviceAccount: 'front' }),
    pod('shop/api', { app: 'api' }, '10.0.0.2', { namedPorts: [{ name: 'http', protocol: 'TCP', port: 8080 }] }),
    pod('ops/web', { app: 'web' }, '10.0.1.1'),
    pod('ops/agent', { app: 'web' }, '192.168.0.1', { hostNetwork: true }),
  ],
};

export function sideOf(
  objects: readonly object[],
  source: string,
  port: number,
  protocol: 'TCP' | 'UDP' | 'SCTP',
): SideVerdict {
  const { policies, problems } = importPolicies(objects);
  assert.deepEqual(problems, []);
  const end = source.includes('/') ? { pod: source } : { ip: source };
  const engine = compile(topology, policies, { ipBlockMatchesPods: false });
  return engine.verdict({ source: end, destination: { pod: 'shop/api' }, protocol, port }).ingress;
}

/** The sources, of the pods and two addresses outside, that may reach `shop/api`. */
export function reaching(objects: readonly object[], port = 80, protocol: 'TCP' | 'UDP' | 'SCTP' = 'TCP'): string {
  const sources = ['shop/web', 'ops/web', 'ops/agent', '8.8.8.8', 'fd00::1'];
  return sources.filter((source) => sideOf(objects, source, port, protocol).allowed).join(' ');
}

export const everyone = 'shop/web ops/web ops/agent 8.8.8.8 fd00::1';
export const from = (rule: object) => [object({ ...api, ingress: [rule] })];
