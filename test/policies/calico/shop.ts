/** A small shop of three pods, and what Calico policies say about it. */

import assert from 'node:assert/strict';
import { importPolicies } from '../../../src/policies/import.js';
import { policyIdText } from '../../../src/policies/model.js';
import { compile, type Pod, type SideVerdict } from '../../../src/policies/simulation/evaluate.js';

export const apiVersion = 'projectcalico.org/v3';
export const object = (kind: string, name: string, spec: object, namespace?: string) => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  spec,
});
export const local = (name: string, spec: object) => object('NetworkPolicy', name, spec, 'shop');
export const global = (name: string, spec: object) => object('GlobalNetworkPolicy', name, spec);

export function pod(name: string, labels: Record<string, string>, ip: string, more: Partial<Pod> = {}): Pod {
  return {
    key: `shop/${name}`,
    namespace: 'shop',
    name,
    labels,
    ips: [ip],
    namedPorts: [],
    hostNetwork: false,
    ...more,
  };
}
export const topology = {
  namespaces: [{ name: 'shop', labels: { team: 'red' } }],
  pods: [
    pod('web', { app: 'web' }, '10.0.0.1', { serviceAccount: 'front' }),
    pod('api', { app: 'api' }, '10.0.0.2', { namedPorts: [{ name: 'http', protocol: 'TCP', port: 8080 }] }),
    pod('db', { app: 'db', legacy: '' }, '10.0.0.3'),
  ],
};

export function engineOf(objects: readonly object[]) {
  const { policies, problems } = importPolicies(objects);
  assert.deepEqual(problems, []);
  return compile(topology, policies, { ipBlockMatchesPods: true });
}

/** `Policy#rule` of every match after what passed, or the isolating policies; `+` when allowed and `-` when not. */
export function reason({ allowed, by, passedBy }: SideVerdict): string {
  const place = ({ policy, rule }: (typeof passedBy)[number]) => `${policy.name}#${rule}`;
  const passed = passedBy.map((match) => `${place(match)} > `).join('');
  const decided =
    typeof by === 'string'
      ? by
      : 'policies' in by
        ? `${by.tier}: ${by.policies.map(place).join(' ')}`
        : `isolated by ${by.isolatedBy.map(policyIdText).join()}${by.tier === undefined ? '' : ` in ${by.tier}`}`;
  return `${allowed ? '+' : '-'} ${passed}${decided}`;
}

export function ingress(objects: readonly object[], source = 'web', destination = 'api', port = 80): string {
  const end = (name: string) => (name.includes('.') ? { ip: name } : { pod: `shop/${name}` });
  return reason(
    engineOf(objects).verdict({ source: end(source), destination: end(destination), protocol: 'TCP', port }).ingress,
  );
}

export const api = { selector: "app == 'api'" };
export const from = (selector: string) => ({ source: { selector } });
