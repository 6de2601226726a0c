import type { Preview } from '../ingestion/preview.js';
import type { SourceHealth } from '../ingestion/source-health.js';
import type { SourceView as StoredSource } from '../ingestion/sources.js';
import type { FieldProblems, Shell, SourceHealthMark } from './views.js';

/** The settings of a source as a form has them: texts. */
export interface SourceForm {
  readonly name: string;
  readonly description: string;
  readonly format: string;
  readonly silenceAfterSeconds: string;
  readonly zone: string;
  readonly columns: string;
  /** One a line: prefix, `=`, verdict. */
  readonly verdicts: string;
  /** `on` or empty. */
  readonly redactSecrets: string;
  /** With commas between. */
  readonly redactFields: string;
  readonly sample: string;
}

export interface SourceFormView {
  readonly shell: Shell;
  readonly form: SourceForm;
  readonly problems: FieldProblems;
}

export interface SourceView extends SourceFormView {
  readonly source: StoredSource;
  readonly health: SourceHealthMark;
  readonly figures: SourceHealth;
  readonly mayManage: boolean;
  readonly preview: { readonly previews: readonly Preview[]; readonly more: boolean } | null;
  /** A token that was issued just now, to be shown once. */
  readonly token: string | null;
  /** How users and senders reach the service. */
  readonly publicUrl: string;
}
