import type { ComponentChildren, JSX } from 'preact';
import { CopyButton } from './identifier.js';

/**
 * JSON laid out for reading without parsing it: tokens keep the characters they came with, so
 * numbers beyond 2^53, escapes, key order and duplicate keys stay as they were sent.
 */
export interface JsonToken {
  readonly kind: 'key' | 'string' | 'number' | 'word' | 'mark' | 'space';
  readonly text: string;
}

const lexeme = /("(?:[^"\\]|\\.)*")|(-?\d[\d.eE+-]*)|(true|false|null)|([{}[\],:])|([ \t\r\n]+)/y;

/** The tokens of `text` with fresh indentation; null where it is not JSON token by token. */
export function layOutJson(text: string): readonly JsonToken[] | null {
  const found = lex(text);
  if (found === null) return null;
  const tokens: JsonToken[] = [];
  let depth = 0;
  for (const [place, token] of found.entries()) {
    const before = found[place - 1]?.text;
    const after = found[place + 1]?.text;
    const closes = token.text === '}' || token.text === ']';
    if (closes) {
      depth = Math.max(0, depth - 1);
      if (before !== '{' && before !== '[') tokens.push(newLine(depth));
    }
    tokens.push(token.kind === 'string' && after === ':' ? { kind: 'key', text: token.text } : token);
    if (token.text === '{' || token.text === '[') {
      depth += 1;
      if (after !== '}' && after !== ']') tokens.push(newLine(depth));
    }
    if (token.text === ',') tokens.push(newLine(depth));
    if (token.text === ':') tokens.push({ kind: 'space', text: ' ' });
  }
  return tokens;
}

function newLine(depth: number): JsonToken {
  return { kind: 'space', text: `\n${'  '.repeat(depth)}` };
}

function lex(text: string): readonly JsonToken[] | null {
  const tokens: JsonToken[] = [];
  const scanner = new RegExp(lexeme);
  while (scanner.lastIndex < text.length) {
    const match = scanner.exec(text);
    if (match === null) return null;
    const [all, string, number, word, mark] = match;
    if (string !== undefined) tokens.push({ kind: 'string', text: all });
    else if (number !== undefined) tokens.push({ kind: 'number', text: all });
    else if (word !== undefined) tokens.push({ kind: 'word', text: all });
    else if (mark !== undefined) tokens.push({ kind: 'mark', text: all });
  }
  return tokens.length === 0 ? null : tokens;
}

/** JSON text with its parts coloured; anything else as it is. */
export function JsonText({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const tokens = layOutJson(text);
  return (
    <CodeBlock label={label} copy={text}>
      {tokens === null
        ? text
        : tokens.map(({ kind, text: part }) =>
            kind === 'space' || kind === 'mark' ? part : <span class={`json-${kind}`}>{part}</span>,
          )}
    </CodeBlock>
  );
}

interface CodeBlockProps {
  /** Name of the scrolling region, for those who reach it with the keyboard. */
  readonly label: string;
  readonly children: ComponentChildren;
  /** Breaks anywhere and keeps every character: for bytes as they came. */
  readonly exact?: boolean;
  /** The text a copy button takes. */
  readonly copy?: string;
}

/** Text in a fixed pitch that scrolls inside its own frame. */
export function CodeBlock({ label, children, exact = false, copy }: CodeBlockProps): JSX.Element {
  return (
    <div class="code-frame">
      <pre class={exact ? 'code-block exact' : 'code-block'} tabIndex={0} role="region" aria-label={label}>
        <code>{children}</code>
      </pre>
      {copy !== undefined && <CopyButton value={copy} name={label} />}
    </div>
  );
}
