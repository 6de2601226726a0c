import assert from 'node:assert/strict';
import type { z } from 'zod';
import type { IssuedToken } from '../../../src/ingestion/sources.js';
import type { SignedInUser, TestService } from '../../support/service.js';

/** What an audit event of a policy object says. */
export interface Written {
  readonly object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: Readonly<Record<string, unknown>> & { readonly namespace?: string; readonly name: string };
    readonly spec?: unknown;
  };
  readonly resource: string;
  readonly verb?: 'create' | 'update' | 'delete' | 'deletecollection';
  readonly time: string;
  readonly user?: string;
}

let made = 0;

/** An audit event of the API server about a policy object. */
export function audited({ object, resource, verb = 'create', time, user = 'deployer' }: Written): object {
  const { namespace, name } = object.metadata;
  const [apiGroup = '', apiVersion = ''] = object.apiVersion.split('/');
  const collection = verb === 'deletecollection';
  const place = `/apis/${object.apiVersion}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${resource}`;
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: `22222222-0000-4000-8000-${String(++made).padStart(12, '0')}`,
    stage: 'ResponseComplete',
    requestURI: collection ? place : `${place}/${name}`,
    verb,
    user: { username: user, groups: ['system:authenticated'] },
    sourceIPs: ['198.51.100.7'],
    objectRef: {
      resource,
      ...(namespace === undefined ? {} : { namespace }),
      ...(collection ? {} : { name }),
      apiGroup,
      apiVersion,
    },
    responseStatus: { metadata: {}, code: verb === 'create' ? 201 : 200 },
    ...(verb === 'create' || verb === 'update' ? { requestObject: object, responseObject: object } : {}),
    requestReceivedTimestamp: time,
    stageTimestamp: time,
  };
}

/** Requests of one signed-in person to the API. */
export function apiOf(service: TestService, { token }: SignedInUser) {
  const send = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${service.url}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
  };
  return {
    send,
    async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
      const { status, body } = await send('GET', path);
      assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
      return schema.parse(body);
    },
  };
}

/** Sends records to the webhook with a source's token, and waits until the lists know them. */
export async function sendRecords(
  service: TestService,
  source: IssuedToken,
  records: readonly object[],
): Promise<void> {
  const response = await fetch(`${service.url}/ingest/v1/${source.name}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${source.token}`, 'Content-Type': 'application/x-ndjson' },
    body: records.map((record) => JSON.stringify(record)).join('\n'),
  });
  assert.equal(response.status, 200, await response.text());
  await service.followed();
}
