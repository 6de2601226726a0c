import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { AuthenticatedRequest } from './access/guard.js';
import type { Metrics } from './metrics.js';

const ids = new WeakMap<IncomingMessage, string>();

/** Id of a request: the caller's `X-Request-Id` when it is well-formed, else our own. */
export function requestIdOf(request: IncomingMessage): string {
  const known = ids.get(request);
  if (known !== undefined) return known;
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && /^[A-Za-z0-9._-]{8,128}$/u.test(given) ? given : randomUUID();
  ids.set(request, id);
  return id;
}

/** Routes as metrics name them: without ids, so that their number stays small. */
function routeOf(request: IncomingMessage & { route?: { path?: unknown } }): string {
  return typeof request.route?.path === 'string' ? request.route.path : 'none';
}

/** Logs each request when it ends, with its id, and counts it. Query strings, headers and bodies are never logged. */
export function requestLog(logger: Logger, metrics: Metrics) {
  return (request: AuthenticatedRequest, response: ServerResponse, next: () => void): void => {
    const requestId = requestIdOf(request);
    response.setHeader('X-Request-Id', requestId);
    const started = process.hrtime.bigint();
    const path = (request.url ?? '').split('?')[0];
    response.once('close', () => {
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      const status = response.writableFinished ? response.statusCode : 499;
      metrics.requests.observe(
        { method: request.method ?? '', route: routeOf(request), status: String(status) },
        seconds,
      );
      const line = {
        requestId,
        method: request.method,
        path,
        status,
        ms: Math.round(seconds * 1000),
        user: request.actor?.name,
      };
      if (status >= 500) logger.warn(line, 'request');
      else logger.debug(line, 'request');
    });
    next();
  };
}
