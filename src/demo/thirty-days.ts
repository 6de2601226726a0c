/** The whole story of the estate, on a calendar. */

import { day, hour, minute, second, type Calendar } from './calendar.js';
import { irregularChanges } from './irregular-changes.js';
import { nightEngineer } from './people.js';
import { firstPolicies, regularChanges } from './regular-changes.js';
import { enforcedLater, isolatedLater } from './segments.js';
import type { Story } from './story.js';
import { drSource } from './workloads.js';

const databases = ['payments-db', 'ledger-db', 'vault-db', 'settlement-db', 'feature-store', 'session-cache'];
const services = ['vault-core', 'hsm-proxy', 'ledger-api', 'payments-api', 'fraud-scoring', 'payments-queue'];
const probedPorts = [22, 80, 443, 1433, 3306, 5432, 6379, 8080, 8200, 9092, 9200, 27_017];
const internetPorts = [21, 22, 23, 80, 443, 445, 1433, 3306, 3389, 5432, 5900, 6379, 8080, 8443, 9200, 27_017];

/** What happens in the thirty days of the calendar. */
export function storyOf(calendar: Calendar): Story {
  return {
    changes: [...firstPolicies(calendar), ...regularChanges(calendar), ...irregularChanges(calendar)],
    handEdits: [
      {
        at: calendar.on(6, '02:41'),
        dryRunAt: calendar.on(6, '02:38'),
        by: nightEngineer,
        effect: { allows: ['reporting-etl>payments-db:5432'] },
      },
    ],
    refusals: [
      {
        at: calendar.on(16, '22:18') + 37 * second + 412,
        by: nightEngineer,
        action: 'delete',
        policy: { namespace: 'cards-vault', name: 'default-deny' },
      },
    ],
    phases: [
      {
        at: calendar.on(3, '07:10') + 19 * second + 806,
        segment: isolatedLater,
        phase: 'enforcing',
        reason: 'First policies are in force and the owner confirmed every connection; no month of flows to wait for.',
      },
      {
        at: calendar.on(9, '10:00') + 52 * second + 137,
        segment: enforcedLater,
        phase: 'enforcing',
        reason: 'Audit verdicts were reviewed with the fraud team for a week; nothing needed is among them.',
      },
    ],
    scans: [
      { at: calendar.on(4, '03:14'), from: 'internet', targets: ['edge-gateway'], ports: internetPorts },
      { at: calendar.on(14, '15:07'), from: 'admin-console', targets: [...databases, ...services], ports: probedPorts },
      { at: calendar.on(17, '22:46'), from: 'internet', targets: ['edge-gateway', 'storefront'], ports: internetPorts },
    ],
    silence: { source: drSource, from: calendar.to - 4 * day - 2 * hour - 13 * minute },
  };
}
