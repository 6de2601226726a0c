/** Who talks to whom in the estate: what is meant to be, and what is tried without being meant to. */

import type { Protocol } from '../policies/model.js';
import type { Rhythm } from './calendar.js';

/**
 * A connection that workloads open. `from` and `to` name a workload or a place outside.
 *
 * - `initially`: the first policies allow it
 * - `later`: a change allows it; before that (and after it is taken back) it is tried now and then
 * - `never`: nobody means it to be; the policies in force decide what becomes of it
 */
export interface Connection {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly weight: number;
  readonly rhythm: Rhythm;
  readonly meant: 'initially' | 'later' | 'never';
}

/** `from>to:port`, the name of a TCP connection in the story. */
export type ConnectionId = string;

type Row = readonly [from: string, to: string, port: number, weight: number, rhythm?: Rhythm];

const initially: readonly Row[] = [
  ['internet', 'edge-gateway', 8443, 150],
  ['edge-gateway', 'storefront', 8080, 60],
  ['edge-gateway', 'checkout-api', 8080, 45],
  ['edge-gateway', 'payment-page', 8080, 30],
  ['edge-gateway', 'payments-api', 8443, 25],
  ['storefront', 'session-cache', 6379, 40],
  ['checkout-api', 'session-cache', 6379, 35],
  ['checkout-api', 'payments-api', 8443, 50],
  ['checkout-api', 'kyc-review', 8080, 4, 'office'],
  ['payment-page', 'tokeniser-api', 8443, 32],
  ['payments-api', 'payment-orchestrator', 8080, 45],
  ['payments-api', 'payments-db', 5432, 30],
  ['payment-orchestrator', 'payments-db', 5432, 35],
  ['payment-orchestrator', 'payments-queue', 9092, 25],
  ['payment-orchestrator', 'acquirer-connector', 8080, 35],
  ['payment-orchestrator', 'fraud-scoring', 8080, 40],
  ['payment-orchestrator', 'tokeniser-api', 8443, 28],
  ['payment-orchestrator', 'ledger-api', 8443, 30],
  ['payment-orchestrator', 'notification-api', 8080, 18],
  ['acquirer-connector', 'acquirer-a', 443, 34],
  ['acquirer-connector', 'tokeniser-api', 8443, 20],
  ['tokeniser-api', 'vault-core', 8200, 40],
  ['vault-core', 'vault-db', 5432, 35],
  ['vault-core', 'hsm-proxy', 9004, 22],
  ['hsm-proxy', 'hsm', 9004, 22],
  ['key-rotation', 'vault-core', 8200, 6, 'nightly'],
  ['key-rotation', 'hsm-proxy', 9004, 4, 'nightly'],
  ['vault-db', 'vault-db-replica', 5432, 16, 'steady'],
  ['fraud-scoring', 'rules-engine', 8080, 28],
  ['fraud-scoring', 'feature-store', 6379, 30],
  ['device-fingerprint', 'feature-store', 6379, 14],
  ['model-trainer', 'feature-store', 6379, 10, 'nightly'],
  ['model-trainer', 'reporting-db', 5432, 5, 'nightly'],
  ['ledger-api', 'ledger-writer', 8080, 28],
  ['ledger-api', 'ledger-db', 5432, 18],
  ['ledger-writer', 'ledger-db', 5432, 30],
  ['ledger-writer', 'payments-queue', 9092, 14, 'steady'],
  ['ledger-db', 'ledger-db-replica', 5432, 24, 'steady'],
  ['reconciliation', 'ledger-db', 5432, 25, 'nightly'],
  ['reconciliation', 'settlement-db', 5432, 18, 'nightly'],
  ['reconciliation', 'payments-db', 5432, 15, 'nightly'],
  ['settlement-batch', 'ledger-api', 8443, 90, 'nightly'],
  ['settlement-batch', 'settlement-db', 5432, 120, 'nightly'],
  ['settlement-batch', 'fee-calculator', 8080, 60, 'nightly'],
  ['settlement-batch', 'payout-service', 8080, 60, 'nightly'],
  ['payout-service', 'bank-gateway', 8443, 55, 'nightly'],
  ['payout-service', 'ledger-api', 8443, 45, 'nightly'],
  ['payout-service', 'settlement-db', 5432, 4, 'steady'],
  ['payout-service', 'notification-api', 8080, 20, 'nightly'],
  ['bank-gateway', 'bank', 443, 50, 'nightly'],
  ['notification-api', 'payments-queue', 9092, 14],
  ['notification-api', 'template-renderer', 8080, 14],
  ['notification-api', 'email-sender', 8080, 12],
  ['notification-api', 'sms-sender', 8080, 6],
  ['notification-api', 'webhook-dispatcher', 8080, 12],
  ['email-sender', 'smtp-relay', 587, 12],
  ['sms-sender', 'sms-provider', 443, 6],
  ['webhook-dispatcher', 'internet', 443, 12],
  ['staff-vpn', 'support-portal', 8080, 18, 'office'],
  ['staff-vpn', 'admin-console', 8080, 4, 'office'],
  ['staff-vpn', 'bi-dashboard', 3000, 6, 'office'],
  ['support-portal', 'payments-api', 8443, 14, 'office'],
  ['support-portal', 'ledger-api', 8443, 8, 'office'],
  ['admin-console', 'reporting-db', 5432, 3, 'office'],
  ['reporting-etl', 'reporting-db', 5432, 14, 'steady'],
  ['reporting-etl', 'ledger-db-replica', 5432, 10, 'steady'],
];

