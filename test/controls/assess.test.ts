import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { assess, judgeRequirements } from '../../src/controls/assess.js';
import { frameworks } from '../../src/controls/catalogs/frameworks.js';
import { iso270012022 } from '../../src/controls/catalogs/iso-27001-2022.js';
import { nistSp800207 } from '../../src/controls/catalogs/nist-sp-800-207.js';
import { checks } from '../../src/controls/checks/registry.js';
import { mappings } from '../../src/controls/mappings/mappings.js';
import {
  citationLimit,
  ControlResult,
  Relationship,
  RequirementResult,
  resultWords,
  type EvidenceSnapshot,
  type Framework,
  type Mapping,
  type ResultWord,
} from '../../src/controls/model.js';
import { edge, ledger, segment, snapshot, version, web, workload } from './evidence.js';

const framework: Framework = {
  id: 'f',
  title: 'F',
  version: '1',
  publisher: 'P',
  requirements: ['r1', 'r2', 'r3'].map((id) => ({ id, displayId: id.toUpperCase(), title: id, group: 'g' })),
};

function row(controlId: string, requirementId: string, more: Partial<Mapping> = {}): Mapping {
  return {
    controlId,
    requirementId,
    frameworkId: 'f',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale: 'Because.',
    source: 'own, derived from nothing',
    version: '1',
    ...more,
  };
}

function resultOf(rows: readonly Mapping[], results: Readonly<Record<string, ResultWord>>) {
  const controls = Object.entries(results).map(([controlId, result]) => ({ controlId, result }));
  const [first] = judgeRequirements(framework, rows, controls);
  assert.ok(first);
  return first;
}

const words = fc.constantFrom(...resultWords);
const someControl = fc.constantFrom('c1', 'c2', 'c3', 'c4');
const mapping = fc
  .record({
    controlId: someControl,
    requirementId: fc.constantFrom('r1', 'r2', 'r3'),
    relationship: fc.constantFrom(...Relationship.options),
    strength: fc.constantFrom('direct' as const, 'supporting' as const),
  })
  .map((more) => row(more.controlId, more.requirementId, more));
const results = fc
  .dictionary(someControl, words)
  .map((record) => Object.entries(record).map(([id, result]) => ({ controlId: id, result })));

