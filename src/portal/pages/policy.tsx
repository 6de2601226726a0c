import type { JSX } from 'preact';
import { Time, countOf, countText } from '../components/figures.js';
import { Identifier, Name } from '../components/identifier.js';
import { Banner, EmptyState, Panel } from '../components/panel.js';
import { PolicyText } from '../components/policy-text.js';
import { StatusMark, plainWord, unauthorisedMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { PolicyDetailView, PolicyVersionRow } from '../views.js';

export function PolicyPage({ shell, policy, inForce, versions }: PolicyDetailView): JSX.Element {
  const { kind, namespace, name } = policy;
  const title = namespace === null ? name : `${namespace}/${name}`;
  const unauthorised = versions.filter((version) => version.unauthorised !== null);
  return (
    <Layout
      shell={shell}
      title={title}
      marks={<StatusMark tone={inForce ? 'good' : 'quiet'} word={inForce ? 'In force' : 'Deleted'} />}
      lead={`${kind}, ${countOf(versions.length, 'version')} in the records`}
      crumbs={[{ href: paths.policies(), word: 'Policies' }]}
      actions={
        <a class="button" href={paths.records({ policy: title })}>
          Records that name it
        </a>
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
      <Panel id="versions" title="Versions">
        <Table
          id="version-table"
          caption={`Versions of ${title}, newest first`}
          captionHidden
          columns={columns}
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

const columns: readonly Column<PolicyVersionRow>[] = [
  { head: 'Version', numeric: true, names: true, cell: ({ version }) => <a href={`#version-${version}`}>{version}</a> },
  { head: 'Event time', tight: true, cell: ({ eventTime }) => <Time at={eventTime} /> },
  { head: 'Action', cell: ({ action }) => plainWord(action) },
  { head: 'Author', cell: ({ author }) => <Name text={author} /> },
  { head: 'Authorised by', wide: true, cell: (row) => <AuthorisedBy row={row} /> },
  { head: 'Source entry', numeric: true, cell: ({ index }) => <a href={paths.record(index)}>{countText(index)}</a> },
  {
    head: 'Digest',
    cell: ({ digest }) => (digest === null ? <span class="note">–</span> : <Identifier value={digest} name="digest" />),
  },
];

function AuthorisedBy({ row: { authorisedBy } }: { readonly row: PolicyVersionRow }): JSX.Element {
  if (authorisedBy === null) return <StatusMark {...unauthorisedMark} />;
  return (
    <a href={paths.change(authorisedBy.id)}>
      {authorisedBy.number} {authorisedBy.title}
    </a>
  );
}
