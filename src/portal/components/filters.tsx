import type { ComponentChildren, JSX } from 'preact';
import { withQuery, type Query } from '../paths.js';
import type { Paging } from '../views.js';
import { Icon } from './icon.js';

interface FilterFormProps {
  /** Path of the list; the form is sent there with GET. */
  readonly path: string;
  /** The filters now in force: query name, value in the URL, and how it reads on the page. */
  readonly active: readonly ActiveFilter[];
  readonly children: ComponentChildren;
}

export interface ActiveFilter {
  readonly name: string;
  readonly value: string;
  readonly reads: string;
}

/** The filters that are set, from the parsed query, in the order of `words`. */
export function activeFilters(
  filters: Query,
  words: Readonly<Record<string, (value: string) => string>>,
): readonly ActiveFilter[] {
  return Object.entries(words).flatMap(([name, reads]) => {
    const value = filters[name];
    return value === null || value === undefined || value === ''
      ? []
      : [{ name, value: String(value), reads: reads(String(value)) }];
  });
}

/** Filters of a list, kept in the URL; every one in force can be taken away by itself. */
export function FilterForm({ path, active, children }: FilterFormProps): JSX.Element {
  const without = (name: string): string =>
    withQuery(
      path,
      Object.fromEntries(active.filter((filter) => filter.name !== name).map((filter) => [filter.name, filter.value])),
    );
  return (
    <search class="filters">
      <form method="get" action={path}>
        <div class="fields">{children}</div>
        <div class="actions">
          <button type="submit" class="button">
            Apply filters
          </button>
          {active.length > 0 && (
            <a class="button button-plain" href={path}>
              Clear
            </a>
          )}
        </div>
      </form>
      {active.length > 0 && (
        <ul class="chips" aria-label="Filters in force">
          {active.map(({ name, reads }) => (
            <li key={name}>
              <a class="chip" href={without(name)} aria-label={`Remove filter: ${reads}`}>
                {reads} <span aria-hidden="true">×</span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </search>
  );
}

interface PagerProps {
  readonly path: string;
  readonly query: Query;
  readonly paging: Paging;
  /** `50 of 7,203 records`. */
  readonly summary: string;
  /** For lists that are in no order of time. */
  readonly words?: { readonly newer: string; readonly older: string };
}

const timeWords = { newer: 'Newer', older: 'Older' };

/** Older and newer, by cursor: the query name is `cursor`, so a page keeps its place while the log grows. */
export function Pager({ path, query, paging, summary, words = timeWords }: PagerProps): JSX.Element | null {
  if (paging.older === null && paging.newer === null) return null;
  const at = (cursor: string): string => withQuery(path, { ...query, cursor });
  return (
    <nav class="pager" aria-label="Pages of this list">
      <span class="note">{summary}</span>
      <span class="actions">
        {paging.newer !== null && (
          <a class="button button-plain" rel="prev" href={at(paging.newer)}>
            <span class="flip">
              <Icon name="next" />
            </span>
            {words.newer}
          </a>
        )}
        {paging.older !== null && (
          <a class="button button-plain" rel="next" href={at(paging.older)}>
            {words.older}
            <Icon name="next" />
          </a>
        )}
      </span>
    </nav>
  );
}
