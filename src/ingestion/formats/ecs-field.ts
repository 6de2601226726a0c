import { isObject, type JsonObject, textOf, unsignedOf } from './json-value.js';

/**
 * The member of a document under a dotted name, which may be nested, flat (`"source.ip": …`) or nested to some depth and
 * flat behind it; undefined when there is none.
 */
export function fieldOf(document: JsonObject, name: string): unknown {
  let node: unknown = document;
  let rest = name;
  for (;;) {
    if (!isObject(node)) return undefined;
    if (rest in node && Object.hasOwn(node, rest)) return node[rest];
    const dot = rest.indexOf('.');
    if (dot === -1) return undefined;
    const head = rest.slice(0, dot);
    if (!Object.hasOwn(node, head)) return undefined;
    node = node[head];
    rest = rest.slice(dot + 1);
  }
}

/** The first text under a name; a field of Elasticsearch may always be a list. */
export function textField(document: JsonObject, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value = fieldOf(document, name);
    const text =
      textOf(value) ?? unsignedOf(value) ?? (Array.isArray(value) ? (textOf(value[0]) ?? unsignedOf(value[0])) : null);
    if (text !== null) return text;
  }
  return null;
}

/** All texts under a name, one or a list, in lower case. */
export function wordsField(document: JsonObject, name: string): string[] {
  const value = fieldOf(document, name);
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.flatMap((item) => textOf(item)?.toLowerCase() ?? []);
}
