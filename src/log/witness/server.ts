import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Cosigner } from '../core/cosignature.js';
import type { Verifier } from '../core/note.js';
import type { WitnessState } from './state.js';
import { judge, type WitnessAnswer } from './witness.js';

/** Room for 63 hashes and a checkpoint with many large signatures. */
const longestRequest = 128 * 1024;
const requestMilliseconds = 10_000;
const plainText = 'text/plain; charset=utf-8';

export interface WitnessServerOptions {
  readonly cosigner: Cosigner;
  readonly logs: readonly Verifier[];
  readonly state: WitnessState;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
}

export interface WitnessServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves a witness (c2sp.org/tlog-witness): `POST /add-checkpoint`, and `GET /<SHA-256 of the origin>/checkpoint` with
 * what was cosigned last. Requests are judged one by one: between judging and the state being on disk nothing else runs.
 */
export async function startWitnessServer(options: WitnessServerOptions): Promise<WitnessServer> {
  const server = createServer((request, response) => {
    answer(request, options).then(
      (given) => send(response, given),
      (error: unknown) => {
        options.onError(error);
        send(response, { status: 500, contentType: plainText, body: 'the witness could not answer\n' });
      },
    );
  });
  server.requestTimeout = requestMilliseconds;
  server.headersTimeout = requestMilliseconds;
  await listen(server, options.port, options.host);
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    close: async () =>
      await new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

interface Answer extends Omit<WitnessAnswer, 'status'> {
  readonly status: number;
  readonly allow?: string;
}

function send(response: ServerResponse, { status, contentType, body, allow }: Answer): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(allow === undefined ? {} : { Allow: allow }),
    // What is left of an oversized request is not worth reading.
    ...(status === 413 ? { Connection: 'close' } : {}),
  });
  response.end(body);
}

function plain(status: number, reason: string, allow?: string): Answer {
  return { status, contentType: plainText, body: `${reason}\n`, ...(allow === undefined ? {} : { allow }) };
}

async function answer(request: IncomingMessage, options: WitnessServerOptions): Promise<Answer> {
  const [path = ''] = (request.url ?? '').split('?');
  if (path !== '/add-checkpoint') return monitoringAnswer(request, path, options.state);
  if (request.method !== 'POST') return plain(405, 'add-checkpoint takes POST', 'POST');
  const body = await readBody(request);
  if (body === null) return plain(413, `a request has at most ${longestRequest} bytes`);
  const text = decodeUtf8(body);
  if (text === null) return plain(400, 'the request is not UTF-8');
  const { cosigner, logs, state, now } = options;
  const judgement = judge(
    text,
    { cosigner, logs, latest: (origin) => state.latest(origin) },
    Math.floor(now().getTime() / 1000),
  );
  if (judgement.remember !== null) state.remember(judgement.remember);
  return judgement.answer;
}

function monitoringAnswer(request: IncomingMessage, path: string, state: WitnessState): Answer {
  const [, log] = /^\/([0-9a-f]{64})\/checkpoint$/u.exec(path) ?? [];
  const note = log === undefined ? null : state.noteOf(log);
  if (note === null) return plain(404, 'there is no such thing');
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'a checkpoint is read', 'GET, HEAD');
  return { status: 200, contentType: plainText, body: note };
}

/** The body, or null when it is too long; the rest is then read and dropped, so that the answer can arrive. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= longestRequest) chunks.push(chunk);
      else resolve(null);
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', reject);
  });
}

function decodeUtf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
