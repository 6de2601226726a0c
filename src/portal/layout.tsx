import type { ComponentChildren, JSX } from 'preact';
import { Age, countOf, countText } from './components/figures.js';
import { Identifier } from './components/identifier.js';
import { Breadcrumbs, Navigation, TopBar, type Crumb } from './components/navigation.js';
import { StatusMark } from './components/status-mark.js';
import { paths } from './paths.js';
import type { LogState, Shell } from './views.js';

interface LayoutProps {
  readonly shell: Shell;
  /** Heading of the page and, with the product's name, of the window. */
  readonly title: string;
  /** Marks that belong to the heading: the state of a change, the result of a report. */
  readonly marks?: ComponentChildren;
  /** What this page answers, in a sentence. */
  readonly lead?: ComponentChildren;
  readonly crumbs?: readonly Crumb[];
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** The frame of every page: landmarks, navigation, heading, and the state of the log below. */
export function Layout({ shell, title, marks, lead, crumbs = [], actions, children }: LayoutProps): JSX.Element {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} – Segproof`}</title>
        <link rel="stylesheet" href={paths.stylesheet} />
        <link rel="icon" href={paths.icon} type="image/svg+xml" />
        <script src={paths.script} defer />
      </head>
      <body class={shell.user === null ? 'outside' : 'inside'}>
        <a class="skip-link" href="#content">
          Skip to the content
        </a>
        <TopBar user={shell.user} />
        {shell.user !== null && <Navigation path={shell.path} may={shell.user.may} />}
        <main id="content" tabIndex={-1}>
          <Breadcrumbs crumbs={crumbs} here={title} />
          <div class="page-head">
            <div class="page-title">
              <h1>{title}</h1>
              {marks !== undefined && <span class="page-marks">{marks}</span>}
            </div>
            {lead !== undefined && <p class="lead">{lead}</p>}
            {actions !== undefined && <div class="actions">{actions}</div>}
          </div>
          {children}
        </main>
        <Footer shell={shell} />
      </body>
    </html>
  );
}

function Footer({ shell }: { readonly shell: Shell }): JSX.Element {
  return (
    <footer class="footer">
      {shell.log !== null && <LogLine log={shell.log} now={shell.now} />}
      <p>
        {shell.user !== null && 'All times are UTC. '}Segproof {shell.version}
      </p>
    </footer>
  );
}

function LogLine({ log, now }: { readonly log: LogState; readonly now: string }): JSX.Element {
  const behind = log.size - log.followedSize;
  return (
    <p class="log-line">
      <span>
        Log of <a href={paths.records()}>{countOf(log.size, 'entry', 'entries')}</a>
      </span>
      <span>
        root <Identifier value={log.rootHash} name="root hash" />
      </span>
      <span>
        <Verification log={log} now={now} />
      </span>
      <span>
        {behind <= 0
          ? 'Pages show all of it.'
          : `Pages show the first ${countText(log.followedSize)}; ${countText(behind)} are being read.`}
      </span>
    </p>
  );
}

function Verification({ log, now }: { readonly log: LogState; readonly now: string }): JSX.Element {
  if (log.verification === null) return <StatusMark tone="warn" word="Never verified" />;
  const { verified, at } = log.verification;
  return (
    <>
      <StatusMark tone={verified ? 'good' : 'bad'} word={verified ? 'Verified' : 'Verification failed'} />{' '}
      <Age at={at} now={now} />
    </>
  );
}
