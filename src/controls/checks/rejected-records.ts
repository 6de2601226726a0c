import type { Check, ControlResult, EvidenceSnapshot, SourceView } from '../model.js';
import { counted, listed } from './wording.js';

/** Largest share of a source's records that may be unreadable. */
export const rejectedShareLimit = 0.01;

const total = ({ received, rejected }: SourceView): number => received + rejected;

function run({ sources }: EvidenceSnapshot): ControlResult {
  const active = sources.filter((source) => total(source) > 0);
  const over = active.filter((source) => source.rejected / total(source) > rejectedShareLimit);
  const rejected = active.reduce((sum, source) => sum + source.rejected, 0);
  const records = active.reduce((sum, source) => sum + total(source), 0);
  return {
    controlId: 'rejected-records',
    result: active.length === 0 ? 'not_assessed' : over.length > 0 ? 'not_satisfied' : 'satisfied',
    reason:
      active.length === 0
        ? 'No source has sent anything.'
        : over.length > 0
          ? `More than 1 % of the records of ${listed(over.map(({ name }) => name))} could not be read.`
          : `${counted(rejected, 'record')} of ${records.toLocaleString('en-GB')} could not be read, at no source more than 1 %.`,
    examined: active.length,
    passed: active.length - over.length,
    observations: active
      .filter((source) => source.rejected > 0)
      .map((source) => ({
        severity: over.includes(source) ? 'high' : 'low',
        subject: source.name,
        statement: `${counted(source.rejected, 'record')} of ${total(source).toLocaleString('en-GB')} from source ${source.name} could not be read; the bytes are kept in the rejected register.`,
        citations: [],
      })),
    citations: [],
    citedTotal: 0,
  };
}

/** Records that arrived and could not be read are missing from every other check. */
export const quarantinedRecords: Check = {
  controlId: 'rejected-records',
  title: 'Records could be read',
  question: 'Could what the sources sent be read, so that it counts in the other checks?',
  method:
    'For each source the records kept in the rejected register are set against all it sent. A share above 1 % fails the source; every rejected record is named.',
  run,
};
