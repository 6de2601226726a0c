/** The changes that went wrong, were rejected, or are not done yet. */

import { hour, type Calendar } from './calendar.js';
import {
  fraudRequester,
  mateoAtKubectl,
  networkApprover,
  paymentsRequester,
  riskApprover,
  settlementEngineer,
  supportLead,
} from './people.js';
import type { PlannedChange } from './story.js';
import { approved } from './usual-course.js';

/** Each says in `outcome` what matching must find. */
export function irregularChanges(calendar: Calendar): PlannedChange[] {
  const late = approved(calendar, {
    key: 'second-sms-provider',
    title: 'Second SMS provider as fallback',
    reason: 'The first provider lost messages twice this week.',
    by: fraudRequester,
    approver: networkApprover,
    effect: { allows: ['sms-sender>sms-provider-b:443'] },
    proposed: [6, '13:30'],
    reviewed: [7, '08:05'],
    day: 7,
    window: ['09:00', '11:00'],
    carriedOut: '13:27',
  });
  const more = approved(calendar, {
    key: 'score-payouts',
    title: 'Payouts are scored for fraud',
    reason: 'Payouts to new accounts are held when the score is high.',
    by: paymentsRequester,
    approver: riskApprover,
    effect: { allows: ['payout-service>fraud-scoring:8080'] },
    proposed: [9, '13:10'],
    reviewed: [9, '16:40'],
    day: 10,
    window: ['10:00', '12:00'],
    carriedOut: '10:52',
  });
  const unused = approved(calendar, {
    key: 'close-direct-payments-path',
    title: 'Edge gateway loses its direct path to payments',
    reason: 'Merchants are being moved to the checkout API; the direct path is then unused.',
    by: paymentsRequester,
    approver: networkApprover,
    comment: 'Approved, provided all merchants have moved.',
    effect: { withdraws: ['edge-gateway>payments-api:8443'] },
    proposed: [10, '09:10'],
    reviewed: [10, '15:25'],
    day: 11,
    window: ['12:00', '14:00'],
    carriedOut: '13:00',
  });
  const after = calendar.to;
  return [
    { ...late, outcome: 'outside_window' },
    {
      ...more,
      carriedOut: { at: calendar.on(10, '10:52'), by: mateoAtKubectl, alsoAllows: ['bi-dashboard>fraud-scoring:8080'] },
      outcome: 'different_content',
    },
    { ...unused, carriedOut: null },
    {
      key: 'bank-failover',
      title: 'Failover address of the settlement bank',
      reason: "The bank answers on its second site only; tonight's payouts fail. Emergency.",
      by: paymentsRequester,
      effect: { allows: ['bank-gateway>bank-failover:443'] },
      proposedAt: calendar.on(12, '01:52'),
      window: [calendar.on(12, '02:00'), calendar.on(12, '09:00')],
      review: {
        at: calendar.on(12, '07:48'),
        by: networkApprover,
        decision: 'approve',
        comment: 'Right in substance, but it was in force before anybody approved it.',
      },
      carriedOut: { at: calendar.on(12, '02:21'), by: settlementEngineer },
      outcome: 'approved_after',
    },
    {
      key: 'support-card-lookup',
      title: 'Support looks up cards in the vault',
      reason: 'Agents want to confirm the last four digits with the caller.',
      by: fraudRequester,
      effect: { allows: ['support-portal>tokeniser-api:8443'] },
      proposedAt: calendar.on(13, '09:25'),
      window: [calendar.on(15, '08:00'), calendar.on(15, '20:00')],
      review: {
        at: calendar.on(13, '14:30'),
        by: riskApprover,
        decision: 'reject',
        comment: 'Would bring the support portal into scope of cardholder data. Use the masked number in the ledger.',
      },
      carriedOut: { at: calendar.on(15, '19:20'), by: supportLead },
      outcome: 'rejected',
    },
    {
      key: 'dashboards-read-ledger-db',
      title: 'Dashboards read the ledger database',
      reason: 'Finance wants figures of the same day.',
      by: fraudRequester,
      effect: { allows: ['bi-dashboard>ledger-db:5432'] },
      proposedAt: calendar.on(4, '11:00'),
      window: [calendar.on(5, '13:00'), calendar.on(5, '15:00')],
      review: {
        at: calendar.on(4, '16:45'),
        by: riskApprover,
        decision: 'reject',
        comment: 'No direct reads of the ledger. The reporting database has the same figures by 06:00.',
      },
      carriedOut: null,
      outcome: 'authorised',
    },
    {
      key: 'dashboards-read-ledger-api',
      title: 'Dashboards read balances from the ledger API',
      reason: 'Replaces the rejected direct read of the database.',
      by: fraudRequester,
      effect: { allows: ['bi-dashboard>ledger-api:8443'] },
      proposedAt: calendar.on(20, '10:15'),
      window: [after + 24 * hour, after + 28 * hour],
      review: null,
      carriedOut: null,
      outcome: 'authorised',
    },
    {
      key: 'kyc-reads-ledger',
      title: 'Identity review sees account status',
      reason: 'Reviewers have to know whether an account is blocked already.',
      by: paymentsRequester,
      effect: { allows: ['kyc-review>ledger-api:8443'] },
      proposedAt: calendar.on(20, '08:40'),
      window: [after + 48 * hour, after + 52 * hour],
      review: {
        at: calendar.on(20, '11:55'),
        by: networkApprover,
        decision: 'approve',
        comment: 'Read-only path. Approved for the release window.',
      },
      carriedOut: null,
      outcome: 'authorised',
    },
  ];
}
