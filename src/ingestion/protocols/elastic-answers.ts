import type { IncomingMessage } from 'node:http';
import type { Problem, ProblemCode } from '../../errors.js';
import type { BulkItem } from '../elastic-bulk.js';
import type { IngestReceipt } from '../ingest.js';

/** The version that answers claim: newer than any client of today, so that Beats do not call it too old. */
const version = '9.9.0';

/** Clients check the product header on every answer, and that the media type is the one they asked for. */
export function elasticAnswer(
  request: IncomingMessage,
  body: unknown,
  status = 200,
  more: Record<string, string> = {},
): Response {
  const accepted = /application\/vnd\.elasticsearch\+json\s*;\s*compatible-with=\d+/iu.exec(
    request.headers.accept ?? '',
  );
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      ...more,
      'Content-Type': accepted?.[0].replace(/\s/gu, '') ?? 'application/json; charset=UTF-8',
      'X-Elastic-Product': 'Elasticsearch',
    },
  });
}

const errorTypes: Readonly<Partial<Record<ProblemCode, string>>> = {
  invalid_input: 'parse_exception',
  not_signed_in: 'security_exception',
  wrong_credentials: 'security_exception',
  not_permitted: 'security_exception',
  not_found: 'resource_not_found_exception',
  too_large: 'content_too_long_exception',
  unavailable: 'unavailable_shards_exception',
};

export function elasticProblem(request: IncomingMessage, problem: Problem): Response {
  const { status } = problem;
  const headers: Record<string, string> = {};
  if (problem.retryAfter !== undefined) headers['Retry-After'] = String(problem.retryAfter);
  if (status === 401)
    headers['WWW-Authenticate'] = 'Basic realm="security", charset="UTF-8", ApiKey, Bearer realm="security"';
  return elasticAnswer(
    request,
    elasticError(errorTypes[problem.code] ?? 'exception', problem.message, status),
    status,
    headers,
  );
}

export function elasticError(type: string, reason: string, status: number): object {
  return { error: { root_cause: [{ type, reason }], type, reason }, status };
}

/** What `GET /` answers. */
export function clusterInfo(uuid: string): object {
  return {
    name: 'segproof',
    cluster_name: 'segproof',
    cluster_uuid: uuid,
    version: {
      number: version,
      build_flavor: 'default',
      build_type: 'docker',
      build_hash: 'segproof',
      build_date: '2026-01-01T00:00:00.000Z',
      build_snapshot: false,
      lucene_version: '10.2.0',
      minimum_wire_compatibility_version: '8.18.0',
      minimum_index_compatibility_version: '8.0.0',
    },
    tagline: 'You Know, for Search',
  };
}

/** The result of one item. A create that is there already is a conflict; whatever was kept in quarantine was written. */
export function bulkResult(
  item: BulkItem,
  receipt: IngestReceipt | null,
): { readonly failed: boolean; readonly result: object } {
  const { action } = item;
  const base = { _index: item.index, _id: item.id ?? (receipt === null ? null : String(receipt.index)) };
  if (receipt === null) {
    // An append-only log deletes nothing; this is what a delete of an unknown document is answered.
    return {
      failed: false,
      result: { delete: { ...base, _version: 1, result: 'not_found', _shards: shards, status: 404 } },
    };
  }
  const there = receipt.outcome === 'duplicate' || receipt.outcome === 'conflict';
  if (action === 'create' && there && item.id !== null) {
    const reason = `[${item.id}]: version conflict, document already exists (current version [1])`;
    const error = {
      type: 'version_conflict_engine_exception',
      reason,
      index: item.index,
      shard: '0',
      index_uuid: '_na_',
    };
    return { failed: true, result: { create: { ...base, status: 409, error } } };
  }
  const updated = action === 'update' || (there && item.id !== null);
  const result = updated ? 'updated' : 'created';
  const place = { _version: 1, result, _shards: shards, _seq_no: receipt.index, _primary_term: 1 };
  return { failed: false, result: { [action]: { ...base, ...place, status: updated ? 200 : 201 } } };
}

const shards = { total: 1, successful: 1, failed: 0 };
