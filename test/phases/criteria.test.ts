import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { phaseOrder, type SegmentPhase } from '../../src/inventory/segment-phase.js';
import {
  criteriaOf,
  criterionIds,
  isLater,
  neededFor,
  phaseAfter,
  type CriterionId,
  type PhaseFacts,
} from '../../src/phases/criteria.js';

const nothingBlocked = { connections: 0, flows: 0, accepted: 0, uncertain: 0 };

const ready: PhaseFacts = {
  windowDays: 30,
  flowDays: 30,
  gapDays: 0,
  workloads: 20,
  labelledWorkloads: 20,
  policiesInForce: 4,
  openChanges: 0,
  unapproved: [],
  blockedByDraft: nothingBlocked,
  blocked: nothingBlocked,
  defaultDeny: { ingress: true, egress: true },
  openFindings: 0,
  phase: 'monitoring',
  daysInPhase: 9,
};

function missing(facts: Partial<PhaseFacts>): CriterionId[] {
  return criteriaOf({ ...ready, ...facts })
    .filter(({ met }) => !met)
    .map(({ id }) => id);
}

describe('criteria of phases', () => {
  test('hold for a segment that has everything', () => {
    assert.deepEqual(missing({}), []);
    assert.deepEqual(
      criteriaOf(ready).map(({ id }) => id),
      criterionIds,
    );
  });

  test('each names the fact it fails by', () => {
    const cases: readonly [Partial<PhaseFacts>, readonly CriterionId[]][] = [
      [{ flowDays: 13 }, ['baseline']],
      [{ gapDays: 4 }, ['baseline']],
      [{ labelledWorkloads: 18 }, ['labels']],
      [{ workloads: 0, labelledWorkloads: 0 }, ['labels']],
      [{ policiesInForce: 0 }, ['policies_drafted', 'draft_blocks_nothing', 'policies_approved']],
      [{ policiesInForce: 0, openChanges: 1 }, ['policies_approved']],
      [{ blockedByDraft: { connections: 2, flows: 9, accepted: 1, uncertain: 0 } }, ['draft_blocks_nothing']],
      [{ blocked: { connections: 2, flows: 9, accepted: 1, uncertain: 0 } }, ['blocks_nothing']],
      [{ blocked: { connections: 2, flows: 9, accepted: 2, uncertain: 0 } }, []],
      [{ unapproved: ['NetworkPolicy shop/web'] }, ['policies_approved']],
      [{ defaultDeny: { ingress: true, egress: false } }, ['default_deny']],
      [{ openFindings: 1 }, ['findings_closed']],
      [{ daysInPhase: 6 }, ['monitored']],
      [{ phase: 'testing' }, ['monitored']],
      [{ phase: 'enforcing', daysInPhase: 0 }, []],
    ];
    for (const [facts, expected] of cases) assert.deepEqual(missing(facts), expected, JSON.stringify(facts));
    const [, , , , approved] = criteriaOf({ ...ready, unapproved: ['NetworkPolicy shop/web'] });
    assert.equal(approved?.fact, 'No approved change covers NetworkPolicy shop/web.');
  });

  test('a move on needs those of every phase on the way, a move back none', () => {
    const phase = fc.constantFrom<SegmentPhase>(...phaseOrder);
    const criteria = criteriaOf(ready);
    fc.assert(
      fc.property(phase, phase, (from, to) => {
        const needed = neededFor(from, to, criteria);
        if (!isLater(from, to)) return assert.deepEqual(needed, []);
        const next = phaseAfter(from);
        assert.ok(next !== null);
        const first = criteria.filter((criterion) => criterion.phase === next);
        assert.deepEqual(needed, [...first, ...neededFor(next, to, criteria)]);
      }),
    );
  });
});
