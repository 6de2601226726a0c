/**
 * Calico's selector language into expressions (libcalico-go, lib/selector): `==`, `!=`, `in`, `not in`, `contains`,
 * `starts with`, `ends with`, `has()`, `all()`, `global()`, `!`, `&&`, `||` and parentheses.
 */

import type { Expression } from '../model.js';

type Token =
  | { readonly kind: 'label' | 'text'; readonly text: string }
  | { readonly kind: 'has'; readonly text: string }
  | { readonly kind: 'symbol'; readonly text: string };

/** What `all()` and `global()` mean, and how label names are written, differ with the field a selector stands in. */
export interface SelectorDialect {
  readonly all: Expression;
  /** `null` where `global()` may not be used. */
  readonly global: Expression | null;
  readonly label: (name: string) => string;
}

/** The most characters of a selector, and the most parentheses inside each other. */
const mostCharacters = 16_384;
const mostNesting = 64;

const word = /[A-Za-z0-9_./-]+/y;
const space = /[ \t]*/y;
const afterLabel = /contains|starts[ \t]*with|ends[ \t]*with|not[ \t]*in|in/y;
const called = /(has|all|global)\(/y;
const symbols = ['==', '!=', '&&', '||', '!', '(', ')', '{', '}', ','];

class SelectorError extends Error {}

function at(pattern: RegExp, text: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position;
  return pattern.exec(text);
}

function symbol(text: string): Token {
  return { kind: 'symbol', text };
}

/** Reads `has(label)`, `all()` or `global()` from the name on; the length is that of all of it. */
function readCall(text: string, [opening, name = '']: RegExpExecArray, from: number): { token: Token; length: number } {
  let position = from + opening.length;
  position += at(space, text, position)?.[0].length ?? 0;
  const argument = at(word, text, position)?.[0] ?? '';
  position += argument.length;
  position += at(space, text, position)?.[0].length ?? 0;
  if (text[position] !== ')') throw new SelectorError(`expected ) after ${name}(${argument}`);
  if (name === 'has' && argument === '') throw new SelectorError('expected a label name in has()');
  if (name !== 'has' && argument !== '') throw new SelectorError(`${name}() takes no label name`);
  const token: Token = name === 'has' ? { kind: 'has', text: argument } : symbol(`${name}()`);
  return { token, length: position + 1 - from };
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  let position = 0;
  const take = (length: number, token: Token) => {
    found.push(token);
    position += length;
  };
  for (;;) {
    position += at(space, text, position)?.[0].length ?? 0;
    const next = text[position];
    if (next === undefined) return found;
    if (next === '"' || next === "'") {
      const end = text.indexOf(next, position + 1);
      if (end === -1) throw new SelectorError(`the string that begins at character ${position + 1} has no end`);
      take(end + 1 - position, { kind: 'text', text: text.slice(position + 1, end) });
      continue;
    }
    const operator = found.at(-1)?.kind === 'label' ? at(afterLabel, text, position) : null;
    const opening = at(called, text, position);
    const label = at(word, text, position);
    const sign = symbols.find((candidate) => text.startsWith(candidate, position));
    if (operator !== null) take(operator[0].length, symbol(operator[0].replaceAll(/[ \t]/g, '')));
    else if (opening !== null) {
      const { token, length } = readCall(text, opening, position);
      take(length, token);
    } else if (label !== null) take(label[0].length, { kind: 'label', text: label[0] });
    else if (sign !== undefined) take(sign.length, symbol(sign));
    else throw new SelectorError(`unexpected "${next}" at character ${position + 1}`);
  }
}

class Parser {
  private position = 0;
  private nesting = 0;

  constructor(
    private readonly list: readonly Token[],
    private readonly dialect: SelectorDialect,
  ) {}

  get done(): boolean {
    return this.position === this.list.length;
  }

  get rest(): string {
    return this.list[this.position]?.text ?? '';
  }

  private accept(text: string): boolean {
    const token = this.list[this.position];
    if (token?.kind !== 'symbol' || token.text !== text) return false;
    this.position++;
    return true;
  }

  private literal(): string {
    const token = this.list[this.position++];
    if (token?.kind !== 'text') throw new SelectorError(`expected a string in quotes, got "${token?.text ?? ''}"`);
    return token.text;
  }

  private set(): string[] {
    if (!this.accept('{')) throw new SelectorError('expected { after in');
    const values: string[] = [];
    while (!this.accept('}')) {
      if (values.length > 0 && !this.accept(',')) throw new SelectorError('expected , or } in a set');
      // A comma may stand before the closing brace.
      if (values.length > 0 && this.accept('}')) break;
      values.push(this.literal());
    }
    return values;
  }

  private term(name: string): Expression {
    const label = this.dialect.label(name);
    const is = (values: readonly string[]): Expression => ({ operator: 'In', label, values });
    if (this.accept('==')) return is([this.literal()]);
    if (this.accept('!=')) return { operator: 'Not', of: is([this.literal()]) };
    if (this.accept('in')) return is(this.set());
    if (this.accept('notin')) return { operator: 'Not', of: is(this.set()) };
    if (this.accept('contains')) return { operator: 'Contains', label, value: this.literal() };
    if (this.accept('startswith')) return { operator: 'StartsWith', label, value: this.literal() };
    if (this.accept('endswith')) return { operator: 'EndsWith', label, value: this.literal() };
    throw new SelectorError(`expected an operator after label ${name}, got "${this.rest}"`);
  }

  private operation(): Expression {
    let negated = false;
    while (this.accept('!')) negated = !negated;
    const found = this.positive();
    return negated ? { operator: 'Not', of: found } : found;
  }

  private positive(): Expression {
    if (this.accept('(')) {
      if (++this.nesting > mostNesting)
        throw new SelectorError(`more than ${mostNesting} parentheses inside each other`);
      const inner = this.either();
      if (!this.accept(')')) throw new SelectorError(`expected ), got "${this.rest}"`);
      this.nesting--;
      return inner;
    }
    if (this.accept('all()')) return this.dialect.all;
    if (this.accept('global()')) {
      if (this.dialect.global === null)
        throw new SelectorError('global() may only be used in the namespaceSelector of a rule');
      return this.dialect.global;
    }
    const token = this.list[this.position++];
    if (token === undefined) throw new SelectorError('expected more after its end');
    if (token.kind === 'has') return { operator: 'Has', label: this.dialect.label(token.text) };
    if (token.kind === 'label') return this.term(token.text);
    throw new SelectorError(`expected a label, got "${token.text}"`);
  }

  private joined(operator: 'And' | 'Or', sign: string, part: () => Expression): Expression {
    const first = part();
    const of = [first];
    while (this.accept(sign)) of.push(part());
    return of.length === 1 ? first : { operator, of };
  }

  either(): Expression {
    return this.joined('Or', '||', () => this.joined('And', '&&', () => this.operation()));
  }
}

/**
 * Reads a selector; an empty one is `all()`. Where it is malformed the answer is the reason.
 *
 * @example
 * parseSelector("tier == 'web' && !has(legacy)", endpointLabels)
 */
export function parseSelector(text: string, dialect: SelectorDialect): Expression | { readonly reason: string } {
  if (text.length > mostCharacters)
    return { reason: `expected at most ${mostCharacters} characters, got ${text.length}` };
  try {
    const list = tokens(text);
    if (list.length === 0) return dialect.all;
    const parser = new Parser(list, dialect);
    const expression = parser.either();
    return parser.done ? expression : { reason: `unexpected "${parser.rest}" after its end` };
  } catch (error) {
    if (error instanceof SelectorError) return { reason: error.message };
    throw error;
  }
}

const everything: Expression = { operator: 'And', of: [] };
const hasNamespace: Expression = { operator: 'Has', label: 'projectcalico.org/namespace' };

/** Selectors over the labels of endpoints. */
export const endpointLabels: SelectorDialect = { all: everything, global: null, label: (name) => name };

/** `namespaceSelector` of a policy: `all()` is every namespace. */
export const namespaceLabelsOfPolicy: SelectorDialect = {
  all: hasNamespace,
  global: null,
  label: (name) => `pcns.${name}`,
};

/** `namespaceSelector` of a rule: `global()` is what has no namespace. */
export const namespaceLabelsOfRule: SelectorDialect = {
  ...namespaceLabelsOfPolicy,
  global: { operator: 'Not', of: hasNamespace },
};
