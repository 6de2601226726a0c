import { z } from 'zod';

/** Roles of people; permissions are in access/permissions.ts. */
export const roles = ['admin', 'requester', 'approver', 'auditor'] as const;
export const Role = z.enum(roles);
export type Role = z.infer<typeof Role>;

/** Who acts: a signed-in person, or the service itself. Passed explicitly to every use case. */
export interface Actor {
  /** User id; null for the service itself. */
  readonly id: string | null;
  readonly name: string;
  readonly displayName: string;
  readonly roles: readonly Role[];
}

/** The service acting by itself, e.g. on a schedule. */
export const systemActor: Actor = { id: null, name: 'segproof', displayName: 'Segproof', roles: [] };

/** The one source of the present time, so that tests and the demo can move it. */
export class Clock {
  private readonly read: () => Date;

  constructor(read: () => Date = () => new Date()) {
    this.read = read;
  }

  now(): Date {
    return this.read();
  }
}
