import assert from 'node:assert/strict';
import { z } from 'zod';

/** A problem response (RFC 9457) as this service writes it. */
export const ProblemBody = z.strictObject({
  type: z.url(),
  title: z.string().min(1),
  status: z.number().int(),
  code: z.string(),
  detail: z.string().min(1),
  errors: z.array(z.strictObject({ pointer: z.string(), message: z.string().min(1) })).optional(),
  requestId: z.string().min(8),
});
export type ProblemBody = z.infer<typeof ProblemBody>;

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Asks the HTTP API as a program does, with one token or none. */
export class Api {
  /** @param url of the service, without a slash at the end */
  constructor(
    readonly url: string,
    private readonly token: string | null = null,
  ) {}

  /** Signs in over HTTP. */
  static async signIn(url: string, name: string, password: string): Promise<Api> {
    const { token } = await new Api(url).post(
      '/api/v1/sessions',
      { name, password },
      z.object({ token: z.string().regex(/^sgs_/u) }),
    );
    return new Api(url, token);
  }

  /** `body` is sent as JSON, or as it is when it is text. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ApiAnswer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(this.token === null ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return read(await this.send('GET', path), schema);
  }

  async post<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    return read(await this.send('POST', path, body), schema);
  }

  async put<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    return read(await this.send('PUT', path, body), schema);
  }

  async bytes(path: string): Promise<Buffer> {
    const headers = this.token === null ? undefined : { authorization: `Bearer ${this.token}` };
    const response = await fetch(`${this.url}${path}`, headers === undefined ? {} : { headers });
    assert.equal(response.status, 200, path);
    return Buffer.from(await response.arrayBuffer());
  }

  /** Expects a refusal with this status and code, as a well-formed problem. */
  async refused(
    [status, code]: readonly [number, string],
    method: string,
    path: string,
    body?: unknown,
  ): Promise<ProblemBody> {
    const answer = await this.send(method, path, body);
    const problem = problemOf(answer);
    assert.deepEqual([problem.status, problem.code], [status, code], problem.detail);
    return problem;
  }
}

/** The problem of a refusal; what every refusal has in common is asserted. */
export function problemOf(answer: ApiAnswer): ProblemBody {
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/u, answer.text);
  const problem = ProblemBody.parse(JSON.parse(answer.text));
  assert.equal(problem.status, answer.status);
  assert.equal(problem.requestId, answer.headers.get('x-request-id'));
  return problem;
}

function read<T>(answer: ApiAnswer, schema: z.ZodType<T>): T {
  assert.ok(answer.status >= 200 && answer.status < 300, `${answer.status}: ${answer.text}`);
  return schema.parse(JSON.parse(answer.text));
}

/** Asks again and again until the answer is the one waited for. */
export async function until<T>(
  ask: () => Promise<T>,
  isIt: (answer: T) => boolean,
  { seconds = 60, what = 'the answer waited for' } = {},
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (isIt(answer)) return answer;
    if (Date.now() > deadline) assert.fail(`waited ${seconds} s in vain for ${what}: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
