import type { ComponentChildren, JSX } from 'preact';
import type { Endpoint, NormalForm } from '../../ingestion/normal-form.js';
import { paths } from '../paths.js';
import type { Fact } from './facts.js';
import { countOf } from './figures.js';
import { Identifier, Workload } from './identifier.js';
import { Labels } from './labels.js';
import { plainWord, verdictMarks } from './status-mark.js';

/** The normal form of a record as facts; what the source does not say is left out. */
export function normalFacts(normal: NormalForm): readonly Fact[] {
  const { actor, policyChange, protocol } = normal;
  return [
    {
      term: 'Native id',
      is: normal.nativeId === null ? null : <Identifier value={normal.nativeId} name="native id" keep={13} />,
    },
    {
      term: 'Actor',
      is: actor === null ? null : actor.realName === null ? actor.name : `${actor.name}, as ${actor.realName}`,
    },
    { term: 'Actor groups', is: actor === null ? null : listed(actor.groups) },
    { term: 'Actor addresses', is: actor === null ? null : listed(actor.addresses) },
    { term: 'User agent', is: actor?.userAgent },
    { term: 'Verdict', is: normal.verdict === 'none' ? null : verdictText(normal) },
    { term: 'Reason', is: normal.reason },
    { term: 'From', is: normal.source === null ? null : <End end={normal.source} /> },
    { term: 'To', is: normal.destination === null ? null : <End end={normal.destination} /> },
    { term: 'Protocol', is: protocol === null ? null : protocol.name },
    { term: 'Direction', is: normal.direction === 'unknown' ? null : normal.direction },
    {
      term: 'Reported by',
      is: normal.reporterName === null ? normal.reporter : `${normal.reporterName} (${normal.reporter})`,
    },
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
  return Array.isArray(value) && texts.length === value.length && texts.length > 0
    ? texts.join(', ')
    : JSON.stringify(value);
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
  const details = [
    end.instance,
    end.identity === null ? null : `identity ${end.identity}`,
    ...end.dnsNames,
    end.zone,
  ].filter((value) => value !== null);
  return (
    <>
      {end.workload !== null && <Workload id={end.workload.key} href={paths.records({ workload: end.workload.key })} />}{' '}
      <code>{address}</code>
      {details.length > 0 && <span class="note block">{details.join(' · ')}</span>}
      {end.workload !== null && <Labels labels={end.workload.labels} />}
    </>
  );
}

function PolicyRefs({ normal }: { readonly normal: NormalForm }): JSX.Element {
  return (
    <ul class="plain-list">
      {normal.policies.map(({ system, kind, namespace, name, effect, staged, rule }) => (
        <li>
          <a href={paths.policy({ system, kind: kind ?? 'NetworkPolicy', namespace, name })}>
            {[namespace, name].filter((part) => part !== null).join('/')}
          </a>{' '}
          <span class="note">
            {[effect, rule, staged ? 'staged' : null].filter((part) => part !== null).join(' · ')}
          </span>
        </li>
      ))}
    </ul>
  );
}

function PolicyChanged({ change }: { readonly change: NonNullable<NormalForm['policyChange']> }): JSX.Element {
  const { system, kind, namespace, name, apiVersion } = change.resource;
  const outcome = change.dryRun ? 'dry run, nothing changed' : change.applied ? 'applied' : 'refused';
  return (
    <>
      {plainWord(change.action)}{' '}
      {name === null ? (
        `${kind} ${namespace ?? ''}`
      ) : (
        <a
          href={paths.policy({ system, kind, namespace, name })}
        >{`${kind} ${namespace === null ? '' : `${namespace}/`}${name}`}</a>
      )}
      <span class="note block">
        {[apiVersion, outcome, change.statusCode === null ? null : `status ${change.statusCode}`]
          .filter((part) => part !== null)
          .join(' · ')}
      </span>
    </>
  );
}

const flagWords: Readonly<Record<string, string>> = {
  workload_from_pod_name: 'The workload was inferred from the pod’s name.',
  conflicting_id: 'An earlier record of the source has the same id and other bytes.',
  no_event_time: 'The record carries no time of its own; the time of receipt stands in.',
};

const timeWords: Readonly<Record<NormalForm['timeSource'], string>> = {
  record: 'the record itself',
  envelope: 'the envelope around the record',
  header: 'a header of the request',
  received: 'the time of receipt',
};

/** What a reader should not take for said by the source. */
export function Guesses({ normal: { flags, timeGuessed, timeSource } }: { readonly normal: NormalForm }): JSX.Element {
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
