import type { ErasurePreview } from '../retention/erasure-selection.js';
import type { ErasureView } from '../retention/erasures.js';
import type { HoldView } from '../retention/holds.js';
import type { DueMonth, RemovalView } from '../retention/retention.js';
import type { RetentionClass, RuleView } from '../retention/rules.js';
import type { Allowance, FieldProblems, Shell } from './views.js';

/** What the page about retention shows: rules, what goes next and what stops it, and what went. */
export interface RetentionPageView {
  readonly shell: Shell;
  readonly rules: readonly RuleView[];
  readonly due: readonly DueMonth[];
  readonly holds: readonly (HoldView & { readonly mayRelease: Allowance })[];
  readonly erasures: readonly ErasureView[];
  readonly removals: readonly RemovalView[];
  readonly mayManage: boolean;
  readonly rule: RuleForm;
  readonly hold: HoldForm;
  readonly problems: FieldProblems;
}

/** A form as it was sent, with what is wrong; texts as they were typed. */
export interface RuleForm {
  readonly retentionClass: RetentionClass;
  readonly keepDays: string;
  readonly reason: string;
}

export interface HoldForm {
  readonly name: string;
  readonly reason: string;
  readonly retentionClass: string;
  readonly source: string;
  readonly from: string;
  readonly to: string;
  readonly indices: string;
}

/** The way to an erasure: what to erase, what that would take, and the reason. */
export interface NewErasureView {
  readonly shell: Shell;
  readonly values: ErasureForm;
  /** Null before the selection was looked at. */
  readonly preview: ErasurePreview | null;
  readonly problems: FieldProblems;
}

export interface ErasureForm {
  readonly by: 'text' | 'indices';
  readonly text: string;
  readonly from: string;
  readonly to: string;
  readonly source: string;
  readonly indices: string;
  readonly reason: string;
}

export interface ErasurePageView {
  readonly shell: Shell;
  readonly erasure: ErasureView;
  readonly mayApprove: Allowance;
  readonly mayReject: boolean;
  readonly problems: FieldProblems;
}