describe('carrying results to requirements', () => {
  test('one deciding control not satisfied is enough against, all are needed for', () => {
    const rows = [
      row('c1', 'r1'),
      row('c2', 'r1', { relationship: 'superset-of' }),
      row('c3', 'r1', { relationship: 'equal-to' }),
    ];
    assert.equal(resultOf(rows, { c1: 'satisfied', c2: 'satisfied', c3: 'satisfied' }).result, 'satisfied');
    assert.equal(resultOf(rows, { c1: 'satisfied', c2: 'not_satisfied', c3: 'not_assessed' }).result, 'not_satisfied');
    const open = resultOf(rows, { c1: 'satisfied', c2: 'satisfied', c3: 'not_assessed' });
    assert.equal(open.result, 'not_assessed');
    assert.match(open.reason, /not assessed: c3/);
    assert.equal(
      resultOf(rows, { c1: 'satisfied', c2: 'satisfied' }).result,
      'not_assessed',
      'a control that was not run',
    );
  });

  test('not applicable counts only when nothing else decides', () => {
    const rows = [row('c1', 'r1'), row('c2', 'r1')];
    assert.equal(resultOf(rows, { c1: 'not_applicable', c2: 'satisfied' }).result, 'satisfied');
    assert.equal(resultOf(rows, { c1: 'not_applicable', c2: 'not_assessed' }).result, 'not_assessed');
    assert.equal(resultOf(rows, { c1: 'not_applicable', c2: 'not_applicable' }).result, 'not_applicable');
  });

  test('the reason tells evidence that does not decide from no evidence', () => {
    assert.match(
      resultOf([row('c1', 'r1', { relationship: 'intersects-with' })], { c1: 'satisfied' }).reason,
      /Has evidence from c1/,
    );
    assert.match(
      resultOf([row('c1', 'r1', { strength: 'supporting' })], { c1: 'satisfied' }).reason,
      /Has evidence from c1/,
    );
    assert.match(resultOf([], { c1: 'satisfied' }).reason, /No control/);
    assert.match(
      resultOf([row('c1', 'r1', { relationship: 'no-relationship' })], { c1: 'satisfied' }).reason,
      /No control/,
    );
  });

  test('a many-to-many mapping keeps every control of a requirement and every requirement of a control', () => {
    const rows = [row('c1', 'r1'), row('c2', 'r1'), row('c3', 'r1'), row('c1', 'r2'), row('c1', 'r3')];
    const judged = judgeRequirements(framework, rows, [{ controlId: 'c1', result: 'satisfied' }]);
    assert.deepEqual(
      judged.map(({ controls }) => controls.map((control) => control.controlId)),
      [['c1', 'c2', 'c3'], ['c1'], ['c1']],
    );
    assert.deepEqual(
      judged.map(({ result }) => result),
      ['not_assessed', 'satisfied', 'satisfied'],
    );
  });

  test('rows of another framework do not count', () => {
    assert.equal(resultOf([row('c1', 'r1', { frameworkId: 'other' })], { c1: 'satisfied' }).controls.length, 0);
  });

  test('no status ever travels across intersects-with, subset-of or a supporting row', () => {
    fc.assert(
      fc.property(fc.array(mapping, { maxLength: 12 }), results, results, (rows, one, other) => {
        const carries = ({ strength, relationship }: Mapping) =>
          strength === 'direct' && ['equal-to', 'equivalent-to', 'superset-of'].includes(relationship);
        for (const requirement of judgeRequirements(framework, rows, one)) {
          const deciding = rows.filter((r) => r.requirementId === requirement.id && carries(r));
          if (deciding.length === 0) assert.equal(requirement.result, 'not_assessed');
          const word = (id: string) => one.find((c) => c.controlId === id)?.result;
          if (requirement.result === 'satisfied')
            assert.ok(deciding.every((r) => ['satisfied', 'not_applicable'].includes(word(r.controlId) ?? '')));
          assert.equal(
            requirement.result === 'not_satisfied',
            deciding.some((r) => word(r.controlId) === 'not_satisfied'),
          );
          // Controls behind rows that do not decide may say anything: the result stays.
          const decidingIds = new Set(deciding.map((r) => r.controlId));
          const changed = [
            ...one.filter((c) => decidingIds.has(c.controlId)),
            ...other.filter((c) => !decidingIds.has(c.controlId)),
          ];
          const again = judgeRequirements(framework, rows, changed).find(({ id }) => id === requirement.id);
          assert.equal(again?.result, requirement.result);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('the mappings of the product obey the same over random results', () => {
    const ids = checks.map((check) => check.controlId);
    fc.assert(
      fc.property(fc.array(words, { minLength: ids.length, maxLength: ids.length }), (drawn) => {
        const controls = ids.map((id, at) => ({ controlId: id, result: drawn[at] ?? ('not_assessed' as const) }));
        for (const one of frameworks)
          for (const requirement of judgeRequirements(one, mappings, controls)) {
            RequirementResult.parse(requirement);
            if (requirement.result === 'not_assessed') continue;
            const deciding = requirement.controls.filter((c) => c.strength === 'direct');
            assert.ok(deciding.length > 0, requirement.id);
            if (requirement.result === 'satisfied')
              assert.ok(deciding.every((c) => c.result === 'satisfied' || c.result === 'not_applicable'));
          }
      }),
      { numRuns: 300 },
    );
  });
});

const totalsAddUp = (evidence: EvidenceSnapshot) => {
  for (const one of frameworks) {
    const { controls, requirements, totals } = assess(evidence, one);
    assert.equal(totals.requirements, one.requirements.length);
    assert.equal(
      totals.satisfied + totals.notSatisfied + totals.notApplicable + totals.notAssessed,
      totals.requirements,
    );
    assert.deepEqual(
      requirements.map(({ id }) => id),
      one.requirements.map(({ id }) => id),
    );
    assert.equal(totals.controls, controls.length);
    for (const control of controls) {
      ControlResult.parse(control);
      assert.ok(control.passed <= control.examined, control.controlId);
      assert.ok(control.citations.length <= Math.min(citationLimit, control.citedTotal), control.controlId);
      if (control.result === 'satisfied')
        assert.ok(control.examined > 0 && control.passed === control.examined, control.controlId);
    }
  }
};

describe('assessment', () => {
  test('of a healthy month satisfies all that is decided, and nothing else', () => {
    const nist = assess(snapshot(), nistSp800207);
    assert.deepEqual(
      nist.controls.map(({ controlId, result }) => [controlId, result]),
      checks.map(({ controlId }) => [controlId, 'satisfied']),
    );
    const satisfied = (of: typeof nist) =>
      of.requirements.filter(({ result }) => result === 'satisfied').map(({ id }) => id);
    assert.deepEqual(satisfied(nist), ['zt-4', 'zt-6', 'zt-7', 's5.1-a', 's5.1-b', 's5.5-a']);
    assert.equal(nist.totals.notAssessed, 6);
    const iso = assess(snapshot(), iso270012022);
    assert.deepEqual(satisfied(iso), ['a.5.3', 'a.5.33', 'a.8.15', 'a.8.16', 'a.8.22', 'a.8.32']);
    assert.deepEqual([iso.totals.requirements, iso.totals.notAssessed], [93, 87]);
    totalsAddUp(snapshot());
  });

  test('a flow that no policy allowed fails segregation and enforcement before access, and not monitoring', () => {
    const parts = snapshot();
    const evidence = { ...parts, edges: [...parts.edges, edge(web.key, ledger.key)] };
    const result = (of: Framework, id: string) =>
      assess(evidence, of).requirements.find((one) => one.id === id)?.result;
    assert.equal(result(iso270012022, 'a.8.22'), 'not_satisfied');
    assert.equal(result(nistSp800207, 'zt-6'), 'not_satisfied');
    assert.equal(result(iso270012022, 'a.8.16'), 'satisfied');
    totalsAddUp(evidence);
  });

  test('without evidence nothing is satisfied', () => {
    const empty: EvidenceSnapshot = {
      ...snapshot(),
      segments: [],
      workloads: [],
      policyVersions: [],
      changes: [],
      edges: [],
      sources: [],
      integrity: { size: 0, rootHash: '', verified: true, verifiedAt: '2026-11-01T00:00:00Z', problems: [] },
    };
    for (const one of frameworks) assert.equal(assess(empty, one).totals.notAssessed, one.requirements.length);
    totalsAddUp(empty);
  });

  test('records of a log that does not verify can fail a control, and satisfy none', () => {
    const parts = snapshot();
    const unapproved = version('payments', 'p', '2026-10-20T00:00:00Z');
    const evidence = {
      ...parts,
      policyVersions: [...parts.policyVersions, unapproved],
      integrity: { ...parts.integrity, verified: false, problems: ['root hash differs'] },
    };
    const { controls } = assess(evidence, iso270012022);
    assert.deepEqual(
      controls.filter(({ result }) => result === 'satisfied'),
      [],
    );
    assert.deepEqual(
      controls.filter(({ result }) => result === 'not_satisfied').map((control) => control.controlId),
      ['change-approval', 'log-integrity'],
    );
    assert.match(
      controls.find((control) => control.controlId === 'default-deny')?.reason ?? '',
      /log is not verified.*What they say: Default deny/,
    );
  });

  test('says the same of the same evidence', () => {
    const evidence = snapshot({ segments: [segment('legacy', [workload('legacy', 'batch')], { phase: 'testing' })] });
    assert.deepEqual(assess(evidence, iso270012022), assess(structuredClone(evidence), iso270012022));
    totalsAddUp(evidence);
  });
});
