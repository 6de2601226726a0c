import { resultWords, type ResultWord } from '../controls/model.js';
import type { ReportModel } from './report-model.js';
import type { Report } from './verification.js';

/** Whether a report agrees with itself: its citations with its list of records, its totals with its lists. */

const file = 'report.json';

/** Every record cited is listed, every record listed is cited, in index order and below the size of the log. */
export function verifyCitations(model: ReportModel, report: Report): void {
  const listed = new Set<number>();
  let last = -1;
  for (const { index } of model.records) {
    if (index <= last) report({ file, index, message: 'the records are not listed in index order' });
    if (index >= model.log.size)
      report({ file, index, message: `the log had ${model.log.size} entries, so it holds no such record` });
    listed.add(index);
    last = index;
  }
  const cited = citedIndices(model);
  for (const index of cited) {
    if (!listed.has(index)) report({ file, index, message: 'the report cites this record and does not list it' });
  }
  for (const index of listed) {
    if (!cited.has(index)) report({ file, index, message: 'the report lists this record and nothing in it cites it' });
  }
}

/** Indices of all records cited anywhere in a report. */
export function citedIndices(model: ReportModel): Set<number> {
  const citations = [
    ...model.controls.flatMap((control) => [
      ...control.citations,
      ...control.observations.flatMap((observation) => observation.citations),
    ]),
    ...model.changes.flatMap((change) => [...change.recorded, ...change.carriedOut]),
    ...model.unauthorisedChanges,
  ];
  return new Set(citations.map((citation) => citation.index));
}

/** Totals are the sums of the lists, and what is said twice is said alike. */
export function verifyTotals(model: ReportModel, report: Report): void {
  const { totals } = model;
  const tally = (result: ResultWord): number => model.requirements.filter((one) => one.result === result).length;
  const sums = [
    ['requirements', totals.requirements, model.requirements.length],
    ['satisfied', totals.satisfied, tally('satisfied')],
    ['not satisfied', totals.notSatisfied, tally('not_satisfied')],
    ['not applicable', totals.notApplicable, tally('not_applicable')],
    ['not assessed', totals.notAssessed, tally('not_assessed')],
    [
      'results of the four kinds',
      totals.satisfied + totals.notSatisfied + totals.notApplicable + totals.notAssessed,
      resultWords.reduce((sum, result) => sum + tally(result), 0),
    ],
    ['controls', totals.controls, model.controls.length],
    ['records included', totals.recordsIncluded, model.records.length],
    [
      'records in the period',
      totals.recordsInPeriod,
      Object.values(totals.recordsByKind).reduce((sum, value) => sum + value, 0),
    ],
  ] as const;
  for (const [what, said, counted] of sums) {
    if (said !== counted) report({ file, message: `the totals say ${said} ${what}, and the lists have ${counted}` });
  }
  const controls = new Map(model.controls.map((control) => [control.controlId, control]));
  for (const control of model.controls) {
    if (control.passed > control.examined) {
      report({
        file,
        message: `control ${control.controlId} passed ${control.passed} of ${control.examined} examined`,
      });
    }
    if (control.citedTotal < control.citations.length) {
      report({
        file,
        message: `control ${control.controlId} cites ${control.citations.length} records of ${control.citedTotal}`,
      });
    }
  }
  for (const requirement of model.requirements) {
    for (const mapping of requirement.controls) {
      const control = controls.get(mapping.controlId);
      if (control === undefined) {
        report({
          file,
          message: `requirement ${requirement.displayId} names the control ${mapping.controlId}, which the report lacks`,
        });
      } else if (control.result !== mapping.result) {
        report({
          file,
          message: `requirement ${requirement.displayId} gives control ${control.controlId} the result ${mapping.result}, which is ${control.result}`,
        });
      }
    }
  }
}
