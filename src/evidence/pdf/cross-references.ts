import type { CitedRecord, ReportModel } from '../report-model.js';

/** Looks up what one part of the report says about another. */
export interface CrossReferences {
  /** Destination of a control's part in chapter 4; null when the report has no such control. */
  readonly controlDestination: (controlId: string) => string | null;
  /** The cited record at an index of the log; undefined when the report does not hold it. */
  readonly record: (index: number) => CitedRecord | undefined;
  /** Requirements a control is mapped to, as the framework writes their ids. */
  readonly requirementsOf: (controlId: string) => readonly string[];
}

export function crossReferences(model: ReportModel): CrossReferences {
  const controls = new Map(
    model.controls.map((control, at) => [control.controlId, `control-${String(at + 1).padStart(4, '0')}`]),
  );
  const records = new Map(model.records.map((record) => [record.index, record]));
  const requirements = new Map<string, string[]>();
  for (const requirement of model.requirements) {
    for (const { controlId } of requirement.controls) {
      const known = requirements.get(controlId);
      if (known === undefined) requirements.set(controlId, [requirement.displayId]);
      else if (!known.includes(requirement.displayId)) known.push(requirement.displayId);
    }
  }
  return {
    controlDestination: (controlId) => controls.get(controlId) ?? null,
    record: (index) => records.get(index),
    requirementsOf: (controlId) => requirements.get(controlId) ?? [],
  };
}
