import type { Check } from '../model.js';
import { changeApproval } from './change-approval.js';
import { changeLog } from './change-log.js';
import { defaultDeny } from './default-deny.js';
import { enforcementMode } from './enforcement-mode.js';
import { flowsAllowedByPolicy } from './flows-allowed-by-policy.js';
import { logIntegrity } from './log-integrity.js';
import { quarantinedRecords } from './rejected-records.js';
import { segregationOfDuties } from './segregation-of-duties.js';
import { sourceSilence } from './source-silence.js';

/** All controls, in the order reports print them. */
export const checks: readonly Check[] = [
  defaultDeny,
  flowsAllowedByPolicy,
  enforcementMode,
  changeApproval,
  segregationOfDuties,
  changeLog,
  logIntegrity,
  sourceSilence,
  quarantinedRecords,
];
