import type { JSX } from 'preact';
import { stringify } from 'yaml';
import type { Json } from '../views.js';
import { CodeBlock, JsonText } from './json-text.js';

export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
}

/** Above this many line pairs the comparison is not worth its time and the whole text is shown instead. */
const comparisonLimit = 4_000_000;

/**
 * The lines of `after` with what was removed from `before` between them: a longest common
 * subsequence, removals ahead of additions. Null when the texts are too long to compare.
 */
export function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] | null {
  const width = after.length + 1;
  if ((before.length + 1) * width > comparisonLimit) return null;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (row: number, column: number): number => common[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      common[row * width + column] =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: DiffLine[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    const removed = before[row];
    const added = after[column];
    if (removed !== undefined && removed === added) {
      lines.push({ kind: 'same', text: removed });
      row += 1;
      column += 1;
    } else if (removed !== undefined && (added === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push({ kind: 'removed', text: removed });
      row += 1;
    } else if (added !== undefined) {
      lines.push({ kind: 'added', text: added });
      column += 1;
    }
  }
  return lines;
}

function yamlLines(document: Json): readonly string[] {
  return document === null ? [] : stringify(document, { lineWidth: 0 }).trimEnd().split('\n');
}

interface PolicyTextProps {
  /** What it is, for the region's name: `NetworkPolicy payments/api`. */
  readonly name: string;
  readonly before: Json;
  readonly after: Json;
  /** What `before` is. */
  readonly against?: string;
}

/** A policy as YAML, with what differs from `before` marked line by line, and as JSON. */
export function PolicyText({ name, before, after, against = 'the version before' }: PolicyTextProps): JSX.Element {
  if (before === null && after === null) {
    return <p class="note">The object itself is not in the records: the audit level of the source leaves it out.</p>;
  }
  const lines =
    diffLines(yamlLines(before), yamlLines(after)) ?? yamlLines(after).map((text) => ({ kind: 'same', text }) as const);
  const added = lines.filter(({ kind }) => kind === 'added').length;
  const removed = lines.filter(({ kind }) => kind === 'removed').length;
  return (
    <div class="policy-text">
      <p class="note">
        {before !== null && after !== null && added + removed === 0 ? (
          `No difference from ${against}.`
        ) : (
          <>
            <span class="diff-count-added">+{added}</span> and <span class="diff-count-removed">−{removed}</span> lines
            {before === null ? ', a new object' : after === null ? ', the object is deleted' : ` against ${against}`}
          </>
        )}
      </p>
      <CodeBlock label={`${name}, YAML`} copy={yamlLines(after ?? before).join('\n')}>
        {lines.map((line) => (
          <Line {...line} />
        ))}
      </CodeBlock>
      <details class="more">
        <summary>{after === null ? 'The object before, as JSON' : 'As JSON'}</summary>
        <JsonText text={JSON.stringify(after ?? before)} label={`${name}, JSON`} />
      </details>
    </div>
  );
}

function Line({ kind, text }: DiffLine): JSX.Element {
  if (kind === 'added') return <ins class="line">{`+ ${text}\n`}</ins>;
  if (kind === 'removed') return <del class="line">{`− ${text}\n`}</del>;
  return <span class="line">{`  ${text}\n`}</span>;
}
