import { isObject, type JsonObject } from './json-value.js';

/**
 * The object with its dotted members (`"src_endpoint.ip"`), which some mappings and column stores write, put into objects; the
 * object itself where it has none. What stands there nested already is kept.
 */
export function nested(object: JsonObject): JsonObject {
  const dotted = Object.keys(object).filter((name) => name.includes('.'));
  if (dotted.length === 0) return object;
  const result: Record<string, unknown> = { ...object };
  // Objects made here, which may be added to; those of the record are copied before.
  const own = new Set<unknown>([result]);
  for (const name of dotted) {
    const path = name.split('.');
    const last = path.pop() ?? '';
    if (path.length > 6 || [...path, last].some((part) => part === '' || part === '__proto__')) continue;
    const node = ownNode(result, path, own);
    if (node !== null && !(last in node)) node[last] = object[name];
  }
  return result;
}

/** The object under a path, made where there is none; null where something else stands there. */
function ownNode(
  root: Record<string, unknown>,
  path: readonly string[],
  own: Set<unknown>,
): Record<string, unknown> | null {
  let node = root;
  for (const part of path) {
    const below = node[part];
    if (below !== undefined && !isObject(below)) return null;
    if (below !== undefined && own.has(below)) {
      node = below;
      continue;
    }
    const copy: Record<string, unknown> = { ...below };
    own.add(copy);
    node[part] = copy;
    node = copy;
  }
  return node;
}
