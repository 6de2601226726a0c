import type { SourceView } from '../ingestion/sources.js';
import { fieldText, type FieldNames, type Fields } from './forms.js';
import type { SourceForm } from './source-views.js';

export const settingFields: FieldNames = {
  name: { field: 'name', label: 'Name' },
  description: { field: 'description', label: 'Description' },
  format: { field: 'format', label: 'Format' },
  silenceAfterSeconds: { field: 'silenceAfterSeconds', label: 'Silent after' },
  settings: { field: 'form', label: 'Settings' },
};

export const emptySourceForm: SourceForm = {
  name: '',
  description: '',
  format: '',
  silenceAfterSeconds: '',
  zone: '',
  columns: '',
  verdicts: '',
  redactSecrets: '',
  redactFields: '',
  sample: '',
};

export function sourceFormOf({ name, description, format, silenceAfterSeconds, settings }: SourceView): SourceForm {
  const { zone, columns, verdicts, redaction } = settings;
  return {
    name,
    description,
    format: format ?? '',
    silenceAfterSeconds: silenceAfterSeconds === null ? '' : String(silenceAfterSeconds),
    zone: zone ?? '',
    columns: columns ?? '',
    verdicts: verdicts.map(({ prefix, verdict }) => `${prefix} = ${verdict}`).join('\n'),
    redactSecrets: redaction.secrets ? 'on' : '',
    redactFields: redaction.fields.join(', '),
    sample: '',
  };
}

export function readSourceForm(sent: Fields): SourceForm {
  const names = Object.keys(emptySourceForm) as (keyof SourceForm)[]; // made of exactly these names
  return { ...emptySourceForm, ...Object.fromEntries(names.map((name) => [name, fieldText(sent, name) ?? ''])) };
}

/** What the form asks for, to be checked by the schema of a source. */
export function inputOf(form: SourceForm): Record<string, unknown> {
  const orNull = (text: string): string | null => (text === '' ? null : text);
  return {
    description: form.description,
    format: orNull(form.format),
    silenceAfterSeconds: form.silenceAfterSeconds === '' ? null : Number(form.silenceAfterSeconds),
    settings: {
      zone: orNull(form.zone),
      columns: orNull(form.columns),
      verdicts: form.verdicts.split(/\r?\n/u).flatMap((line) => {
        const at = line.lastIndexOf('=');
        if (line.trim() === '') return [];
        return [{ prefix: line.slice(0, Math.max(at, 0)).trim(), verdict: line.slice(at + 1).trim() }];
      }),
      redaction: {
        secrets: form.redactSecrets !== '',
        fields: form.redactFields.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()])),
      },
    },
  };
}
