import {
  createParamDecorator,
  Inject,
  Injectable,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import type { Actor } from '../context.js';
import { Problem } from '../errors.js';
import { actEntry } from '../log/act.js';
import { Log } from '../log/log.js';
import { isPermitted, permissions, type Permission } from './permissions.js';
import { Sessions } from './sessions.js';
import { bearerToken } from './tokens.js';

export const sessionCookie = 'segproof_session';

const permissionKey = 'segproof:permission';

/** Route needs this permission. */
export const Needs = (permission: Permission): MethodDecorator & ClassDecorator =>
  SetMetadata(permissionKey, permission);

/** Route is open to everybody: health, sign-in, assets; or checks credentials of another kind itself. */
export const Open = (): MethodDecorator & ClassDecorator => SetMetadata(permissionKey, 'open');

/** Route needs a signed-in user, whatever the role. */
export const SignedIn = (): MethodDecorator & ClassDecorator => SetMetadata(permissionKey, 'signed-in');

/** A request that has passed the guard. */
export interface AuthenticatedRequest extends IncomingMessage {
  actor?: Actor;
  sessionToken?: string;
}

/** The signed-in user of the request. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const { actor } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (actor === undefined) throw new Problem('not_signed_in', 'Sign in first.');
  return actor;
});

/** Session token from the cookie or the bearer header; the cookie only ever carries sessions. */
export function sessionTokenOf(request: IncomingMessage): string | null {
  const bearer = bearerToken(request.headers.authorization);
  if (bearer !== null) return bearer;
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=');
    if (name === sessionCookie && value !== undefined && value !== '') return value;
  }
  return null;
}

/**
 * Every route needs a declared permission; a route that declares nothing is refused, so that
 * forgetting fails closed. A refusal of a signed-in user is recorded.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(Sessions) private readonly sessions: Sessions,
    @Inject(Log) private readonly log: Log,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const needed = this.reflector.getAllAndOverride<Permission | 'open' | 'signed-in' | undefined>(permissionKey, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (needed === 'open') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const token = sessionTokenOf(request);
    const actor = token === null ? null : await this.sessions.actorOf(token);
    if (token === null || actor === null) {
      throw new Problem(
        'not_signed_in',
        'Sign in first: send a session cookie, or a session token as "Authorization: Bearer".',
      );
    }
    request.actor = actor;
    request.sessionToken = token;
    if (needed === 'signed-in') return true;
    if (needed !== undefined && isPermitted(actor, needed)) return true;
    await this.log.transact(async ({ append }) => {
      await append(
        actEntry('access.refused', actor, {
          permission: needed ?? null,
          method: request.method,
          path: (request.url ?? '').split('?')[0],
        }),
      );
    });
    const allowed = needed === undefined ? [] : permissions[needed];
    throw new Problem(
      'not_permitted',
      `This needs one of the roles ${allowed.join(', ')}; you have ${actor.roles.join(', ') || 'none'}. The attempt was recorded.`,
    );
  }
}
