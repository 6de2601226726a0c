import { Controller, Get, Inject, Ip, Post, Query, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import {
  CurrentActor,
  Open,
  sessionCookie,
  sessionTokenOf,
  SignedIn,
  type AuthenticatedRequest,
} from '../access/guard.js';
import { Sessions, SignIn } from '../access/sessions.js';
import { CONFIG, type Config } from '../config.js';
import { Clock, type Actor } from '../context.js';
import { Problem } from '../errors.js';
import { pageAnswer, seeOther } from './answers.js';
import { fieldText, SentForm, type Fields } from './forms.js';
import { SignInPage } from './pages/sign-in.js';
import { paths } from './paths.js';
import { Shells } from './shell.js';

/** Sessions for browsers: the same as the API's, the token in a cookie that no script can read. */
@ApiExcludeController()
@Controller()
export class SignInController {
  constructor(
    @Inject(Sessions) private readonly sessions: Sessions,
    @Inject(Shells) private readonly shells: Shells,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get('sign-in')
  @Open()
  async form(@Query() query: Fields, @Req() request: AuthenticatedRequest): Promise<Response> {
    const next = localPath(fieldText(query, 'next'));
    const token = sessionTokenOf(request);
    if (token !== null && (await this.sessions.actorOf(token)) !== null) return seeOther(next ?? paths.home);
    return pageAnswer(SignInPage({ shell: this.shells.outside(paths.signIn), userName: '', next, problem: null }));
  }

  @Post('sign-in')
  @Open()
  async signIn(@SentForm() body: Fields, @Ip() address: string): Promise<Response> {
    const next = localPath(fieldText(body, 'next'));
    const userName = fieldText(body, 'userName') ?? '';
    const again = (problem: string, status: number, headers: Readonly<Record<string, string>> = {}): Response =>
      pageAnswer(SignInPage({ shell: this.shells.outside(paths.signIn), userName, next, problem }), status, headers);
    const input = SignIn.safeParse({ name: userName, password: body['password'] });
    if (!input.success) return again('Enter your user name and your password.', 400);
    try {
      const { token, expiresAt } = await this.sessions.signIn(input.data, address);
      const seconds = Math.floor((Date.parse(expiresAt) - this.clock.now().getTime()) / 1000);
      return seeOther(next ?? paths.home, { 'Set-Cookie': this.cookie(token, seconds) });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === 'wrong_credentials') return again('The user name or the password is wrong.', error.status);
      if (error.code !== 'too_many_requests') throw error;
      return again(error.message, error.status, { 'Retry-After': String(error.retryAfter ?? 60) });
    }
  }

  @Post('sign-out')
  @SignedIn()
  async signOut(@CurrentActor() actor: Actor, @Req() request: AuthenticatedRequest): Promise<Response> {
    if (request.sessionToken !== undefined) await this.sessions.signOut(actor, request.sessionToken);
    return seeOther(paths.signIn, { 'Set-Cookie': this.cookie('', 0) });
  }

  /** RFC 6265. Tokens are base64url with a prefix and need no encoding; 0 seconds takes the cookie away. */
  private cookie(value: string, seconds: number): string {
    const attributes = ['Path=/', `Max-Age=${seconds}`, 'HttpOnly', 'SameSite=Lax'];
    if (this.config.SECURE_COOKIES) attributes.push('Secure');
    return [`${sessionCookie}=${value}`, ...attributes].join('; ');
  }
}

/**
 * A path of this portal to go to, or null. Read as browsers read addresses, so that no spelling (`//host`, `/\host`,
 * a tab in between) leads to another host.
 */
export function localPath(next: string | null): string | null {
  if (next === null || !/^\/(?![/\\])/u.test(next) || !URL.canParse(next, 'http://portal.invalid')) return null;
  const url = new URL(next, 'http://portal.invalid');
  const path = `${url.pathname}${url.search}`;
  return url.origin === 'http://portal.invalid' && !path.startsWith('//') ? path : null;
}
