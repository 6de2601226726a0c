import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { openPayload } from '../../../src/ingestion/record-payload.js';
import type { RecordContext } from '../../../src/ingestion/normal-form.js';
import { LogReader } from '../../../src/log/read.js';
import type { TestService } from '../../support/service.js';

const captures = resolve(import.meta.dirname, '../../../..', '../shared/samples/wire-captures');

/** Byte-exact requests of real clients, which lie beside the project and not in it. */
export const withoutCaptures = existsSync(captures)
  ? false
  : 'needs ../shared/samples/wire-captures beside the project';

export function capture(file: string): Buffer {
  return readFileSync(join(captures, file));
}

/** Sends the bytes of a request with other credentials, another path where given, and returns the whole answer. */
export async function replay(
  url: string,
  request: Buffer,
  change: { readonly authorization?: string; readonly path?: string },
): Promise<{ readonly status: number; readonly head: string; readonly body: string }> {
  const end = request.indexOf('\r\n\r\n');
  let [requestLine = '', ...headers] = request.toString('latin1', 0, end).split('\r\n');
  if (change.path !== undefined) requestLine = requestLine.replace(/ \S+ /, ` ${change.path} `);
  headers = headers.filter((line) => !/^(?:connection|keep-alive):/i.test(line));
  if (change.authorization !== undefined) {
    headers = headers.filter((line) => !/^authorization:/i.test(line));
    headers.push(`Authorization: ${change.authorization}`);
  }
  // The recorder took chunks off.
  if (headers.some((line) => /^transfer-encoding: *chunked/i.test(line))) {
    headers = headers.filter((line) => !/^transfer-encoding:/i.test(line));
    headers.push(`Content-Length: ${request.length - end - 4}`);
  }
  headers.push('Connection: close');
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(`${[requestLine, ...headers].join('\r\n')}\r\n\r\n`, 'latin1');
  socket.write(request.subarray(end + 4));
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer); // a socket without encoding gives buffers
  const answer = Buffer.concat(chunks).toString('latin1');
  const split = answer.indexOf('\r\n\r\n');
  assert.notEqual(split, -1, 'an answer');
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]),
    head: answer.slice(0, split),
    body: answer.slice(split + 4),
  };
}

export interface StoredRecord {
  readonly kind: string;
  readonly source: string;
  readonly raw: string;
  readonly context: RecordContext;
}

/** What the log holds of a source, in order. */
export async function storedOf(service: TestService, source: string): Promise<StoredRecord[]> {
  const reader = new LogReader(service.ground.database);
  const { size } = await service.ground.log.head();
  const entries = await reader.entriesAt(Array.from({ length: size }, (_, index) => index));
  return entries
    .filter((entry) => entry.source === source)
    .map(({ kind, payload }) => {
      assert.ok(payload);
      const { raw, context } = openPayload(payload);
      return { kind, source, raw: raw.toString('utf8'), context };
    });
}

let made = 0;

/** A Hubble flow that no test has sent before, as one line of JSON. */
export function flow(): string {
  return JSON.stringify({
    flow: {
      time: '2026-11-20T10:00:00.123456789Z',
      uuid: `00000000-0000-4000-8000-${String(++made).padStart(12, '0')}`,
      verdict: 'DROPPED',
      event_type: { type: 5 },
      IP: { source: '10.0.0.1', destination: '10.0.0.2', ipVersion: 'IPv4' },
      l4: { TCP: { source_port: 40_000, destination_port: 443 } },
      traffic_direction: 'INGRESS',
    },
    node_name: 'edge/node-1',
    time: '2026-11-20T10:00:00.2Z',
  });
}
