/** Layer-7 content of a few requests: HTTP of our own services, DNS questions. */

import type { FlowLine, Attempt, FlowRecords } from './flow-records.js';
import type { Random } from './random.js';
import type { ClusterNode } from './workloads.js';

type Route = readonly [method: string, path: string];

/** Routes of the services whose traffic passes the proxy. */
const routes: ReadonlyMap<string, readonly Route[]> = new Map<string, readonly Route[]>([
  [
    'storefront',
    [
      ['GET', '/'],
      ['GET', '/catalogue?page=2'],
    ],
  ],
  [
    'checkout-api',
    [
      ['POST', '/v2/baskets'],
      ['GET', '/v2/baskets/current'],
    ],
  ],
  [
    'payment-page',
    [
      ['GET', '/pay/form'],
      ['POST', '/pay/submit'],
    ],
  ],
  [
    'payment-orchestrator',
    [
      ['POST', '/v1/authorisations'],
      ['POST', '/v1/captures'],
    ],
  ],
  ['fraud-scoring', [['POST', '/v1/score']]],
  ['device-fingerprint', [['POST', '/v1/devices']]],
  [
    'notification-api',
    [
      ['POST', '/v1/messages'],
      ['GET', '/v1/messages?state=failed'],
    ],
  ],
  [
    'support-portal',
    [
      ['GET', '/cases'],
      ['GET', '/cases/search?q=refund'],
    ],
  ],
]);

export function speaksHttp(destination: string): boolean {
  return routes.has(destination);
}

/** Request and response of one HTTP exchange, as the destination's proxy logs them. */
export function httpExchange(
  records: FlowRecords,
  random: Random,
  node: ClusterNode,
  attempt: Attempt,
  service: { readonly name: string; readonly namespace: string },
): FlowLine[] {
  const [method, path] = random.pick(routes.get(service.name) ?? [['GET', '/']]);
  const url = `http://${service.name}.${service.namespace}.svc.cluster.local:${attempt.port}${path}`;
  const requestId = { key: 'X-Request-Id', value: random.uuid() };
  const http = { method, url, protocol: 'HTTP/1.1' };
  const code = random.chance(0.96) ? (method === 'POST' ? 201 : 200) : random.pick([400, 404, 429, 500, 503]);
  const delay = random.integer(2, 90);
  const latency = String(delay * 1_000_000 + random.integer(0, 999_999));
  return [
    records.layer7(
      node,
      attempt,
      'INGRESS',
      false,
      0,
      {
        type: 'REQUEST',
        http: { ...http, headers: [{ key: 'User-Agent', value: 'haldenpay-client/4.2' }, requestId] },
      },
      `HTTP/1.1 ${method} ${url}`,
    ),
    records.layer7(
      node,
      attempt,
      'INGRESS',
      true,
      delay,
      { type: 'RESPONSE', latency_ns: latency, http: { code, ...http, headers: [requestId] } },
      `HTTP/1.1 ${code} ${delay}ms (${method} ${url})`,
    ),
  ];
}

/** A DNS question, as the source's DNS proxy logs it. */
export function dnsQuestion(records: FlowRecords, node: ClusterNode, attempt: Attempt, name: string): FlowLine {
  const query = `${name}.`;
  const l7 = { type: 'REQUEST', dns: { query, observation_source: 'proxy', qtypes: ['A'] } };
  return records.layer7(node, attempt, 'EGRESS', false, 0, l7, `DNS Query ${query} A`);
}
