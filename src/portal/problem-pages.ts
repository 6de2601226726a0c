import { Inject, Injectable } from '@nestjs/common';
import type { VNode } from 'preact';
import { sessionTokenOf, type AuthenticatedRequest } from '../access/guard.js';
import { Sessions } from '../access/sessions.js';
import type { Problem } from '../errors.js';
import { ErrorPage, NotPermittedPage } from './pages/error.js';
import { paths, withQuery } from './paths.js';
import { renderPage } from './render.js';
import { pathOf, Shells } from './shell.js';
import type { Shell } from './views.js';

/** How a browser is told of a problem: by a page, or by being sent to the sign-in form. */
export type ProblemAnswer = { readonly html: string } | { readonly redirect: string };

/** Shows problems to browsers. */
@Injectable()
export class ProblemPages {
  constructor(
    @Inject(Sessions) private readonly sessions: Sessions,
    @Inject(Shells) private readonly shells: Shells,
  ) {}

  /** Precondition: the request asks for a page. */
  async render(request: AuthenticatedRequest, problem: Problem, requestId: string): Promise<ProblemAnswer> {
    if (problem.code === 'not_signed_in') return { redirect: signInAt(request) };
    const shell = await this.shellOf(request);
    return { html: renderPage(problemPage(request, shell, problem, requestId)) };
  }

  /** A page that fails may fail for the same reason as its shell: then it is drawn without. */
  private async shellOf(request: AuthenticatedRequest): Promise<Shell> {
    const path = pathOf(request.url ?? '');
    try {
      const token = sessionTokenOf(request);
      const actor = request.actor ?? (token === null ? null : await this.sessions.actorOf(token));
      if (actor !== null) return await this.shells.transform({ actor, path });
    } catch {
      // The problem itself is reported by the caller.
    }
    return this.shells.outside(path);
  }
}

/** The sign-in form; it leads back to what was asked for, where that can be asked for again. */
function signInAt({ method, url = paths.home }: AuthenticatedRequest): string {
  return withQuery(paths.signIn, { next: method === 'GET' && url !== paths.home ? url : null });
}

function problemPage(request: AuthenticatedRequest, shell: Shell, problem: Problem, requestId: string): VNode {
  if (problem.code === 'not_permitted' && shell.user !== null) {
    const what = request.method === 'GET' || request.method === 'HEAD' ? 'open this page' : 'do this';
    const because = problem.message.charAt(0).toLowerCase() + problem.message.slice(1);
    return NotPermittedPage({ shell, what, because, recordedIndex: null });
  }
  return ErrorPage({ shell, status: problem.status, title: problem.title, detail: problem.message, requestId });
}
