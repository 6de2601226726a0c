import type { Actor, Role } from '../context.js';
import { Problem } from '../errors.js';

/** Who may do what: the one table. */
export const permissions = {
  'users.manage': ['admin'],
  'sources.manage': ['admin'],
  'sources.read': ['admin', 'requester', 'approver', 'auditor'],
  'segments.manage': ['admin'],
  'segments.read': ['admin', 'requester', 'approver', 'auditor'],
  'phases.move': ['admin', 'approver'],
  /** Moving a segment to a phase whose criteria do not hold. */
  'phases.override': ['admin'],
  /** Saying that policies may block connections which passed. */
  'phases.accept_blocked': ['admin', 'approver'],
  'records.read': ['admin', 'requester', 'approver', 'auditor'],
  'rejected.read': ['admin', 'auditor'],
  'findings.read': ['admin', 'requester', 'approver', 'auditor'],
  /** Saying that what is in force is what was intended. */
  'drift.accept': ['admin'],
  'figures.read': ['admin', 'requester', 'approver', 'auditor'],
  'figures.compute': ['admin'],
  'policies.read': ['admin', 'requester', 'approver', 'auditor'],
  /** Owner, reason, expiry, review and labels in the register; what policies allow is changed by changes alone. */
  'policies.manage': ['admin', 'requester'],
  'changes.read': ['admin', 'requester', 'approver', 'auditor'],
  'changes.propose': ['requester'],
  'changes.review': ['approver'],
  'simulations.read': ['admin', 'requester', 'approver', 'auditor'],
  'simulations.run': ['admin', 'requester', 'approver'],
  'controls.read': ['admin', 'requester', 'approver', 'auditor'],
  'reports.read': ['admin', 'approver', 'auditor'],
  'reports.request': ['admin', 'auditor'],
  'retention.read': ['admin', 'approver', 'auditor'],
  /** Rules, legal holds, and asking for erasures. */
  'retention.manage': ['admin'],
  /** Approving an erasure and releasing a hold: never by the person who began it. */
  'retention.approve': ['admin', 'approver'],
  'log.read': ['admin', 'requester', 'approver', 'auditor'],
  'log.manage': ['admin'],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof permissions;

export function isPermitted(actor: Actor, permission: Permission): boolean {
  const allowed: readonly Role[] = permissions[permission];
  return actor.roles.some((role) => allowed.includes(role));
}

/** @throws Problem `not_permitted` */
export function assertPermitted(actor: Actor, permission: Permission): void {
  if (isPermitted(actor, permission)) return;
  const needed: readonly Role[] = permissions[permission];
  throw new Problem(
    'not_permitted',
    `This needs one of the roles ${needed.join(', ')}; ${actor.name} has ${actor.roles.join(', ') || 'none'}.`,
  );
}
