import type { Preview } from '../ingestion/preview.js';
import type { SourceHealth } from '../ingestion/source-health.js';
import type { SourceView as StoredSource, TokenView } from '../ingestion/sources.js';
import type { MissingRecords } from '../inventory/missing-records.js';
import type { ConnectValues } from './connect-snippets.js';
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
  /** The newest first; never the tokens themselves. */
  readonly tokens: readonly TokenView[];
  /** What never came, the newest first. */
  readonly missing: readonly MissingRecords[];
  /** How senders reach the service; an example where it does not know its own address. */
  readonly connect: Pick<ConnectValues, 'url' | 'syslogPort'> & { readonly isKnown: boolean };
}
