import { secondsBetween } from '../../changes/instants.js';
import type { Check, ControlResult, EvidenceSnapshot, ResultWord } from '../model.js';
import { counted, duration } from './wording.js';

/** How long before the time of assessment a verification may have been made, in seconds. */
export const verificationMaxAgeSeconds = 86_400;

function judge({ integrity, asOf }: EvidenceSnapshot): { result: ResultWord; reason: string } {
  const { size, rootHash, verified, verifiedAt, problems } = integrity;
  const entries = counted(size, 'entry', 'entries');
  if (problems.length > 0)
    return {
      result: 'not_satisfied',
      reason: `Verification of the log of ${entries} at ${verifiedAt} failed with ${counted(problems.length, 'problem')}.`,
    };
  if (!verified) return { result: 'not_assessed', reason: `The log of ${entries} has not been verified.` };
  if (size === 0) return { result: 'not_assessed', reason: 'The log holds no entries yet.' };
  const age = secondsBetween(verifiedAt, asOf);
  if (age > verificationMaxAgeSeconds)
    return {
      result: 'not_assessed',
      reason: `The log was last verified at ${verifiedAt}, ${duration(age)} before the time of assessment; verify it again.`,
    };
  return {
    result: 'satisfied',
    reason: `All ${entries} were verified at ${verifiedAt} against the root hash ${rootHash.slice(0, 16)}...`,
  };
}

function run(snapshot: EvidenceSnapshot): ControlResult {
  const judgement = judge(snapshot);
  return {
    controlId: 'log-integrity',
    ...judgement,
    examined: judgement.result === 'not_assessed' ? 0 : 1,
    passed: judgement.result === 'satisfied' ? 1 : 0,
    observations: snapshot.integrity.problems.map((statement) => ({
      severity: 'critical',
      subject: 'log',
      statement,
      citations: [],
    })),
    // The whole log carries this result, not some of its records.
    citations: [],
    citedTotal: 0,
  };
}

/** The log as a whole: nothing altered, removed or put in afterwards. */
export const logIntegrity: Check = {
  controlId: 'log-integrity',
  title: 'The log is intact',
  question: 'Does the log, rebuilt from its stored records, give the root hash it is signed for?',
  method:
    'Every leaf hash is computed again from the stored record and the Merkle tree (RFC 6962) built from them; root hash and size must be those of the signed checkpoint. The verification must not be older than 24 hours at the time of assessment.',
  run,
};
