import type { JSX } from 'preact';
import { Facts, type Fact } from '../components/facts.js';
import { Time, bytesText, countText } from '../components/figures.js';
import { Identifier } from '../components/identifier.js';
import { CodeBlock, JsonText } from '../components/json-text.js';
import { Guesses, normalFacts } from '../components/normal-form.js';
import { Banner, Panel } from '../components/panel.js';
import { Proof } from '../components/proof.js';
import { StatusMark, plainWord, verdictMarks } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { EarlierFormView, RecordDetailView } from '../views.js';

export function RecordPage(view: RecordDetailView): JSX.Element {
  const { shell, index, records } = view;
  const normal = records.length === 1 ? (records[0] ?? null) : null;
  return (
    <Layout
      shell={shell}
      title={`Record ${countText(index)}`}
      marks={
        normal !== null && normal.verdict !== 'none' ? <StatusMark {...verdictMarks[normal.verdict]} /> : undefined
      }
      lead={
        normal?.summary ?? (records.length > 1 ? `${countText(records.length)} records in one` : plainWord(view.kind))
      }
      crumbs={[{ href: paths.records(), word: 'Records' }]}
      actions={<Neighbours view={view} />}
    >
      <Authorisation view={view} />
      <SameId view={view} />
      <Panel id="record" title="What happened">
        <Facts columns={2} facts={[...envelopeFacts(view), ...(normal === null ? [] : normalFacts(normal))]} />
        {normal !== null && <Guesses normal={normal} />}
      </Panel>
      {records.length > 1 &&
        records.map((record, part) => (
          <Panel id={`part-${part}`} title={`${part + 1} of ${countText(records.length)}: ${record.summary}`}>
            <Facts columns={2} facts={normalFacts(record)} />
            <Guesses normal={record} />
          </Panel>
        ))}
      <EarlierForms view={view} />
      <Raw view={view} />
      <Proof view={view} />
    </Layout>
  );
}

function Neighbours({ view: { previousIndex, nextIndex } }: { readonly view: RecordDetailView }): JSX.Element {
  return (
    <>
      {previousIndex !== null && (
        <a class="button button-plain" rel="prev" href={paths.record(previousIndex)}>
          Before: {countText(previousIndex)}
        </a>
      )}
      {nextIndex !== null && (
        <a class="button button-plain" rel="next" href={paths.record(nextIndex)}>
          After: {countText(nextIndex)}
        </a>
      )}
    </>
  );
}

function Authorisation({
  view: { authorisedBy, unauthorised },
}: {
  readonly view: RecordDetailView;
}): JSX.Element | null {
  if (unauthorised !== null) {
    return (
      <Banner tone="bad" title="No approved change covers this">
        <p>{unauthorised}</p>
      </Banner>
    );
  }
  if (authorisedBy === null) return null;
  return (
    <Banner tone="good" title="Carried out an approved change">
      <p>
        <a href={paths.change(authorisedBy.id)}>
          {authorisedBy.number} {authorisedBy.title}
        </a>
      </p>
    </Banner>
  );
}

function SameId({ view: { conflicts } }: { readonly view: RecordDetailView }): JSX.Element | null {
  const { firstIndex, later } = conflicts;
  if (firstIndex === null && later.length === 0) return null;
  return (
    <Banner tone="bad" title="Another record has the same id and other bytes">
      {firstIndex !== null && (
        <p>
          The source sent this id before, as <a href={paths.record(firstIndex)}>record {countText(firstIndex)}</a>. Both
          are kept; at most one of them is what happened.
        </p>
      )}
      {later.length > 0 && (
        <p>
          The source sent this id again as{' '}
          {later.map((index, at) => (
            <>
              {at > 0 && ', '}
              <a href={paths.record(index)}>record {countText(index)}</a>
            </>
          ))}
          .
        </p>
      )}
    </Banner>
  );
}

function envelopeFacts(view: RecordDetailView): readonly Fact[] {
  return [
    {
      term: 'Event time',
      is: view.occurredAt === null ? 'none given' : <Time at={view.occurredAt} precision="millisecond" />,
    },
    { term: 'Received', is: <Time at={view.receivedAt} precision="millisecond" /> },
    { term: 'Source', is: <a href={paths.records({ source: view.source })}>{view.source}</a> },
    { term: 'Kind', is: plainWord(view.kind) },
    { term: 'Id', is: <Identifier value={view.id} name="record id" keep={13} /> },
  ];
}

function EarlierForms({ view: { earlierForms } }: { readonly view: RecordDetailView }): JSX.Element | null {
  if (earlierForms.length === 0) return null;
  return (
    <Panel
      id="earlier-forms"
      title="What it was read as before"
      note="Newer parsers read the same bytes otherwise. What the search said before is kept, and an entry of the log holds its digest."
    >
      {earlierForms.map((form) => (
        <>
          <Facts
            columns={2}
            facts={[
              { term: 'Read by', is: `${form.format}, parser ${form.parserVersion}` },
              { term: 'Fact', is: form.part === 0 ? null : countText(form.part + 1) },
              { term: 'Until', is: <Time at={form.supersededAt} precision="second" /> },
              {
                term: 'Recorded as',
                is: <a href={paths.record(form.supersededIndex)}>entry {countText(form.supersededIndex)}</a>,
              },
              { term: 'Digest', is: <Identifier value={form.digest} name="digest of the earlier form" keep={13} /> },
            ]}
          />
          <Table
            id={`earlier-${form.supersededIndex}-${form.part}`}
            caption={`How parser ${form.parserVersion} read it, and how it is read now`}
            columns={differenceColumns}
            rows={form.differences}
            empty="It is read as before now."
          />
        </>
      ))}
    </Panel>
  );
}

const differenceColumns: readonly Column<EarlierFormView['differences'][number]>[] = [
  { head: 'Field', names: true, cell: ({ field }) => field },
  { head: 'Was', wide: true, cell: ({ was }) => was ?? <span class="note">nothing</span> },
  { head: 'Is', wide: true, cell: ({ is }) => is ?? <span class="note">nothing</span> },
];

function Raw({ view: { index, raw } }: { readonly view: RecordDetailView }): JSX.Element {
  return (
    <Panel
      id="raw"
      title="As received"
      note={`${bytesText(raw.bytes)}${raw.encoding === 'base64' ? ', not UTF-8, shown as base64' : ''}`}
      actions={
        <a class="button" href={paths.rawRecord(index)}>
          Download
        </a>
      }
    >
      {raw.encoding === 'utf8' && <JsonText text={raw.text} label="Payload, laid out" />}
      <details class="more" open={raw.encoding === 'base64'}>
        <summary>The exact bytes</summary>
        <CodeBlock label="Payload, exact" exact copy={raw.text}>
          {raw.text}
        </CodeBlock>
      </details>
    </Panel>
  );
}
