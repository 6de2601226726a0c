import type { ComponentChildren, JSX } from 'preact';
import { formatNames, verdicts } from '../../ingestion/normal-form.js';
import type { Preview } from '../../ingestion/preview.js';
import { Choices, ProblemSummary, Select, TextArea, TextField } from '../components/fields.js';
import { countOf } from '../components/figures.js';
import { CodeBlock, JsonText } from '../components/json-text.js';
import { Banner, Panel } from '../components/panel.js';
import { StatusMark, sourceHealthMarks, verdictMarks } from '../components/status-mark.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import { SourceConnectPanels } from './source-connect.js';
import { SourceMissingPanel } from './source-missing.js';
import { SourceHealthPanels } from './source-health.js';
import type { SourceForm, SourceFormView, SourceView } from '../source-views.js';

/** One source: whether it still sends, how its records are read, and what would be made of a sample. */
export function SourcePage(view: SourceView): JSX.Element {
  const { shell, source, health, mayManage, form, preview, token } = view;
  return (
    <Layout
      shell={shell}
      title={source.name}
      marks={<StatusMark {...sourceHealthMarks[health]} />}
      lead={source.description === '' ? 'A system that sends records.' : source.description}
      crumbs={[{ href: paths.sources, word: 'Sources' }]}
    >
      {token !== null && <NewToken token={token} />}
      <SourceHealthPanels {...view} />
      <SourceMissingPanel {...view} />
      <Panel
        id="sample"
        title="What would you make of this?"
        note="Paste records as the system sends them. They are read as this source is read, with the settings below, and not kept."
      >
        <form method="post" action={`${paths.trySource(source.name)}#sample`} class="form form-wide">
          <TextArea name="sample" label="Records" value={form.sample} rows={6} code problems={view.problems} />
          <SettingsFields form={form} problems={view.problems} hidden />
          <div class="actions">
            <button type="submit" class="button button-main">
              Try
            </button>
          </div>
        </form>
        {preview !== null && <Previews previews={preview.previews} more={preview.more} />}
      </Panel>
      {mayManage && (
        <Panel id="settings" title="Settings" note="They count for what is received from now on.">
          <form method="post" action={paths.source(source.name)} class="form form-wide">
            <ProblemSummary problems={view.problems} />
            <SettingsFields form={form} problems={view.problems} />
            <div class="actions">
              <button type="submit" class="button button-main">
                Save
              </button>
            </div>
          </form>
        </Panel>
      )}
      <SourceConnectPanels {...view} />
    </Layout>
  );
}

/** Creating a source: name and the same settings. */
export function NewSourcePage({ shell, form, problems }: SourceFormView): JSX.Element {
  return (
    <Layout
      shell={shell}
      title="New source"
      lead="Every system that sends records is a source with a token of its own."
      crumbs={[{ href: paths.sources, word: 'Sources' }]}
    >
      <form method="post" action={paths.newSource} class="form form-wide card">
        <ProblemSummary problems={problems} />
        <TextField
          name="name"
          label="Name"
          hint="Lower-case letters, digits and hyphens; it stands in addresses and in the log."
          value={form.name}
          required
          maxLength={63}
          problems={problems}
        />
        <SettingsFields form={form} problems={problems} />
        <div class="actions">
          <button type="submit" class="button button-main">
            Create and show the token
          </button>
          <a class="button button-plain" href={paths.sources}>
            Cancel
          </a>
        </div>
      </form>
    </Layout>
  );
}

function NewToken({ token }: { readonly token: string }): JSX.Element {
  return (
    <Banner tone="good" title="The token of this source">
      <p>It is shown this once; the service keeps only its hash.</p>
      <CodeBlock label="Token" copy={token}>
        {token}
      </CodeBlock>
    </Banner>
  );
}

interface FieldsProps {
  readonly form: SourceForm;
  readonly problems: SourceFormView['problems'];
  /** Carries the settings along without showing them. */
  readonly hidden?: boolean;
}

function SettingsFields({ form, problems, hidden }: FieldsProps): JSX.Element {
  if (hidden === true) {
    const { sample: _, name: __, ...rest } = form;
    return (
      <>
        {Object.entries(rest).map(([name, value]) => (
          <input key={name} type="hidden" name={name} value={value} />
        ))}
      </>
    );
  }
  return (
    <>
      <TextField name="description" label="Description" value={form.description} maxLength={500} problems={problems} />
      <div class="fields fields-form">
        <Select
          name="format"
          label="Format"
          hint="Recognised: each record by itself"
          value={form.format}
          options={[{ value: '', word: 'recognised' }, ...formatNames.map((word) => ({ value: word, word }))]}
          problems={problems}
        />
        <TextField
          name="silenceAfterSeconds"
          label="Silent after, in seconds"
          hint="A longer silence is a finding; empty: not watched"
          value={form.silenceAfterSeconds}
          problems={problems}
        />
        <TextField
          name="zone"
          label="Time zone"
          hint="Of times that name none: Europe/Oslo or +02:00; empty: UTC, flagged as a guess"
          value={form.zone}
          problems={problems}
        />
      </div>
      <TextField
        name="columns"
        label="Fields of an AWS flow log"
        hint="The format string of the flow log, when it is not the default"
        value={form.columns}
        problems={problems}
      />
      <TextArea
        name="verdicts"
        label="Verdicts of free words"
        hint={`One a line: the beginning of the word or prefix, then = and one of ${verdicts.join(', ')}. For iptables prefixes and the like.`}
        placeholder="DROP_INPUT = deny"
        value={form.verdicts}
        rows={3}
        code
        problems={problems}
      />
      <Choices
        name="redactSecrets"
        legend="Redaction before hashing"
        hint="Secrets are replaced by tokens before a record is hashed and kept; equal values still match."
        type="checkbox"
        chosen={form.redactSecrets === '' ? [] : ['on']}
        options={[{ value: 'on', word: 'Passwords, tokens, cookies and authorization headers' }]}
        problems={problems}
      />
      <TextField
        name="redactFields"
        label="Further names to redact"
        hint="Members, keys, headers and URL parameters, with commas between"
        value={form.redactFields}
        problems={problems}
      />
    </>
  );
}

function Previews({ previews, more }: { readonly previews: readonly Preview[]; readonly more: boolean }): JSX.Element {
  return (
    <>
      <p class="note">
        {countOf(previews.length, 'fact')}
        {more ? ', and more that are not shown' : ''}
      </p>
      {previews.map((preview) => (
        <article key={`${preview.record}/${preview.part}`} class="card">
          <PreviewText preview={preview} />
        </article>
      ))}
    </>
  );
}

function PreviewText({ preview }: { readonly preview: Preview }): ComponentChildren {
  const { normalForm, quarantined, guesses } = preview;
  if (normalForm === null) {
    return (
      <>
        <p>
          <StatusMark tone="warn" word="Quarantine" /> {quarantined?.detail}
        </p>
        <CodeBlock label="As received">{preview.raw ?? ''}</CodeBlock>
      </>
    );
  }
  return (
    <>
      <p>
        {normalForm.verdict !== 'none' && <StatusMark {...verdictMarks[normalForm.verdict]} />} {normalForm.summary}
      </p>
      <p class="note">
        {preview.format}, {normalForm.eventTime ?? 'no time of its own'}
        {guesses.length === 0 ? ', nothing guessed' : `; guessed or missing: ${guesses.join(', ')}`}
      </p>
      <details class="more">
        <summary>The normal form</summary>
        <JsonText text={JSON.stringify(normalForm)} label="Normal form" />
      </details>
    </>
  );
}
