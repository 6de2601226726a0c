import type { ComponentChildren, JSX } from 'preact';

export interface Fact {
  readonly term: string;
  /** Left out of the list when null or undefined. */
  readonly is: ComponentChildren;
}

/** Names and values: the normal form of a record, the head of a change, the state of the log. */
export function Facts({
  facts,
  columns = 1,
}: {
  readonly facts: readonly Fact[];
  readonly columns?: 1 | 2;
}): JSX.Element {
  return (
    <dl class={columns === 2 ? 'facts facts-two' : 'facts'}>
      {facts
        .filter(({ is }) => is !== null && is !== undefined)
        .map(({ term, is }) => (
          <div key={term} class="fact">
            <dt>{term}</dt>
            <dd>{is}</dd>
          </div>
        ))}
    </dl>
  );
}
