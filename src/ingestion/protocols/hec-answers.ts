import type { Problem } from '../../errors.js';

/** Every answer of the HTTP Event Collector (Splunk, "Troubleshoot HTTP Event Collector": possible error codes). */
const texts = {
  0: { status: 200, text: 'Success' },
  1: { status: 403, text: 'Token disabled' },
  2: { status: 401, text: 'Token is required' },
  3: { status: 401, text: 'Invalid authorization' },
  4: { status: 403, text: 'Invalid token' },
  5: { status: 400, text: 'No data' },
  6: { status: 400, text: 'Invalid data format' },
  7: { status: 400, text: 'Incorrect index' },
  8: { status: 500, text: 'Internal server error' },
  9: { status: 503, text: 'Server is busy' },
  10: { status: 400, text: 'Data channel is missing' },
  11: { status: 400, text: 'Invalid data channel' },
  12: { status: 400, text: 'Event field is required' },
  13: { status: 400, text: 'Event field cannot be blank' },
  14: { status: 400, text: 'ACK is disabled' },
  15: { status: 400, text: 'Error in handling indexed fields' },
  16: { status: 400, text: 'Query string authorization is not enabled' },
  17: { status: 200, text: 'HEC is healthy' },
  18: { status: 503, text: 'HEC is unhealthy, queues are full' },
  19: { status: 503, text: 'HEC is unhealthy, ack service unavailable' },
  20: { status: 503, text: 'HEC is unhealthy, queues are full, ack service unavailable' },
} as const;

export type HecCode = keyof typeof texts;

/** Answers with a code; success is exactly 200, which is all that Fluent Bit takes for one. */
export function hecAnswer(
  code: HecCode,
  more: { readonly 'invalid-event-number'?: number; readonly ackId?: number } = {},
): Response {
  const { status, text } = texts[code];
  const headers: Record<string, string> = {};
  if (status === 401) headers['WWW-Authenticate'] = 'Splunk';
  if (status === 503) headers['Retry-After'] = '2';
  return Response.json({ text, code, ...more }, { status, headers });
}

/** A problem in the words of the protocol. */
export function hecProblem(problem: Problem): Response {
  const { code, status, message } = problem;
  switch (code) {
    case 'unavailable':
      return hecAnswer(9);
    case 'not_signed_in':
      return hecAnswer(2);
    case 'wrong_credentials':
    case 'not_permitted':
      return hecAnswer(4);
    case 'internal':
      return hecAnswer(8);
    case 'invalid_input':
      return Response.json({ text: `${texts[6].text}: ${message}`, code: 6 }, { status });
    case 'not_found':
    case 'method_not_allowed':
      return Response.json({ text: 'The requested URL was not found on this server.', code: 404 }, { status: 404 });
    default:
      return Response.json({ text: message, code: status }, { status });
  }
}
