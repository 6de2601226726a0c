import type { PresentAssessment } from '../../controls/assessments.js';
import { checks } from '../../controls/checks/registry.js';
import type { ReportedControl } from '../../evidence/report-model.js';

/** Each control once, in the order of the register, with what it asks and how it is judged. */
export function reportedControls({ byFramework }: PresentAssessment): ReportedControl[] {
  const results = new Map(
    [...byFramework.values()].flatMap(({ controls }) => controls.map((control) => [control.controlId, control])),
  );
  return checks.flatMap(({ controlId, title, question, method }) => {
    const result = results.get(controlId);
    return result === undefined ? [] : [{ ...result, title, question, method }];
  });
}
