import type { ComponentChildren, JSX } from 'preact';
import type { Endpoint, NormalForm } from '../../ingestion/normal-form.js';
import { Facts, type Fact } from '../components/facts.js';
import { Time, bytesText, countOf, countText } from '../components/figures.js';
import { CopyButton, Identifier, Workload } from '../components/identifier.js';
import { CodeBlock, JsonText } from '../components/json-text.js';
import { Banner, Panel } from '../components/panel.js';
import { StatusMark, plainWord, verdictMarks } from '../components/status-mark.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { RecordDetailView } from '../views.js';

export function RecordPage(view: RecordDetailView): JSX.Element {
  const { shell, index, normal } = view;
  return (
    <Layout
      shell={shell}
      title={`Record ${countText(index)}`}
      marks={normal !== null && normal.verdict !== 'none' ? <StatusMark {...verdictMarks[normal.verdict]} /> : undefined}
      lead={normal?.summary ?? plainWord(view.kind)}
      crumbs={[{ href: paths.records(), word: 'Records' }]}
      actions={<Neighbours view={view} />}
    >
      <Authorisation view={view} />
      <Panel id="record" title="What happened">
        <Facts columns={2} facts={[...envelopeFacts(view), ...(normal === null ? [] : normalFacts(normal))]} />
        {normal !== null && <Guesses normal={normal} />}
      </Panel>
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

function Authorisation({ view: { authorisedBy, unauthorised } }: { readonly view: RecordDetailView }): JSX.Element | null {
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

function envelopeFacts(view: RecordDetailView): readonly Fact[] {
  return [
    { term: 'Event time', is: view.occurredAt === null ? 'none given' : <Time at={view.occurredAt} precision="millisecond" /> },
    { term: 'Received', is: <Time at={view.receivedAt} precision="millisecond" /> },
    { term: 'Source', is: <a href={paths.records({ source: view.source })}>{view.source}</a> },
    { term: 'Kind', is: plainWord(view.kind) },
    { term: 'Id', is: <Identifier value={view.id} name="record id" keep={13} /> },
  ];
}

function normalFacts(normal: NormalForm): readonly Fact[] {
  const { actor, policyChange, protocol } = normal;
  return [
    { term: 'Native id', is: normal.nativeId === null ? null : <Identifier value={normal.nativeId} name="native id" keep={13} /> },
    { term: 'Actor', is: actor === null ? null : actor.realName === null ? actor.name : `${actor.name}, as ${actor.realName}` },
    { term: 'Actor groups', is: actor === null ? null : listed(actor.groups) },
    { term: 'Actor addresses', is: actor === null ? null : listed(actor.addresses) },
    { term: 'User agent', is: actor?.userAgent },
    { term: 'Verdict', is: normal.verdict === 'none' ? null : verdictText(normal) },
    { term: 'Reason', is: normal.reason },
    { term: 'From', is: normal.source === null ? null : <End end={normal.source} /> },
    { term: 'To', is: normal.destination === null ? null : <End end={normal.destination} /> },
    { term: 'Protocol', is: protocol === null ? null : protocol.name },
    { term: 'Direction', is: normal.direction === 'unknown' ? null : normal.direction },
    { term: 'Reported by', is: normal.reporterName === null ? normal.reporter : `${normal.reporterName} (${normal.reporter})` },
    { term: 'Reply', is: normal.isReply === null ? null : normal.isReply ? 'yes' : 'no' },
    { term: 'Stands for', is: normal.count === null ? null : countOf(normal.count, 'observation') },
    { term: 'Lost', is: normal.lostCount },
    { term: 'Policies', is: normal.policies.length === 0 ? null : <PolicyRefs normal={normal} /> },
    { term: 'Policy changed', is: policyChange === null ? null : <PolicyChanged change={policyChange} /> },
    { term: 'Format', is: `${normal.format}, parser ${normal.parserVersion}` },
    ...Object.entries(normal.attributes).map(([name, value]) => ({
      term: name,
      is: attributeText(value),
    })),
  ];
}

/** A string as it is, a list of strings with commas, anything else as JSON. */
function attributeText(value: NormalForm['attributes'][string]): string {
  if (typeof value === 'string') return value;
  const texts = Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  return Array.isArray(value) && texts.length === value.length && texts.length > 0 ? texts.join(', ') : JSON.stringify(value);
}

function listed(values: readonly string[]): string | null {
  return values.length === 0 ? null : values.join(', ');
}

function verdictText({ verdict, verdictRaw }: NormalForm): ComponentChildren {
  return (
    <>
      {verdictMarks[verdict].word}
      {verdictRaw !== null && (
        <span class="note">
          {' '}
          from <code>{verdictRaw}</code>
        </span>
      )}
    </>
  );
}

function End({ end }: { readonly end: Endpoint }): JSX.Element {
  const address = [end.ip, end.port].filter((value) => value !== null).join(' port ');
  const details = [end.instance, end.identity === null ? null : `identity ${end.identity}`, ...end.dnsNames, end.zone].filter((value) => value !== null);
  return (
    <>
      {end.workload !== null && <Workload id={end.workload.key} href={paths.records({ workload: end.workload.key })} />} <code>{address}</code>
      {details.length > 0 && <span class="note block">{details.join(' · ')}</span>}
      {end.workload !== null && <Labels labels={end.workload.labels} />}
    </>
  );
}

/** Labels as `name=value`, in the order given. */
export function Labels({ labels }: { readonly labels: Readonly<Record<string, string>> }): JSX.Element | null {
  const entries = Object.entries(labels);
  if (entries.length === 0) return null;
  return (
    <span class="labels">
      {entries.map(([name, value]) => (
        <code key={name} class="label">
          {name}={value}
        </code>
      ))}
    </span>
  );
}

function PolicyRefs({ normal }: { readonly normal: NormalForm }): JSX.Element {
  return (
    <ul class="plain-list">
      {normal.policies.map(({ kind, namespace, name, effect, staged, rule }) => (
        <li>
          <a href={paths.policy({ kind: kind ?? 'NetworkPolicy', namespace, name })}>{[namespace, name].filter((part) => part !== null).join('/')}</a>{' '}
          <span class="note">{[effect, rule, staged ? 'staged' : null].filter((part) => part !== null).join(' · ')}</span>
        </li>
      ))}
    </ul>
  );
}

function PolicyChanged({ change }: { readonly change: NonNullable<NormalForm['policyChange']> }): JSX.Element {
  const { kind, namespace, name, apiVersion } = change.resource;
  const outcome = change.dryRun ? 'dry run, nothing changed' : change.applied ? 'applied' : 'refused';
  return (
    <>
      {plainWord(change.action)} {name === null ? `${kind} ${namespace ?? ''}` : <a href={paths.policy({ kind, namespace, name })}>{`${kind} ${namespace === null ? '' : `${namespace}/`}${name}`}</a>}
      <span class="note block">{[apiVersion, outcome, change.statusCode === null ? null : `status ${change.statusCode}`].filter((part) => part !== null).join(' · ')}</span>
    </>
  );
}

const flagWords: Readonly<Record<string, string>> = {
  workload_from_pod_name: 'The workload was inferred from the pod’s name.',
  no_event_time: 'The record carries no time of its own; the time of receipt stands in.',
};

const timeWords: Readonly<Record<NormalForm['timeSource'], string>> = {
  record: 'the record itself',
  envelope: 'the envelope around the record',
  header: 'a header of the request',
  received: 'the time of receipt',
};

/** What a reader should not take for said by the source. */
function Guesses({ normal: { flags, timeGuessed, timeSource } }: { readonly normal: NormalForm }): JSX.Element {
  return (
    <div class="guesses">
      <h3>What was guessed or is missing</h3>
      <ul>
        {flags.length === 0 && !timeGuessed && <li>Nothing.</li>}
        <li>
          The event time comes from {timeWords[timeSource]}
          {timeGuessed ? '; its zone or year was guessed.' : '.'}
        </li>
        {flags.map((flag) => (
          <li key={flag}>
            {flagWords[flag] ?? plainWord(flag)} <code class="note">{flag}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}

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

function Proof({ view: { index, proof } }: { readonly view: RecordDetailView }): JSX.Element {
  return (
    <Panel
      id="proof"
      title="Proof"
      note={`That entry ${countText(index)} is in the log of ${countOf(proof.treeSize, 'entry', 'entries')} whose signed checkpoint stands below (RFC 6962, SHA-256).`}
    >
      <Facts
        facts={[
          { term: 'Index', is: <code>{index}</code> },
          { term: 'Leaf hash', is: <Hash value={proof.leafHash} name="leaf hash" /> },
          { term: 'Payload hash', is: <Hash value={proof.payloadHash} name="payload hash" /> },
          { term: 'Salt', is: <Hash value={proof.salt} name="salt" /> },
          { term: 'Root hash', is: <Hash value={proof.rootHash} name="root hash" /> },
          {
            term: `Inclusion proof, ${countOf(proof.path.length, 'hash', 'hashes')}`,
            is: (
              <ol class="hashes">
                {proof.path.map((hash) => (
                  <li>
                    <code>{hash}</code>
                  </li>
                ))}
              </ol>
            ),
          },
        ]}
      />
      <h3>Leaf</h3>
      <JsonText text={proof.leaf} label="Leaf" />
      <h3>Checkpoint</h3>
      <CodeBlock label="Signed checkpoint" copy={proof.checkpoint}>
        {proof.checkpoint}
      </CodeBlock>
    </Panel>
  );
}

function Hash({ value, name }: { readonly value: string; readonly name: string }): JSX.Element {
  return (
    <span class="identifier">
      <code class="whole">{value}</code>
      <CopyButton value={value} name={name} />
    </span>
  );
}
