import type { TestService } from '../support/service.js';

export interface BrowserAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Asks for pages and sends forms as a browser does, holding one session and following no redirect. */
export class Browser {
  /**
   * @param url of the service, without a slash at the end
   * @param session token in the cookie; null before sign-in
   */
  constructor(
    private readonly url: string,
    private readonly session: string | null,
  ) {}

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<BrowserAnswer> {
    return await this.ask(path, { headers });
  }

  /** The bytes of a download, whatever its type. */
  async download(
    path: string,
  ): Promise<{ readonly status: number; readonly headers: Headers; readonly bytes: Buffer }> {
    const response = await fetch(`${this.url}${path}`, { redirect: 'manual', headers: this.headers() });
    return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
  }

  async post(
    path: string,
    fields: readonly (readonly [string, string])[],
    headers: Readonly<Record<string, string>> = {},
  ): Promise<BrowserAnswer> {
    const form = new URLSearchParams(fields.map(([name, value]) => [name, value]));
    return await this.ask(path, {
      method: 'POST',
      body: form.toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', ...headers },
    });
  }

  private async ask(
    path: string,
    options: { method?: string; body?: string; headers: Readonly<Record<string, string>> },
  ): Promise<BrowserAnswer> {
    const response = await fetch(`${this.url}${path}`, {
      ...options,
      redirect: 'manual',
      headers: { ...this.headers(), ...options.headers },
    });
    return { status: response.status, headers: response.headers, body: await response.text() };
  }

  private headers(): Record<string, string> {
    const cookie = this.session === null ? {} : { cookie: `segproof_session=${this.session}` };
    return { accept: 'text/html,application/xhtml+xml', ...cookie };
  }
}

/** How many entries of a kind the log holds. */
export async function entriesOf(service: TestService, kind: string): Promise<number> {
  const [row] = await service.ground.database.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM log_entry WHERE kind = $1',
    [kind],
  );
  return row?.count ?? 0;
}
