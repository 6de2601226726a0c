/** The service's HTTP interface as the demo uses it: signed-in people, and sources with their tokens. */

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';

const compress = promisify(gzip);

/** The service answered otherwise than the demo needs it to. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}

const Session = z.object({ token: z.string().min(1) });

/** What the service says about a batch of records. */
export const IngestAnswer = z.object({
  received: z.number().int(),
  appended: z.number().int(),
  duplicate: z.number().int(),
  conflict: z.number().int(),
  rejected: z.number().int(),
});
export type IngestAnswer = z.infer<typeof IngestAnswer>;

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Talks to one service. */
export class ServiceClient {
  private readonly tokens = new Map<string, string>();

  /**
   * @param baseUrl without a slash at the end
   * @param passwords of the people who act, by their sign-in name
   */
  constructor(
    private readonly baseUrl: string,
    private readonly passwords: Readonly<Record<string, string>>,
  ) {}

  private async call(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string | Uint8Array<ArrayBuffer>,
  ): Promise<Answer> {
    const response = await fetch(`${this.baseUrl}${path}`, { method, headers, body });
    return { status: response.status, text: await response.text() };
  }

  private async json(method: string, path: string, token: string | null, body: unknown): Promise<Answer> {
    const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
    const headers = { 'content-type': 'application/json', ...authorization };
    return await this.call(method, path, headers, JSON.stringify(body));
  }

  private password(name: string): string {
    const password = this.passwords[name];
    if (password === undefined) throw new DemoError(`expected a password for ${name}, got none`);
    return password;
  }

  private async signIn(name: string): Promise<string> {
    const credentials = { name, password: this.password(name) };
    const answer = await this.json('POST', '/api/v1/sessions', null, credentials);
    const { token } = read(Session, expected(answer, [201], `sign-in of ${name}`), `sign-in of ${name}`);
    this.tokens.set(name, token);
    return token;
  }

  /**
   * Sends JSON with a given token.
   *
   * @returns the answer's body
   * @throws DemoError when the status is not one of `statuses`
   */
  async sendWithToken(
    token: string,
    method: string,
    path: string,
    body: unknown,
    statuses: readonly number[],
  ): Promise<unknown> {
    return expected(await this.json(method, path, token, body), statuses, `${method} ${path}`);
  }

  /**
   * Sends JSON as a person, who signs in when needed: sessions end as the clock of the demo moves.
   *
   * @returns the answer's body
   * @throws DemoError when the status is not one of `statuses`, or signing in fails
   */
  async sendAs(
    name: string,
    method: string,
    path: string,
    body: unknown,
    statuses: readonly number[],
  ): Promise<unknown> {
    const known = this.tokens.get(name);
    if (known !== undefined) {
      const answer = await this.json(method, path, known, body);
      if (answer.status !== 401) return expected(answer, statuses, `${method} ${path} as ${name}`);
    }
    const token = await this.signIn(name);
    return expected(await this.json(method, path, token, body), statuses, `${method} ${path} as ${name}`);
  }

  /** Creates a person with the password given for it. */
  async createUser(
    token: string,
    user: { readonly name: string; readonly displayName: string; readonly roles: readonly string[] },
  ): Promise<void> {
    await this.sendWithToken(token, 'POST', '/api/v1/users', { ...user, password: this.password(user.name) }, [201]);
  }

  /**
   * Delivers NDJSON, compressed, as a source does.
   *
   * @throws DemoError when it was not taken
   */
  async ingest(source: string, token: string, body: string): Promise<IngestAnswer> {
    const what = `delivery of source ${source}`;
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/x-ndjson',
      'content-encoding': 'gzip',
    };
    const compressed = new Uint8Array(await compress(body, { level: 1 }));
    const answer = await this.call('POST', `/ingest/v1/${encodeURIComponent(source)}`, headers, compressed);
    return read(IngestAnswer, expected(answer, [200], what), what);
  }
}

function expected({ status, text }: Answer, statuses: readonly number[], what: string): unknown {
  const shown = text.length > 500 ? `${text.slice(0, 497)}...` : text;
  if (!statuses.includes(status))
    throw new DemoError(`${what}: expected status ${statuses.join(' or ')}, got ${status}: ${shown}`);
  try {
    const body: unknown = JSON.parse(text);
    return body;
  } catch {
    throw new DemoError(`${what}: expected JSON in the answer, got ${shown === '' ? 'nothing' : shown}`);
  }
}

/** Reads an answer in the shape it should have. */
export function read<Shape extends z.ZodType>(shape: Shape, body: unknown, what: string): z.infer<Shape> {
  const result = shape.safeParse(body);
  if (!result.success)
    throw new DemoError(`${what}: the answer has another shape than expected: ${z.prettifyError(result.error)}`);
  return result.data;
}
