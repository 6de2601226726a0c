import { z } from 'zod';
import type { PolicyKey } from './policy-key.js';

/** A policy in an address: `kubernetes/NetworkPolicy/payments/default-deny`. */
export const PolicyPath = z.object({
  system: z.string().min(1).max(100),
  kind: z.string().min(1).max(253),
  /** `-` for what belongs to no namespace. */
  namespace: z.string().min(1).max(1000),
  name: z.string().min(1).max(1000),
});
export type PolicyPath = z.infer<typeof PolicyPath>;

export function keyOfPath({ system, kind, namespace, name }: PolicyPath): PolicyKey {
  return { system, kind, namespace: namespace === '-' ? null : namespace, name };
}
