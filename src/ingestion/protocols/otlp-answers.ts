import type { IncomingMessage } from 'node:http';
import type { Problem, ProblemCode } from '../../errors.js';
import { lengthDelimited, varintField } from '../protobuf-reader.js';

/*
 * Answers of OTLP/HTTP (opentelemetry.io/docs/specs/otlp/#otlphttp-response): in the encoding of the request. A client sends again
 * only after 429, 502, 503 and 504.
 */

/** Does the request say that it is JSON? Otherwise it is protobuf, which is what the protocol is made of. */
export function isJsonRequest(request: IncomingMessage): boolean {
  return /\bjson\b/iu.test(request.headers['content-type'] ?? '');
}

export function isProtobufRequest(request: IncomingMessage): boolean {
  return /\bprotobuf\b/iu.test(request.headers['content-type'] ?? '');
}

/** `ExportLogsServiceResponse`; the warning is for the operator of the client, nothing was refused. */
export function otlpSuccess(json: boolean, warning: string | null): Response {
  if (json) return Response.json(warning === null ? {} : { partialSuccess: { errorMessage: warning } });
  const message = warning === null ? Buffer.alloc(0) : lengthDelimited(1, lengthDelimited(2, Buffer.from(warning)));
  return protobuf(message, 200, {});
}

/** `google.rpc.Code` of each problem. */
const grpcCodes: Readonly<Partial<Record<ProblemCode, number>>> = {
  invalid_input: 3,
  unsupported_media_type: 3,
  not_found: 5,
  not_permitted: 7,
  too_large: 8,
  too_many_requests: 8,
  method_not_allowed: 12,
  internal: 13,
  unavailable: 14,
  not_signed_in: 16,
  wrong_credentials: 16,
};

/** A problem as `google.rpc.Status`. */
export function otlpProblem(request: IncomingMessage, problem: Problem): Response {
  const { status, message } = problem;
  const code = grpcCodes[problem.code] ?? 2;
  const headers: Record<string, string> = status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {};
  if (problem.retryAfter !== undefined) headers['Retry-After'] = String(problem.retryAfter);
  if (isJsonRequest(request)) return Response.json({ code, message }, { status, headers });
  return protobuf(Buffer.concat([varintField(1, code), lengthDelimited(2, Buffer.from(message))]), status, headers);
}

function protobuf(message: Buffer, status: number, headers: Record<string, string>): Response {
  return new Response(new Uint8Array(message), {
    status,
    headers: { ...headers, 'Content-Type': 'application/x-protobuf' },
  });
}
