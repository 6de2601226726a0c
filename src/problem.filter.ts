import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { ZodError } from 'zod';
import { Problem, problems, type ProblemCode } from './errors.js';
import { isSenderPath, protocolProblem, takesAnyAnswerForFinal } from './ingestion/protocols/problem-forms.js';
import { ProofError } from './log/core/proof.js';
import { requestIdOf } from './request-log.js';

/** How long a sender waits that is given no answer. */
const silenceMilliseconds = 500;

/** How a problem is shown to a browser, by a page or by sending it elsewhere; set by the portal. */
export type ProblemPage = (
  request: IncomingMessage,
  problem: Problem,
  requestId: string,
) => Promise<{ readonly html: string } | { readonly redirect: string }>;

/**
 * The edge where errors become answers: problem+json (RFC 9457), or a page for a browser that asks
 * for one. Unknown errors are logged with their cause and answered without it.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger: Logger;
  private readonly page: ProblemPage;

  constructor(logger: Logger, page: ProblemPage) {
    this.logger = logger;
    this.page = page;
  }

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<IncomingMessage>();
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const requestId = requestIdOf(request);
    const problem = toProblem(error);
    if (problem.status >= 500) {
      this.logger.error({ err: problem.cause ?? error, requestId, path: pathOf(request) }, problem.message);
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (problem.status >= 500 && takesAnyAnswerForFinal(pathOf(request), request)) {
      // It comes again at once.
      setTimeout(() => response.destroy(), silenceMilliseconds);
      return;
    }
    response.setHeader('Cache-Control', 'no-store');
    if (problem.retryAfter !== undefined) response.setHeader('Retry-After', String(problem.retryAfter));
    // A body that was not read to its end would be taken for the next request.
    if (!request.complete) response.setHeader('Connection', 'close');
    const own = protocolProblem(pathOf(request), request, problem);
    if (own !== null) {
      response.statusCode = own.status;
      for (const [name, value] of own.headers) response.setHeader(name, value);
      response.end(Buffer.from(await own.arrayBuffer()));
      return;
    }
    const page = wantsPage(request) ? await this.drawPage(request, problem, requestId) : null;
    if (page !== null && 'redirect' in page) {
      response.statusCode = 303;
      response.setHeader('Location', page.redirect);
      response.end();
      return;
    }
    response.statusCode = problem.status;
    if (page !== null) {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(page.html);
      return;
    }
    if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    response.setHeader('Content-Type', 'application/problem+json');
    response.end(
      JSON.stringify({
        type: `https://segproof.dev/problems/${problem.code.replaceAll('_', '-')}`,
        title: problem.title,
        status: problem.status,
        code: problem.code,
        detail: problem.message,
        ...(problem.errors.length > 0 ? { errors: problem.errors } : {}),
        requestId,
      }),
    );
  }

  /** A page that cannot be drawn must not hide the problem it was to show. */
  private async drawPage(
    request: IncomingMessage,
    problem: Problem,
    requestId: string,
  ): Promise<Awaited<ReturnType<ProblemPage>> | null> {
    try {
      return await this.page(request, problem, requestId);
    } catch (error) {
      this.logger.error({ err: error, requestId, path: pathOf(request) }, 'the page of a problem could not be drawn');
      return null;
    }
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?')[0] ?? '';
}

function wantsPage(request: IncomingMessage): boolean {
  const path = pathOf(request);
  const machine = /^\/(api|log|docs\/openapi)\b/u.test(path) || isSenderPath(path);
  return !machine && (request.headers.accept ?? '').includes('text/html');
}

const byStatus: Readonly<Record<number, ProblemCode>> = {
  400: 'invalid_input',
  401: 'not_signed_in',
  403: 'not_permitted',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'conflict',
  413: 'too_large',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
  503: 'unavailable',
};

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof ProofError) return new Problem('invalid_input', error.message, { cause: error });
  if (error instanceof HttpException) {
    const status = error.getStatus();
    const code = byStatus[status] ?? (status < 500 ? 'invalid_input' : 'internal');
    return new Problem(code, code === 'internal' ? problems.internal.title : error.message, { cause: error });
  }
  // Body parsers throw errors that carry their status.
  if (error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500) {
    return new Problem(byStatus[error.status] ?? 'invalid_input', error.message, { cause: error });
  }
  if (error instanceof ZodError)
    return new Problem('internal', 'The service met data it did not expect.', { cause: error });
  return new Problem('internal', 'The service failed; the request id leads to the cause in its logs.', {
    cause: error,
  });
}
