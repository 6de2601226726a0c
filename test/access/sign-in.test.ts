import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Client } from 'pg';
import { z } from 'zod';
import { SessionView } from '../../src/access/sessions.js';
import { Clock } from '../../src/context.js';
import { Api, problemOf } from '../journeys/api.js';
import { entriesOf } from '../portal/browser.js';
import { startTestService, type SignedInUser, type TestService } from '../support/service.js';

const minute = 60_000;
let now = Date.parse('2026-11-20T09:00:00Z');
let service: TestService;
let nobody: Api;

before(async () => {
  service = await startTestService({ clock: new Clock(() => new Date(now)), env: { SESSION_HOURS: '2' } });
  nobody = new Api(service.url);
});

after(() => service.stop());

const signIn = (name: string, password: string): ReturnType<Api['send']> =>
  nobody.send('POST', '/api/v1/sessions', { name, password });

describe('guessing', () => {
  test('is stopped after ten refused attempts for a name, until fifteen minutes have passed', async () => {
    const { name, password } = await service.signedIn('auditor');
    const recorded = await entriesOf(service, 'access.sign_in_refused');
    for (let attempt = 1; attempt <= 10; attempt++) {
      const problem = problemOf(await signIn(name, `guess ${attempt}`));
      assert.equal(problem.code, 'wrong_credentials', `attempt ${attempt}`);
    }
    assert.equal(await entriesOf(service, 'access.sign_in_refused'), recorded + 10);
    const stopped = await signIn(name, password);
    assert.equal(problemOf(stopped).code, 'too_many_requests', 'the right password is not let in either');
    const wait = Number(stopped.headers.get('retry-after'));
    assert.ok(wait > 14 * 60 && wait <= 15 * 60, `${wait} s`);
    // The address has guessed ten times as well, so it is stopped for every name.
    assert.equal(problemOf(await signIn('somebody.else', 'a guess')).code, 'too_many_requests');
    now += 14 * minute;
    assert.equal((await signIn(name, password)).status, 429);
    now += minute + 1;
    assert.equal((await signIn(name, password)).status, 201);
  });

  test('takes no name apart from another', async () => {
    now += 15 * minute + 1;
    const { name } = await service.signedIn('auditor');
    const [wrong, unknown] = [await signIn(name, 'a guess'), await signIn('nobody.at.all', 'a guess')].map(problemOf);
    assert.deepEqual({ ...wrong, requestId: '' }, { ...unknown, requestId: '' });
  });
});

describe('a session', () => {
  let user: SignedInUser;
  let api: Api;

  before(async () => {
    now += 15 * minute + 1;
    user = await service.signedIn('auditor');
    api = new Api(service.url, user.token);
  });

  test('ends with the hours given, whatever is done with it', async () => {
    const { expiresAt } = await nobody.post(
      '/api/v1/sessions',
      { name: user.name, password: user.password },
      SessionView,
    );
    assert.equal(Date.parse(expiresAt), now + 120 * minute);
    now += 119 * minute;
    assert.equal((await api.send('GET', '/api/v1/sources')).status, 200);
    now += minute;
    await api.refused([401, 'not_signed_in'], 'GET', '/api/v1/sources');
  });

  test('ends with the sign-out, and no other one with it', async () => {
    const first = await Api.signIn(service.url, user.name, user.password);
    const second = await Api.signIn(service.url, user.name.toUpperCase(), user.password);
    assert.equal((await first.send('DELETE', '/api/v1/sessions/current')).status, 204);
    await first.refused([401, 'not_signed_in'], 'GET', '/api/v1/sources');
    assert.equal((await second.send('GET', '/api/v1/sources')).status, 200);
  });

  test('ends for a user who is disabled, who cannot sign in again', async () => {
    const gone = await service.signedIn('approver');
    await service.ground.database.query('UPDATE users SET disabled_at = now() WHERE id = $1', [gone.id]);
    await new Api(service.url, gone.token).refused([401, 'not_signed_in'], 'GET', '/api/v1/sources');
    assert.equal(problemOf(await signIn(gone.name, gone.password)).code, 'wrong_credentials');
  });

  test('in a cookie is not used by forms and scripts of other sites', async () => {
    const requester = await service.signedIn('requester');
    const cookie = `segproof_session=${requester.token}`;
    const ask = (headers: Readonly<Record<string, string>>): ReturnType<Api['send']> =>
      nobody.send('POST', '/api/v1/changes', {}, { cookie, ...headers });
    const elsewhere = [
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of elsewhere) assert.equal((await ask(headers)).status, 403, JSON.stringify(headers));
    const own = await ask({ origin: service.url, 'sec-fetch-site': 'same-origin' });
    assert.equal(problemOf(own).code, 'invalid_input', 'a page of ours is let through, to a body that is not valid');
  });
});

