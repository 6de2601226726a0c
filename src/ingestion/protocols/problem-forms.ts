import type { IncomingMessage } from 'node:http';
import type { Problem } from '../../errors.js';
import { firehoseProblem, snsProblem } from './aws-answers.js';
import { elasticProblem } from './elastic-answers.js';
import { hecProblem } from './hec-answers.js';
import { otlpProblem } from './otlp-answers.js';

/** Paths that senders of records use. They are no browsers: any Origin may stand in their requests, and no page answers them. */
const senderPath =
  /^\/(?:ingest|services\/collector|v1\/logs|loki|firehose|pubsub|sns|k8s\/audit|cloudevents|hooks|_[a-z][a-z_]*)(?:\/|$)|^\/[^/]+\/_bulk\/?$/u;

export function isSenderPath(path: string): boolean {
  return senderPath.test(path);
}

/** A problem as the protocol of the route has its clients understand it; null where they understand RFC 9457. */
export function protocolProblem(path: string, request: IncomingMessage, problem: Problem): Response | null {
  if (/^\/services\/collector(?:\/|$)/u.test(path)) return hecProblem(problem);
  if (/^\/v1\/logs\/?$/u.test(path)) return otlpProblem(request, problem);
  if (/^\/_[a-z]|^\/[^/]+\/_bulk\/?$/u.test(path)) return elasticProblem(request, problem);
  if (path.startsWith('/firehose/')) return firehoseProblem(request, problem);
  if (path.startsWith('/sns/')) return snsProblem(problem);
  return null;
}

/**
 * Would the sender take any answer for the last word? rsyslog (omelasticsearch, measured with 8.2302) drops a batch whatever status and
 * body it is answered with, and sends it again only when the connection breaks. It is known by having no `User-Agent`, which
 * all other clients of Elasticsearch send.
 */
export function takesAnyAnswerForFinal(path: string, request: IncomingMessage): boolean {
  return /^(?:\/[^/]+)?\/_bulk\/?$/u.test(path) && request.headers['user-agent'] === undefined;
}
