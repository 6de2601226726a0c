/** A service that answers as the real one does where the demo asks, with nothing behind it. */

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';

const sessionHours = 12;
const adminToken = 'token-of-the-administrator';

/** One request as it arrived, with the clock's time. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly by: string;
  readonly at: Date;
  readonly body: string;
  /** Requests that were being answered when it arrived, itself included. */
  readonly inFlight: number;
}

export interface FakeService {
  readonly baseUrl: string;
  readonly adminToken: string;
  readonly seen: readonly Seen[];
  readonly clock: { now: Date };
  /** Answers to give instead, by path. */
  readonly broken: Map<string, { readonly status: number; readonly body: unknown }>;
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (chunk instanceof Buffer) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString('utf8');
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

const Credentials = z.object({ name: z.string(), password: z.string() });
const Named = z.object({ name: z.string() });

/** Starts the service; `passwords` are those its users were given. */
export async function startFakeService(passwords: Readonly<Record<string, string>>): Promise<FakeService> {
  const seen: Seen[] = [];
  const broken: FakeService['broken'] = new Map();
  const clock = { now: new Date(0) };
  const sessions = new Map<string, { name: string; until: number }>();
  const bodies = new Set<string>();
  const users = new Set<string>();
  let inFlight = 0;
  let made = 0;

  const personOf = (token: string): string | null => {
    if (token === adminToken) return 'administrator';
    const session = sessions.get(token);
    return session !== undefined && session.until > clock.now.getTime() ? session.name : null;
  };

  const ingest = (source: string, token: string, body: string) => {
    if (token !== `token of ${source}`) return { status: 401, body: { title: 'Sign in first' } };
    const lines = body.split('\n').filter((line) => line !== '');
    const again = bodies.has(`${source}\n${body}`);
    bodies.add(`${source}\n${body}`);
    const rejected = again ? 0 : lines.filter((line) => !isJson(line)).length;
    const duplicate = again ? lines.length : 0;
    const appended = lines.length - rejected - duplicate;
    return {
      status: 200,
      body: { received: lines.length, appended, duplicate, conflict: 0, rejected, receipts: [], checkpoint: null },
    };
  };

  const answer = (method: string, path: string, token: string, body: string): { status: number; body: unknown } => {
    const instead = broken.get(path);
    if (instead !== undefined) return instead;
    if (path.startsWith('/ingest/v1/')) return ingest(path.slice('/ingest/v1/'.length), token, body);
    const given: unknown = JSON.parse(body);
    if (path === '/api/v1/sessions') {
      const { name, password } = Credentials.parse(given);
      if (!users.has(name) || passwords[name] !== password)
        return { status: 401, body: { title: 'The credentials are wrong' } };
      const session = `session ${++made}`;
      sessions.set(session, { name, until: clock.now.getTime() + sessionHours * 3_600_000 });
      return { status: 201, body: { token: session, expiresAt: clock.now.toISOString() } };
    }
    const person = personOf(token);
    if (person === null) return { status: 401, body: { title: 'Sign in first' } };
    if (path === '/api/v1/users') {
      users.add(Named.parse(given).name);
      return { status: 201, body: {} };
    }
    if (path === '/api/v1/sources') {
      const { name } = Named.parse(given);
      return { status: 201, body: { name, token: `token of ${name}` } };
    }
    if (method === 'PUT') return { status: 200, body: {} };
    return { status: 201, body: { id: `change-${++made}`, number: made, state: 'proposed' } };
  };

  const server = createServer((request, response) => {
    inFlight++;
    const arrived = inFlight;
    const at = clock.now;
    void bodyOf(request).then((body) => {
      const [method, path] = [request.method ?? '', request.url ?? ''];
      const token = (request.headers.authorization ?? '').replace('Bearer ', '');
      seen.push({ method, path, by: personOf(token) ?? token, at, body, inFlight: arrived });
      const { status, body: answered } = answer(method, path, token, body);
      // Answers take a moment, so that requests which may overlap do.
      setTimeout(() => {
        inFlight--;
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answered));
      }, 2);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    baseUrl: `http://127.0.0.1:${address.port}/`,
    adminToken,
    seen,
    clock,
    broken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
