import type { JSX } from 'preact';
import { Time } from '../components/figures.js';
import { CodeBlock } from '../components/json-text.js';
import { Panel } from '../components/panel.js';
import { StatusMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { connectSnippets, filledIn } from '../connect-snippets.js';
import { paths } from '../paths.js';
import type { SourceView } from '../source-views.js';

type Token = SourceView['tokens'][number];

/** How clients are set up to send to the source, and its tokens. */
export function SourceConnectPanels({ source, mayManage, token, tokens, connect }: SourceView): JSX.Element {
  const values = { ...connect, source: source.name, token: token ?? 'sgt_…' };
  const valid = tokens.filter(({ revokedAt }) => revokedAt === null);
  return (
    <>
      <Panel
        id="connect"
        title="Connect"
        note={
          token === null
            ? 'Filled in with this source; put its token in the place of sgt_….'
            : 'Filled in with this source and its new token.'
        }
      >
        <CodeBlock label="Send records with curl">
          {`curl -sS "${values.url}/ingest/v1/${source.name}?receipt=index" -H "Authorization: Bearer ${values.token}" --data-binary @records.log`}
        </CodeBlock>
        {connectSnippets.map((snippet) => (
          <details key={snippet.id} class="more" id={`connect-${snippet.id}`}>
            <summary>{snippet.title}</summary>
            {snippet.note !== null && <p class="note">{snippet.note}</p>}
            <CodeBlock label={snippet.title} copy={filledIn(snippet, values)}>
              {filledIn(snippet, values)}
            </CodeBlock>
          </details>
        ))}
        {!connect.isKnown && (
          <p class="note">The service does not know its own address: set PUBLIC_URL, and it stands here.</p>
        )}
      </Panel>
      <Panel
        id="tokens"
        title="Tokens"
        note="To change one without a gap: issue another, put it into the sender, then revoke the old one. A token is shown once, when it is issued."
        actions={
          mayManage ? (
            <form method="post" action={paths.issueToken(source.name)}>
              <button type="submit" class="button">
                Issue another token
              </button>
            </form>
          ) : undefined
        }
      >
        <Table
          id="token-list"
          caption="Tokens of this source"
          captionHidden
          columns={tokenColumns(source.name, mayManage, valid.length)}
          rows={tokens}
          empty={<p class="note">No token; issue one.</p>}
        />
      </Panel>
    </>
  );
}

function tokenColumns(source: string, mayManage: boolean, valid: number): readonly Column<Token>[] {
  const columns: Column<Token>[] = [
    { head: 'Ends in', names: true, tight: true, cell: ({ hint }) => <code>{hint}</code> },
    {
      head: 'State',
      tight: true,
      cell: ({ revokedAt }) =>
        revokedAt === null ? <StatusMark tone="good" word="Valid" /> : <StatusMark tone="quiet" word="Revoked" />,
    },
    { head: 'Issued', tight: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
    {
      head: 'Revoked',
      tight: true,
      cell: ({ revokedAt }) => (revokedAt === null ? <span class="note">–</span> : <Time at={revokedAt} />),
    },
  ];
  if (!mayManage) return columns;
  return [
    ...columns,
    {
      head: 'Revoke',
      cell: ({ hint, revokedAt }) =>
        revokedAt === null && (
          <form method="post" action={paths.revokeToken(source, hint)}>
            <button type="submit" class="button button-plain" aria-label={`Revoke the token that ends in ${hint}`}>
              {valid === 1 ? 'Revoke the last one' : 'Revoke'}
            </button>
          </form>
        ),
    },
  ];
}
