import type { JSX } from 'preact';
import type { PolicyKey } from '../../policies/policy-key.js';
import type { PolicyEntry, RegisterRule } from '../../policies/register/register-view.js';
import { Time, countOf, countText } from '../components/figures.js';
import { Identifier, Name } from '../components/identifier.js';
import { Banner, EmptyState, Panel } from '../components/panel.js';
import { PolicyText } from '../components/policy-text.js';
import { FlagMarks, SaidText, StewardshipFacts } from '../components/stewardship.js';
import { StatusMark, plainWord, unauthorisedMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { may } from '../may.js';
import { paths } from '../paths.js';
import type { PolicyDetailView, PolicyVersionRow } from '../views.js';

export function PolicyPage({ shell, entry, versions }: PolicyDetailView): JSX.Element {
  const { system, kind, namespace, name, inForce } = entry;
  const title = namespace === null ? name : `${namespace}/${name}`;
  const unauthorised = versions.filter((version) => version.unauthorised !== null);
  return (
    <Layout
      shell={shell}
      title={title}
      marks={<StatusMark tone={inForce ? 'good' : 'quiet'} word={inForce ? 'In force' : 'Deleted'} />}
      lead={`${kind} (${system}), ${countOf(versions.length, 'version')} in the records`}
      crumbs={[{ href: paths.policies(), word: 'Policies' }]}
      actions={
        <>
          <a class="button button-plain" href={paths.records({ policy: title })}>
            Records that name it
          </a>
          <a class="button" href={paths.policyDiff(entry)}>
            Compare versions
          </a>
        </>
      }
    >
      {unauthorised.length > 0 && (
        <Banner tone="bad" title={`${countOf(unauthorised.length, 'version')} without an approved change`}>
          <ul>
            {unauthorised.map(({ version, unauthorised: why }) => (
              <li key={version}>
                <a href={`#version-${version}`}>Version {version}</a>: {why}
              </li>
            ))}
          </ul>
        </Banner>
      )}
      <Register entry={entry} mayManage={may(shell, 'policies.manage')} />
      <Panel id="versions" title="Versions">
        <Table
          id="version-table"
          caption={`Versions of ${title}, newest first`}
          captionHidden
          columns={columnsFor(entry)}
          rows={versions}
          sortable
          empty={<EmptyState title="No version">No audit record shows this policy.</EmptyState>}
        />
      </Panel>
      <Panel id="texts" title="What each version says">
        {versions.map((version, place) => (
          <Version
            version={version}
            before={versions[place + 1] ?? null}
            name={`${kind} ${title}`}
            open={place === 0}
          />
        ))}
      </Panel>
    </Layout>
  );
}

function Register({ entry, mayManage }: { readonly entry: PolicyEntry; readonly mayManage: boolean }): JSX.Element {
  const { held, mark, segments, rules } = entry;
  return (
    <Panel
      id="register"
      title="Who answers for it"
      actions={
        mayManage ? (
          <a class="button" href={paths.policyRegister(entry)}>
            Set owner, reason and dates
          </a>
        ) : undefined
      }
    >
      <FlagMarks flags={held.flags} />
      <StewardshipFacts held={held} mark={mark} segments={segments} />
      <Table
        id="rule-table"
        caption="Rules, as the register keeps them"
        columns={ruleColumns(entry, mayManage)}
        rows={rules ?? []}
        empty={
          rules === null ? (
            <EmptyState title="Rules are not known">
              The records leave the object out, or its kind is not modelled.
            </EmptyState>
          ) : (
            <EmptyState title="No rules">The policy allows nothing by itself.</EmptyState>
          )
        }
      />
    </Panel>
  );
}

function ruleColumns(policy: PolicyKey, mayManage: boolean): readonly Column<RegisterRule>[] {
  const set: Column<RegisterRule> = {
    head: 'Set',
    tight: true,
    cell: ({ digest, present }) => (present ? <a href={paths.policyRegister(policy, digest)}>Set</a> : '–'),
  };
  return [
    {
      head: 'Rule',
      names: true,
      cell: ({ direction, text, name, present }) => (
        <>
          {direction !== null && `${direction}: `}
          {text}
          {name !== null && <span class="note block">{name}</span>}
          {!present && <span class="note block">no longer in the policy</span>}
        </>
      ),
    },
    {
      head: 'Owner',
      cell: ({ held }) => (
        <>
          <SaidText said={held.owner} />
          <FlagMarks flags={held.flags.filter((flag) => flag === 'expired' || flag === 'review_overdue')} />
        </>
      ),
    },
    { head: 'Reason', cell: ({ held }) => (held.reason?.from === 'policy' ? '' : <SaidText said={held.reason} />) },
    { head: 'Expires', cell: ({ held }) => <SaidText said={held.expires} /> },
    { head: 'Review by', cell: ({ held }) => <SaidText said={held.review} /> },
    ...(mayManage ? [set] : []),
  ];
}

interface VersionProps {
  readonly version: PolicyVersionRow;
  readonly before: PolicyVersionRow | null;
  readonly name: string;
  readonly open: boolean;
}

function Version({ version, before, name, open }: VersionProps): JSX.Element {
  return (
    <details class="version" id={`version-${version.version}`} open={open}>
      <summary>
        <b>Version {version.version}</b> {version.action} by {version.author},{' '}
        <Time at={version.eventTime} precision="minute" />{' '}
        {version.unauthorised !== null && <StatusMark {...unauthorisedMark} />}
      </summary>
      <PolicyText name={`${name}, version ${version.version}`} before={before?.object ?? null} after={version.object} />
    </details>
  );
}

function columnsFor(policy: PolicyKey): readonly Column<PolicyVersionRow>[] {
  return [
    {
      head: 'Version',
      numeric: true,
      names: true,
      cell: ({ version }) => <a href={`#version-${version}`}>{version}</a>,
    },
    { head: 'Event time', tight: true, cell: ({ eventTime }) => <Time at={eventTime} /> },
    {
      head: 'Action',
      cell: ({ version, action, object, sameMeaning }) => (
        <>
          {plainWord(action)}
          <span class="note block">
            {sameMeaning ? (
              'no change in meaning'
            ) : action !== 'delete' && object === null ? (
              'content not recorded'
            ) : (
              <a href={paths.policyDiff(policy, { from: version - 1, to: version })}>what changed</a>
            )}
          </span>
        </>
      ),
    },
    { head: 'Author', cell: ({ author }) => <Name text={author} /> },
    { head: 'Authorised by', wide: true, cell: (row) => <AuthorisedBy row={row} /> },
    { head: 'Source entry', numeric: true, cell: ({ index }) => <a href={paths.record(index)}>{countText(index)}</a> },
    {
      head: 'Digest',
      cell: ({ digest }) =>
        digest === null ? <span class="note">–</span> : <Identifier value={digest} name="digest" keep={6} />,
    },
  ];
}

function AuthorisedBy({ row: { authorisedBy } }: { readonly row: PolicyVersionRow }): JSX.Element {
  if (authorisedBy === null) return <StatusMark {...unauthorisedMark} />;
  return (
    <a href={paths.change(authorisedBy.id)}>
      {authorisedBy.number} {authorisedBy.title}
    </a>
  );
}
