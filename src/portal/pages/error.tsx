import type { JSX } from 'preact';
import { Facts } from '../components/facts.js';
import { countText } from '../components/figures.js';
import { CopyButton } from '../components/identifier.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { ErrorView, NotPermittedView } from '../views.js';

/** A problem response (RFC 9457) for people. */
export function ErrorPage({ shell, status, title, detail, requestId }: ErrorView): JSX.Element {
  return (
    <Layout shell={shell} title={title} lead={detail}>
      <Facts
        facts={[
          { term: 'Status', is: <code>{status}</code> },
          {
            term: 'Request',
            is:
              requestId === null ? null : (
                <span class="identifier">
                  <code>{requestId}</code>
                  <CopyButton value={requestId} name="request id" />
                </span>
              ),
          },
        ]}
      />
      <p>
        <a href={paths.home}>Go to the home page</a>
        {status >= 500 && ', or try again in a moment. Whoever runs the service finds the cause under the request id.'}
      </p>
    </Layout>
  );
}

export function NotPermittedPage({ shell, what, because, recordedIndex }: NotPermittedView): JSX.Element {
  return (
    <Layout shell={shell} title="Not permitted" lead={`You may not ${what}: ${because}`}>
      <Facts
        facts={[
          {
            term: 'Signed in as',
            is: shell.user === null ? 'nobody' : `${shell.user.displayName} (${shell.user.roles.join(', ')})`,
          },
          {
            term: 'Recorded',
            is:
              recordedIndex === null ? null : (
                <a href={paths.record(recordedIndex)}>entry {countText(recordedIndex)}</a>
              ),
          },
        ]}
      />
      <p>
        If you need this for your work, ask an administrator for the role. <a href={paths.home}>Go to the home page</a>
      </p>
    </Layout>
  );
}
