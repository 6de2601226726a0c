import type { Permission } from '../access/permissions.js';
import type { Shell } from './views.js';

/** Whether to offer the reader something; the use case behind it checks again. */
export function may(shell: Shell, permission: Permission): boolean {
  return shell.user?.may.includes(permission) === true;
}
