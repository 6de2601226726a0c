import type { JSX } from 'preact';
import type { Permission } from '../../access/permissions.js';
import { paths } from '../paths.js';
import type { SignedInUser } from '../views.js';
import { BrandMark, Icon, type IconName } from './icon.js';

interface Place {
  readonly href: string;
  readonly word: string;
  readonly icon: IconName;
  readonly needs?: Permission;
}

const groups: readonly { readonly title: string; readonly places: readonly Place[] }[] = [
  {
    title: 'Overview',
    places: [
      { href: paths.home, word: 'Home', icon: 'home' },
      { href: paths.findings(), word: 'Findings', icon: 'findings', needs: 'findings.read' },
      { href: paths.figures(), word: 'Figures', icon: 'figures', needs: 'figures.read' },
    ],
  },
  {
    title: 'Evidence',
    places: [
      { href: paths.reports, word: 'Reports', icon: 'reports', needs: 'reports.read' },
      { href: paths.controls, word: 'Controls', icon: 'controls', needs: 'controls.read' },
      { href: paths.records(), word: 'Records', icon: 'records', needs: 'records.read' },
      { href: paths.quarantine(), word: 'Quarantine', icon: 'rejected', needs: 'rejected.read' },
    ],
  },
  {
    title: 'Segmentation',
    places: [
      { href: paths.changes(), word: 'Changes', icon: 'changes', needs: 'changes.read' },
      { href: paths.simulations(), word: 'Simulations', icon: 'simulations', needs: 'simulations.read' },
      { href: paths.policies(), word: 'Policies', icon: 'policies', needs: 'policies.read' },
      { href: paths.hygiene(), word: 'Hygiene', icon: 'hygiene', needs: 'findings.read' },
      { href: paths.segments, word: 'Segments', icon: 'segments', needs: 'segments.read' },
      { href: paths.phases, word: 'Phases', icon: 'phases', needs: 'segments.read' },
      { href: paths.map(), word: 'Map', icon: 'map', needs: 'figures.read' },
      { href: paths.incident(), word: 'Incident', icon: 'incident', needs: 'figures.read' },
      { href: paths.sources, word: 'Sources', icon: 'sources', needs: 'sources.read' },
    ],
  },
  {
    title: 'The log',
    places: [
      { href: paths.integrity, word: 'Integrity', icon: 'integrity', needs: 'log.read' },
      { href: paths.retention, word: 'Retention', icon: 'retention', needs: 'retention.read' },
    ],
  },
  { title: 'Reference', places: [{ href: paths.apiReference, word: 'API', icon: 'api' }] },
];

function isHere(path: string, href: string): boolean {
  return href === paths.home ? path === href : path === href || path.startsWith(`${href}/`);
}

/** A column on wide screens; on narrow ones it opens over the page, with no script needed. */
export function Navigation({ path, may }: { readonly path: string; readonly may: readonly Permission[] }): JSX.Element {
  return (
    <nav id="navigation" class="navigation" aria-label="Main" popover="auto">
      {groups.map(({ title, places }) => (
        <div key={title} class="nav-group">
          <p class="nav-title">{title}</p>
          <ul>
            {places
              .filter(({ needs }) => needs === undefined || may.includes(needs))
              .map(({ href, word, icon }) => (
                <li key={href}>
                  <a href={href} aria-current={isHere(path, href) ? 'page' : undefined}>
                    <Icon name={icon} />
                    {word}
                  </a>
                </li>
              ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

export function TopBar({ user }: { readonly user: SignedInUser | null }): JSX.Element {
  return (
    <header class="top-bar">
      <a class="brand" href={paths.home}>
        <BrandMark />
        Segproof
      </a>
      {user !== null && (
        <>
          <button type="button" class="button button-plain menu-button" popovertarget="navigation">
            <Icon name="menu" />
            Menu
          </button>
          <button type="button" class="button button-plain user-button" popovertarget="user-menu">
            <Icon name="person" />
            <span class="user-name">{user.displayName}</span>
          </button>
          <UserMenu user={user} />
        </>
      )}
    </header>
  );
}

function UserMenu({ user }: { readonly user: SignedInUser }): JSX.Element {
  return (
    <div id="user-menu" class="user-menu" popover="auto" role="group" aria-label="Your account">
      <p class="user-full">{user.displayName}</p>
      <p class="note">
        {user.name} · {user.roles.join(', ')}
      </p>
      <form method="post" action={paths.signOut}>
        <button type="submit" class="button">
          Sign out
        </button>
      </form>
    </div>
  );
}

export interface Crumb {
  readonly href: string;
  readonly word: string;
}

/** The way from the list to this page; the page itself is the heading below. */
export function Breadcrumbs({
  crumbs,
  here,
}: {
  readonly crumbs: readonly Crumb[];
  readonly here: string;
}): JSX.Element | null {
  if (crumbs.length === 0) return null;
  return (
    <nav class="breadcrumbs" aria-label="Breadcrumbs">
      <ol>
        {crumbs.map(({ href, word }) => (
          <li key={href}>
            <a href={href}>{word}</a>
          </li>
        ))}
        <li aria-current="page">{here}</li>
      </ol>
    </nav>
  );
}
