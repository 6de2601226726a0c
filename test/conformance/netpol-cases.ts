/** Loading the connectivity cases that lie beside the project, and turning them into the policy model. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { importPolicy } from '../../src/policies/kubernetes/import.js';
import { protocols, type Policy, type Protocol } from '../../src/policies/model.js';

export const root = join('..', 'shared', 'netpol');

/** Reason to skip, when the cases are absent. */
export const skip = existsSync(root) ? false : `needs ${root} beside the project`;

export function jsonLines<T>(path: string, shape: z.ZodType<T>): T[] {
  const lines = readFileSync(join(root, path), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => shape.parse(JSON.parse(line)));
}

export function imported(object: unknown): Policy {
  const result = importPolicy(object);
  assert.ok(result.ok, `a policy was refused: ${JSON.stringify(result)} ${JSON.stringify(object)}`);
  return result.policy;
}

/** Reads `TCP/80`. */
export function portKey(text: string): { protocol: Protocol; port: number } {
  const [name, port] = text.split('/');
  const protocol = protocols.find((known) => known === name);
  assert.ok(protocol !== undefined && port !== undefined, `unexpected port ${text}`);
  return { protocol, port: Number(port) };
}

/** The documents of a YAML or JSON stream, empty ones left out. */
export function documents(text: string): unknown[] {
  return parseAllDocuments(text).flatMap((document): unknown[] => {
    assert.deepEqual(document.errors, []);
    const value: unknown = document.toJS();
    return value === null ? [] : [value];
  });
}

const kinded = z.object({ kind: z.string(), items: z.array(z.unknown()).optional() });

/** The policies among Kubernetes objects, those inside a `List` too. */
export function policyObjects(objects: readonly unknown[]): unknown[] {
  return objects.flatMap((object): unknown[] => {
    const { kind, items } = kinded.parse(object);
    return kind === 'List' ? policyObjects(items ?? []) : kind.endsWith('NetworkPolicy') ? [object] : [];
  });
}
