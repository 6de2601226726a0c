/** The assessment of a framework: run the controls, and carry their results to requirements where a mapping may. */

import { checks } from './checks/registry.js';
import { mappings } from './mappings/mappings.js';
import type {
  ControlResult,
  EvidenceSnapshot,
  Framework,
  Mapping,
  Relationship,
  Requirement,
  RequirementResult,
  ResultWord,
} from './model.js';

/** Requirements by result; the four add up to `requirements`. */
export interface AssessmentTotals {
  readonly requirements: number;
  readonly satisfied: number;
  readonly notSatisfied: number;
  readonly notApplicable: number;
  readonly notAssessed: number;
  readonly controls: number;
}

export interface Assessment {
  readonly controls: readonly ControlResult[];
  readonly requirements: readonly RequirementResult[];
  readonly totals: AssessmentTotals;
}

const carrying: ReadonlySet<Relationship> = new Set(['equal-to', 'equivalent-to', 'superset-of']);

/** Whether a result may travel over the row: only a direct one whose control covers the requirement in scope. */
export function decides({ strength, relationship }: Pick<Mapping, 'strength' | 'relationship'>): boolean {
  return strength === 'direct' && carrying.has(relationship);
}

type MappedControl = RequirementResult['controls'][number];

const names = (list: readonly MappedControl[]) => [...new Set(list.map(({ controlId }) => controlId))].join(', ');

function conclude(mapped: readonly MappedControl[]): { result: ResultWord; reason: string } {
  const deciding = mapped.filter(decides);
  const having = (word: ResultWord) => deciding.filter(({ result }) => result === word);
  const failed = having('not_satisfied');
  if (failed.length > 0) return { result: 'not_satisfied', reason: `Not satisfied in scope, by ${names(failed)}.` };
  const applicable = deciding.filter(({ result }) => result !== 'not_applicable');
  const open = having('not_assessed');
  if (open.length > 0)
    return { result: 'not_assessed', reason: `Decided in scope by ${names(deciding)}; not assessed: ${names(open)}.` };
  if (applicable.length > 0) return { result: 'satisfied', reason: `Satisfied in scope, by ${names(applicable)}.` };
  if (deciding.length > 0)
    return { result: 'not_applicable', reason: `Not applicable in scope, by ${names(deciding)}.` };
  const supporting = mapped.filter(({ relationship }) => relationship !== 'no-relationship');
  return {
    result: 'not_assessed',
    reason:
      supporting.length > 0
        ? `Has evidence from ${names(supporting)} that supports it but does not decide it.`
        : 'No control of this service bears on it.',
  };
}

function judgeRequirement(
  requirement: Requirement,
  rows: readonly Mapping[],
  results: ReadonlyMap<string, ResultWord>,
): RequirementResult {
  const controls = rows.map(({ controlId, relationship, strength, rationale, source }) => ({
    controlId,
    relationship,
    strength,
    rationale,
    source,
    // A mapped control that was not run has shown nothing.
    result: results.get(controlId) ?? ('not_assessed' as const),
  }));
  return { ...requirement, ...conclude(controls), controls };
}

/**
 * Results of all requirements of a framework, in its order, each with every mapped control. A result travels only
 * over rows that decide (see `decides`): one deciding control not satisfied makes the requirement not satisfied; it is
 * satisfied when all are; otherwise it is not assessed, and the reason says what is missing. Controls found not
 * applicable do not count, unless all are.
 */
export function judgeRequirements(
  framework: Framework,
  rows: readonly Mapping[],
  controls: readonly Pick<ControlResult, 'controlId' | 'result'>[],
): RequirementResult[] {
  const results = new Map(controls.map(({ controlId, result }) => [controlId, result]));
  const byRequirement = new Map<string, Mapping[]>();
  for (const row of rows) {
    if (row.frameworkId !== framework.id) continue;
    const list = byRequirement.get(row.requirementId);
    if (list === undefined) byRequirement.set(row.requirementId, [row]);
    else list.push(row);
  }
  return framework.requirements.map((requirement) =>
    judgeRequirement(requirement, byRequirement.get(requirement.id) ?? [], results),
  );
}

/** Records out of a log that is not verified may show a fault, but prove nothing in order. */
function withoutProof(control: ControlResult, { integrity }: EvidenceSnapshot): ControlResult {
  if ((integrity.verified && integrity.problems.length === 0) || control.result !== 'satisfied') return control;
  return {
    ...control,
    result: 'not_assessed',
    reason: `The log is not verified, so its records cannot show that this holds. What they say: ${control.reason}`,
  };
}

/** Runs all controls on a snapshot. Pure: same input, same answer. */
export function runControls(snapshot: EvidenceSnapshot): ControlResult[] {
  return checks.map((check) => withoutProof(check.run(snapshot), snapshot));
}

/** The assessment of a framework from results of controls; those not mapped to it are left out. */
export function assessFramework(framework: Framework, results: readonly ControlResult[]): Assessment {
  const mapped = new Set(mappings.filter((row) => row.frameworkId === framework.id).map(({ controlId }) => controlId));
  const controls = results.filter(({ controlId }) => mapped.has(controlId));
  const requirements = judgeRequirements(framework, mappings, controls);
  const count = (word: ResultWord) => requirements.filter(({ result }) => result === word).length;
  return {
    controls,
    requirements,
    totals: {
      requirements: requirements.length,
      satisfied: count('satisfied'),
      notSatisfied: count('not_satisfied'),
      notApplicable: count('not_applicable'),
      notAssessed: count('not_assessed'),
      controls: controls.length,
    },
  };
}

/** Runs the controls on a snapshot and judges one framework; for several, run the controls once. */
export function assess(snapshot: EvidenceSnapshot, framework: Framework): Assessment {
  return assessFramework(framework, runControls(snapshot));
}