const later: readonly Row[] = [
  ['checkout-api', 'device-fingerprint', 8080, 22],
  ['storefront', 'device-fingerprint', 8080, 16],
  ['acquirer-connector', 'acquirer-b', 443, 16],
  ['support-portal', 'notification-api', 8080, 8, 'office'],
  ['reconciliation', 'acquirer-a', 22, 12, 'nightly'],
  ['fee-calculator', 'rates-provider', 443, 10, 'nightly'],
  ['fee-calculator', 'ledger-api', 8443, 14, 'nightly'],
  ['sms-sender', 'sms-provider-b', 443, 4],
  ['payment-page', 'kyc-review', 8080, 5, 'office'],
  ['model-trainer', 'artefact-store', 443, 8, 'nightly'],
  ['payout-service', 'fraud-scoring', 8080, 20, 'nightly'],
  ['payout-service', 'webhook-dispatcher', 8080, 12, 'nightly'],
  ['bank-gateway', 'bank-failover', 443, 14, 'nightly'],
  ['kyc-review', 'notification-api', 8080, 4, 'office'],
  ['webhook-dispatcher', 'merchant-proxy', 443, 12],
  ['support-portal', 'tokeniser-api', 8443, 6, 'office'],
  ['bi-dashboard', 'ledger-api', 8443, 2, 'office'],
  ['kyc-review', 'ledger-api', 8443, 2, 'office'],
];

const never: readonly Row[] = [
  ['reporting-etl', 'payments-db', 5432, 4, 'steady'],
  ['bi-dashboard', 'fraud-scoring', 8080, 6, 'office'],
  ['bi-dashboard', 'ledger-db', 5432, 4, 'office'],
  ['bi-dashboard', 'reporting-db', 5432, 26, 'office'],
  ['support-portal', 'admin-console', 8080, 10, 'office'],
  ['kyc-review', 'reporting-db', 5432, 8, 'office'],
  ['admin-console', 'vault-core', 8200, 1, 'office'],
  ['model-trainer', 'internet', 443, 4, 'steady'],
  ['model-trainer', 'payments-db', 5432, 3, 'nightly'],
  ['rules-engine', 'session-cache', 6379, 4],
  ['fee-calculator', 'session-cache', 6379, 2, 'steady'],
  ['storefront', 'payments-db', 5432, 1.5],
  ['webhook-dispatcher', 'metadata-service', 80, 0.5, 'steady'],
  ['internet', 'edge-gateway', 22, 1.5, 'steady'],
  ['internet', 'storefront', 8080, 1, 'steady'],
];

function connection([from, to, port, weight, rhythm = 'shop']: Row, meant: Connection['meant']): Connection {
  return { id: `${from}>${to}:${port}`, from, to, protocol: 'TCP', port, weight, rhythm, meant };
}

/** All of them; ids are unique. */
export const connections: readonly Connection[] = [
  ...initially.map((row) => connection(row, 'initially')),
  ...later.map((row) => connection(row, 'later')),
  ...never.map((row) => connection(row, 'never')),
];

const byId = new Map(connections.map((each) => [each.id, each]));

/**
 * The connection of that id.
 *
 * @throws RangeError when there is none
 */
export function connectionOf(id: ConnectionId): Connection {
  const found = byId.get(id);
  if (found === undefined) throw new RangeError(`expected the id of a connection, from>to:port, got ${id}`);
  return found;
}