test('a user is created by an administrator, with a password worth the name, once', async () => {
  now += 15 * minute + 1;
  const admin = new Api(service.url, (await service.signedIn('admin')).token);
  const user = { name: 'new.user', displayName: 'New User', roles: ['auditor'], password: 'twelve chars' };
  const short = await admin.refused([400, 'invalid_input'], 'POST', '/api/v1/users', { ...user, password: 'short' });
  assert.deepEqual(
    short.errors?.map(({ pointer }) => pointer),
    ['/password'],
  );
  const created = await admin.send('POST', '/api/v1/users', user);
  assert.equal(created.status, 201);
  assert.doesNotMatch(created.text, /password|argon/u);
  await admin.refused([409, 'conflict'], 'POST', '/api/v1/users', user);
  await admin.refused([400, 'invalid_input'], 'POST', '/api/v1/users', { ...user, name: 'other', roles: ['root'] });
});

test('tokens and passwords are nowhere in the database, in the log least of all', async () => {
  const { name, password, token } = await service.signedIn('requester');
  const source = await service.newSource();
  await new Api(service.url, source.token).send('POST', `/ingest/v1/${source.name}`, { not: 'a record' });
  await service.followed();
  const client = new Client({ connectionString: service.database.ownerUrl });
  await client.connect();
  try {
    const column = async (sql: string): Promise<string[]> =>
      (await client.query<{ value: string }>(sql)).rows.map(({ value }) => value);
    const sha256 = (text: string): string => hash('sha256', text, 'hex');
    assert.ok((await column(`SELECT encode(token_hash, 'hex') AS value FROM session`)).includes(sha256(token)));
    const sourceTokens = await column(`SELECT encode(token_hash, 'hex') AS value FROM source_token`);
    assert.ok(sourceTokens.includes(sha256(source.token)));
    const [stored = ''] = await column(`SELECT password_hash AS value FROM users WHERE name = '${name}'`);
    assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/u);

    const tables = await column(
      `SELECT format('%I.%I', schemaname, tablename) AS value FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    assert.ok(tables.length > 15, `${tables.length} tables`);
    for (const table of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM ${table} t`);
      const text = rows.map(({ row }) => `${row}${bytesIn(row)}`).join('\n');
      for (const secret of [password, token, source.token]) assert.ok(!text.includes(secret), table);
    }
  } finally {
    await client.end();
  }
});

/** What the bytea values of a row spell, which JSON shows as hex. */
function bytesIn(row: string): string {
  return [...row.matchAll(/"\\\\x([0-9a-f]*)"/gu)].map(([, hex = '']) => Buffer.from(hex, 'hex').toString()).join('\n');
}

test('the search for secrets in bytes finds one that is there', () => {
  const row = JSON.stringify({ payload: `\\x${Buffer.from('sgs_secret').toString('hex')}` });
  assert.equal(bytesIn(row), 'sgs_secret');
  assert.equal(z.object({ payload: z.string() }).parse(JSON.parse(row)).payload.slice(0, 2), '\\x');
});
