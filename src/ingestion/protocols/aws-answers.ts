import type { IncomingMessage } from 'node:http';
import type { Problem } from '../../errors.js';

/** The id of a delivery as the request's header has it, for answers to bodies that were not read; empty without one. */
export function deliveryId({ headers }: IncomingMessage): string {
  const id = headers['x-amz-firehose-request-id'];
  return typeof id === 'string' ? id.slice(0, 200) : '';
}

/** What Firehose asks for when a delivery fails: it repeats it after 429 and 5xx, and keeps the message in its error logs. */
export function firehoseProblem(request: IncomingMessage, problem: Problem): Response {
  const body = { requestId: deliveryId(request), timestamp: Date.now(), errorMessage: problem.message.slice(0, 8000) };
  const { status } = problem;
  const headers = { ...retrying(problem), ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}) };
  return Response.json(body, { status, headers });
}

/** SNS sends the user and password of an endpoint's address only after it was asked for them. */
export function snsProblem(problem: Problem): Response {
  const { status, code, message } = problem;
  const headers = { ...retrying(problem), ...(status === 401 ? { 'WWW-Authenticate': 'Basic realm="segproof"' } : {}) };
  return Response.json({ status, code, detail: message }, { status, headers });
}

function retrying({ retryAfter }: Problem): Record<string, string> {
  return retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) };
}
