import type { JSX } from 'preact';
import { Choices, ProblemSummary, TextArea, TextField, TimeField } from '../components/fields.js';
import { Time, countOf, countText } from '../components/figures.js';
import { Banner, EmptyState, Panel } from '../components/panel.js';
import { rangesText } from '../components/retention-words.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { NewErasureView } from '../retention-views.js';

type Preview = NonNullable<NewErasureView['preview']>;
type Entry = Preview['entries'][number];

export function NewErasurePage({ shell, values, preview, problems }: NewErasureView): JSX.Element {
  return (
    <Layout
      shell={shell}
      title="Ask for an erasure"
      lead="Choose the payloads, look at what would go, and give the reason. Somebody else has to approve it."
      crumbs={[{ href: paths.retention, word: 'Retention and erasure' }]}
    >
      <form method="post" action={paths.newErasure} class="form form-wide card">
        <ProblemSummary problems={problems} />
        <Choices
          name="by"
          legend="Which payloads"
          type="radio"
          chosen={[values.by]}
          options={[
            { value: 'text', word: 'Those that name a person, a workload or an address' },
            { value: 'indices', word: 'Those of single entries' },
          ]}
          problems={problems}
        />
        <TextField
          name="text"
          label="Text"
          hint="As a whole word, spelt as in the payloads. It is searched for and kept nowhere."
          value={values.text}
          autocomplete="off"
          problems={problems}
        />
        <div class="fields fields-form">
          <TimeField name="from" label="Received from" hint="UTC" value={values.from} problems={problems} />
          <TimeField name="to" label="Received before" hint="UTC" value={values.to} problems={problems} />
          <TextField name="source" label="Source" hint="Empty: all" value={values.source} problems={problems} />
        </div>
        <TextField
          name="indices"
          label="Entries"
          hint="For single entries: indices and ranges, such as 12, 40-58."
          value={values.indices}
          problems={problems}
        />
        <div class="actions">
          <button type="submit" class={preview === null ? 'button button-main' : 'button'} name="step" value="preview">
            Show what would go
          </button>
        </div>
        {preview !== null && <Found preview={preview} />}
        {preview !== null && preview.count > 0 && (
          <>
            <TextArea
              name="reason"
              label="Reason"
              hint="Stays in the log for good: do not repeat in it what is to be erased."
              value={values.reason}
              rows={2}
              problems={problems}
            />
            <div class="actions">
              <button type="submit" class="button button-main" name="step" value="request">
                Ask for the erasure of {countOf(preview.count, 'payload')}
              </button>
              <a class="button button-plain" href={paths.retention}>
                Cancel
              </a>
            </div>
          </>
        )}
      </form>
    </Layout>
  );
}

function Found({ preview }: { readonly preview: Preview }): JSX.Element {
  return (
    <Panel
      id="preview"
      title={`${countOf(preview.count, 'payload')} would go`}
      note={Object.entries(preview.byKind)
        .map(([kind, count]) => `${countText(count)} ${kind}`)
        .join(', ')}
    >
      {preview.holds.length > 0 && (
        <Banner tone="warn" title="Legal holds stand in the way">
          <ul>
            {preview.holds.map(({ id, name, index }) => (
              <li key={id}>
                {name}, which covers entry {countText(index)}
              </li>
            ))}
          </ul>
        </Banner>
      )}
      {preview.reports.length > 0 && (
        <Banner tone="quiet" title={`${countOf(preview.reports.length, 'report')} would be withdrawn`}>
          <ul>
            {preview.reports.map(({ id, title }) => (
              <li key={id}>
                <a href={paths.report(id)}>{title}</a>
              </li>
            ))}
          </ul>
        </Banner>
      )}
      {preview.kept.length > 0 && (
        <p class="note">
          Entries {rangesText(preview.kept.map((index) => [index, index]))} stay: the log could not be verified or
          explained without them.
        </p>
      )}
      {preview.gone > 0 && <p class="note">{countOf(preview.gone, 'payload')} named here are gone already.</p>}
      <Table
        id="preview-entries"
        caption={
          preview.count > preview.entries.length ? `The first ${countText(preview.entries.length)}` : 'All of them'
        }
        columns={entryColumns}
        rows={preview.entries}
        empty={
          <EmptyState title="No payload matches">Check the spelling, upper and lower case, and the times.</EmptyState>
        }
      />
    </Panel>
  );
}

const entryColumns: readonly Column<Entry>[] = [
  {
    head: 'Entry',
    names: true,
    tight: true,
    cell: ({ index }) => <a href={paths.record(index)}>{countText(index)}</a>,
  },
  { head: 'Kind', cell: ({ kind }) => kind },
  { head: 'Source', cell: ({ source }) => source },
  { head: 'Happened', tight: true, cell: ({ occurredAt }) => <Time at={occurredAt} /> },
  { head: 'Received', tight: true, cell: ({ receivedAt }) => <Time at={receivedAt} /> },
];
