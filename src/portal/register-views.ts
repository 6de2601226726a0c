import type { PolicyDiff } from '../policies/policy-diffs.js';
import type { PolicyKey } from '../policies/policy-key.js';
import type { PolicyEntry, RegisterRule } from '../policies/register/register-view.js';
import type { PolicyTemplate } from '../policies/templates.js';
import type { FieldProblems, Shell } from './views.js';

/** The pages of the policy register, as plain data. */

/** As the form has it: dates as `YYYY-MM-DD` or an instant, labels as lines of `key=value`. */
export interface RegisterForm {
  readonly owner: string;
  readonly reason: string;
  readonly expires: string;
  readonly review: string;
  readonly labels: string;
}

export interface PolicyRegisterView {
  readonly shell: Shell;
  readonly entry: PolicyEntry;
  /** Null for the policy as a whole. */
  readonly rule: RegisterRule | null;
  readonly values: RegisterForm;
  readonly problems: FieldProblems;
}

export interface PolicyDiffView {
  readonly shell: Shell;
  readonly policy: PolicyKey;
  /** Version numbers, newest first. */
  readonly versions: readonly number[];
  readonly diff: PolicyDiff;
}

export interface PolicyDraftView {
  readonly shell: Shell;
  readonly values: { readonly action: 'apply' | 'delete'; readonly policy: string };
  readonly problems: FieldProblems;
  readonly diff: PolicyDiff | null;
}

export interface TemplatesView {
  readonly shell: Shell;
  readonly templates: readonly PolicyTemplate[];
}
