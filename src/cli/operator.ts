import { userInfo } from 'node:os';
import type { Actor } from '../context.js';

/** Whoever runs a command on the machine of the service, by the name given or that of the operating system's user. */
export function operator(given: string | undefined): Actor {
  const name = given ?? userInfo().username;
  return { id: null, name: `operator ${name}`, displayName: `${name}, at the command line`, roles: [] };
}
