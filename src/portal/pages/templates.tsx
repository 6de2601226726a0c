import type { JSX } from 'preact';
import type { PolicyTemplate } from '../../policies/templates.js';
import { countOf } from '../components/figures.js';
import { Name } from '../components/identifier.js';
import { EmptyState } from '../components/panel.js';
import { StatusMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { TemplatesView } from '../register-views.js';

export function TemplatesPage({ shell, templates }: TemplatesView): JSX.Element {
  return (
    <Layout
      shell={shell}
      title="Templates"
      lead="Templates of intents as the records show them, what is made from each, and what enforces that."
      crumbs={[{ href: paths.policies(), word: 'Policies' }]}
    >
      <Table
        id="templates"
        caption={countOf(templates.length, 'template')}
        columns={columns}
        rows={templates}
        empty={
          <EmptyState title="No templates yet">
            They appear when a source sends audit records of IntentTemplate and Intent objects (segproof.dev/v1).
          </EmptyState>
        }
      />
    </Layout>
  );
}

function intentKey(name: string) {
  return { system: 'segproof', kind: 'Intent', namespace: null, name };
}

function templateKey(name: string) {
  return { system: 'segproof', kind: 'IntentTemplate', namespace: null, name };
}

const columns: readonly Column<PolicyTemplate>[] = [
  {
    head: 'Template',
    names: true,
    cell: ({ name, version, description }) => (
      <>
        {version === null ? <Name text={name} /> : <a href={paths.policy(templateKey(name))}>{name}</a>}
        {description !== null && <span class="note block">{description}</span>}
      </>
    ),
  },
  {
    head: 'Now',
    tight: true,
    cell: ({ version, inForce, problems }) =>
      problems.length > 0 ? (
        <StatusMark tone="bad" word="Cannot be read" />
      ) : version === null ? (
        <StatusMark tone="bad" word="Not in the records" />
      ) : (
        <StatusMark tone={inForce ? 'good' : 'quiet'} word={inForce ? `Version ${version}` : 'Deleted'} />
      ),
  },
  {
    head: 'Parameters',
    cell: ({ parameters }) =>
      parameters.length === 0 ? (
        <span class="note">–</span>
      ) : (
        parameters.map(({ name, required }) => `${name}${required ? '' : ' (optional)'}`).join(', ')
      ),
  },
  { head: 'Used by', wide: true, cell: ({ uses }) => <Uses uses={uses} /> },
];

function Uses({ uses }: { readonly uses: PolicyTemplate['uses'] }): JSX.Element {
  if (uses.length === 0) return <span class="note">nothing</span>;
  return (
    <ul class="plain-list">
      {uses.map(({ intent, inForce, versions, problems, enforcedBy }) => (
        <li key={intent}>
          <a href={paths.policy(intentKey(intent))}>{intent}</a>{' '}
          <span class="note">
            {inForce ? '' : 'deleted, '}
            {versions.length === 1 ? 'version' : 'versions'} {versions.join(', ')}
          </span>
          {problems.length > 0 && <StatusMark tone="bad" word={problems.join('; ')} />}
          {enforcedBy.length > 0 && (
            <span class="note block">
              enforced by{' '}
              {enforcedBy.map((one, at) => (
                <>
                  {at > 0 && ', '}
                  <a href={paths.policy(one)}>
                    {one.namespace === null ? one.name : `${one.namespace}/${one.name}`}
                  </a>{' '}
                  version {one.version}
                </>
              ))}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
