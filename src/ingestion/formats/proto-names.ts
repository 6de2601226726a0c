import { isObject, type JsonObject } from './json-value.js';

const camelCase = /^[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+$/;

/** A field's name in its `.proto` file, of the lower camel case that protobuf JSON makes of it; `node_name` of `nodeName`. */
export function protoName(key: string): string {
  return camelCase.test(key) ? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : key;
}

/** A message of protobuf JSON with the names of its `.proto` file, to a depth that no message of ours has. */
export function withProtoNames(message: JsonObject, levels = 8): JsonObject {
  return Object.fromEntries(
    Object.entries(message)
      .filter(([key]) => key !== '__proto__')
      .map(([key, value]) => [protoName(key), renamed(value, levels)]),
  );
}

function renamed(value: unknown, levels: number): unknown {
  if (levels === 0) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => renamed(item, levels - 1));
  return isObject(value) ? withProtoNames(value, levels - 1) : value;
}
