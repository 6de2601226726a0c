import { createParamDecorator, Inject, Injectable, type ExecutionContext, type PipeTransform } from '@nestjs/common';
import type { AuthenticatedRequest } from '../access/guard.js';
import { isPermitted, permissions, type Permission } from '../access/permissions.js';
import { CONFIG, type Config } from '../config.js';
import { Clock, type Actor } from '../context.js';
import { Problem } from '../errors.js';
import { Followers } from '../log/follower.js';
import { Log } from '../log/log.js';
import { Verification } from '../log/verification.js';
import { Contradictions } from '../log/witness/contradictions.js';
import type { LogState, Shell, SignedInUser } from './views.js';

/** Who asked for which page. */
interface PageRequest {
  readonly actor: Actor;
  /** Without its query. */
  readonly path: string;
}

/** Fills what stands on every page. As a pipe it turns a request into the shell of its page. */
@Injectable()
export class Shells implements PipeTransform<PageRequest, Promise<Shell>> {
  constructor(
    @Inject(Log) private readonly log: Log,
    @Inject(Verification) private readonly verification: Verification,
    @Inject(Contradictions) private readonly contradictions: Contradictions,
    @Inject(Followers) private readonly followers: Followers,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async transform({ actor, path }: PageRequest): Promise<Shell> {
    return { ...this.outside(path), user: userOf(actor), log: await this.logState() };
  }

  /** For pages shown to somebody who is not signed in. */
  outside(path: string): Shell {
    return { path, now: this.clock.now().toISOString(), version: this.config.VERSION, user: null, log: null };
  }

  private async logState(): Promise<LogState> {
    const [positions, last, contradictions] = await Promise.all([
      this.followers.positions(),
      this.verification.last(),
      this.contradictions.active(),
    ]);
    // After the positions: a follower is never ahead of the log.
    const head = await this.log.head();
    const { stopped } = this.log.signing;
    return {
      origin: head.origin,
      size: head.size,
      rootHash: head.root.toString('hex'),
      verification:
        last === null
          ? null
          : {
              verified: last.problems.length === 0,
              at: last.finishedAt.toISOString(),
              wholeAt: last.fullAt?.toISOString() ?? null,
              problems: last.problems,
              unverifiable: last.unverifiable,
            },
      signingStopped: stopped === null ? null : { since: stopped.at, because: `${stopped.reason}: ${stopped.detail}` },
      contradictions: contradictions.map(({ witness, since, detail }) => ({
        witness,
        since: since.toISOString(),
        detail,
      })),
      followedSize: Math.min(...positions.values()),
    };
  }
}

function userOf(actor: Actor): SignedInUser {
  // Object.keys forgets that its keys are the table's own.
  const all = Object.keys(permissions) as Permission[];
  return {
    name: actor.name,
    displayName: actor.displayName,
    roles: actor.roles,
    may: all.filter((permission) => isPermitted(actor, permission)),
  };
}

const pageRequest = createParamDecorator((_: unknown, context: ExecutionContext): PageRequest => {
  const { actor, url = '' } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (actor === undefined) throw new Problem('not_signed_in', 'Sign in first.');
  return { actor, path: pathOf(url) };
});

/** The shell of the page that is asked for; the route must need a signed-in user. */
export const CurrentShell = (): ParameterDecorator => pageRequest(Shells);

/** Path of a request's target, without its query. */
export function pathOf(url: string): string {
  return url.split('?')[0] ?? '';
}
