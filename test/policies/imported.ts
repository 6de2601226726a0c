import assert from 'node:assert/strict';
import { importPolicy } from '../../src/policies/kubernetes/import.js';
import type { Policy } from '../../src/policies/model.js';

/** A Kubernetes policy object as a policy; fails when it is refused. */
export function imported(object: unknown): Policy {
  const result = importPolicy(object);
  assert.ok(result.ok, JSON.stringify(result));
  return result.policy;
}
