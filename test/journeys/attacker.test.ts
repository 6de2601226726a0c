import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Client } from 'pg';
import { z } from 'zod';
import { IngestAnswer } from '../../src/ingestion/ingest.js';
import { Sources, type IssuedToken } from '../../src/ingestion/sources.js';
import { systemActor } from '../../src/context.js';
import { apiDocument } from '../../src/openapi.js';
import { hubbleFlow } from '../portal/sent-records.js';
import { freshDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/server.js';
import { startTestService, type TestService } from '../support/service.js';
import { Api, problemOf, until } from './api.js';
import { runCommand, serviceVariables, startServiceProcess } from './service-process.js';
import { isSenderPath } from '../../src/ingestion/protocols/problem-forms.js';

/*
 * J10: who has the token of a source can add records of that source, and do nothing else; who has nothing sees health
 * and the sign-in page; who has the superuser's password is found out.
 */

const flow = (number: number): object =>
  hubbleFlow({ time: new Date().toISOString(), from: 'shop/web', to: 'shop/api' }, number);

describe('with the token of a source', () => {
  let service: TestService;
  let own: IssuedToken;
  let other: IssuedToken;
  let thief: Api;

  before(async () => {
    service = await startTestService();
    own = await service.newSource({ name: 'own' });
    other = await service.newSource({ name: 'other' });
    thief = new Api(service.url, own.token);
  });

  after(() => service.stop());

  test('records of that source can be added, and are laid to it', async () => {
    const { receipts } = await thief.post('/ingest/v1/own', flow(1), IngestAnswer);
    const reader = new Api(service.url, (await service.signedIn('auditor')).token);
    const { leaf } = await reader.get(`/log/entries/${receipts[0]?.index}`, z.object({ leaf: z.string() }));
    assert.equal(z.object({ source: z.string() }).parse(JSON.parse(leaf)).source, 'own');
  });

  test('records of no other source, nor acts of the service', async () => {
    // Acts of the service itself, such as a verification, may come meanwhile.
    const records = async (): Promise<number> =>
      (await service.ground.database.query(`SELECT 1 FROM log_entry WHERE retention_class <> 'act'`)).length;
    const earlier = await records();
    await thief.refused([403, 'not_permitted'], 'POST', '/ingest/v1/other', flow(2));
    await thief.refused([403, 'not_permitted'], 'POST', '/ingest/v1/segproof', flow(2));
    await thief.refused([403, 'not_permitted'], 'POST', '/ingest/v1/absent', flow(2));
    assert.equal(await records(), earlier);
  });

  test('no route of the API, of the log or of the portal lets anybody in', async () => {
    const document: OpenAPIObject = apiDocument(service.app.getHttpAdapter());
    const open = new Set(['/healthz', '/readyz', '/api/v1/sessions']);
    let asked = 0;
    for (const [path, operations] of Object.entries(document.paths)) {
      if (open.has(path) || isSenderPath(path)) continue;
      for (const method of Object.keys(operations)) {
        const problem = problemOf(
          await thief.send(method.toUpperCase(), path.replaceAll(/\{\w+\}/gu, '1'), method === 'get' ? undefined : {}),
        );
        assert.equal(problem.status, 401, `${method} ${path}`);
        asked += 1;
      }
    }
    assert.ok(asked > 20, `${asked} routes asked`);
    for (const path of ['/records', '/changes', '/reports', '/docs', '/openapi.json']) {
      assert.equal((await thief.send('GET', path)).status, 401, path);
    }
    const root = await thief.send('GET', '/');
    assert.match(root.text, /"tagline":"You Know, for Search"/, 'the address of a cluster, and nothing of the portal');
    const page = await thief.send('GET', '/', undefined, { accept: 'text/html' });
    assert.doesNotMatch(page.text, /tagline/, 'a browser is sent to where people sign in');
  });

  test('in a cookie, in the query or in the body it is nothing', async () => {
    const bare = new Api(service.url);
    const tries = [
      bare.send('POST', '/ingest/v1/own', flow(3), { cookie: `segproof_session=${own.token}` }),
      bare.send('POST', `/ingest/v1/own?token=${own.token}&access_token=${own.token}`, flow(3)),
      bare.send('POST', '/ingest/v1/own', { token: own.token }),
      bare.send('POST', '/ingest/v1/own', flow(3), { authorization: `Basic ${own.token}` }),
    ];
    for (const answer of await Promise.all(tries)) assert.equal(problemOf(answer).code, 'not_signed_in');
  });

  test('is refused once it is revoked, while the one that replaces it is taken', async () => {
    const sources = service.app.get(Sources);
    const next = await sources.issueToken(systemActor, 'own');
    const successor = new Api(service.url, next.token);
    await thief.post('/ingest/v1/own', flow(4), IngestAnswer);
    const admin = new Api(service.url, (await service.signedIn('admin')).token);
    const revoked = await admin.send('DELETE', `/api/v1/sources/own/tokens/${own.token.slice(-4)}`);
    assert.equal(revoked.status, 204);
    await thief.refused([401, 'wrong_credentials'], 'POST', '/ingest/v1/own', flow(5));
    await successor.post('/ingest/v1/own', flow(5), IngestAnswer);
    await new Api(service.url, other.token).post('/ingest/v1/other', flow(5), IngestAnswer);
    await admin.refused([404, 'not_found'], 'DELETE', `/api/v1/sources/own/tokens/${own.token.slice(-4)}`);
  });

  test('guessed or cut tokens are refused alike', async () => {
    for (const token of [`sgt_${'A'.repeat(43)}`, own.token.slice(0, -1), `${other.token}A`, 'x']) {
      await new Api(service.url, token).refused([401, 'wrong_credentials'], 'POST', '/ingest/v1/own', flow(6));
    }
  });
});

test('with nothing, health and the sign-in page are all there is to see', async (t) => {
  const service = await startTestService();
  t.after(() => service.stop());
  const nobody = new Api(service.url);
  assert.deepEqual(JSON.parse((await nobody.send('GET', '/readyz')).text), { status: 'ok' });
  assert.equal((await nobody.send('GET', '/healthz')).status, 200);
  const page = await fetch(`${service.url}/records`, { headers: { accept: 'text/html' }, redirect: 'manual' });
  assert.deepEqual([page.status, page.headers.get('location')], [303, '/sign-in?next=%2Frecords']);
  for (const path of ['/metrics', '/log/head', '/log/checkpoint', '/openapi.json']) {
    await nobody.refused([401, 'not_signed_in'], 'GET', path);
  }
});

test('with the password of the superuser, an edited payload is named by fsck', async (t) => {
  const database = await freshDatabase(t);
  const { superuserUrl } = database;
  if (superuserUrl === undefined) {
    t.skip('needs the superuser of the test server');
    return;
  }
  const { directory, removeDirectory } = temporaryDirectory();
  t.after(removeDirectory);
  const variables = serviceVariables(database, directory);
  const service = await startServiceProcess(variables);
  let index: number;
  try {
    assert.ok(service.admin);
    const admin = await Api.signIn(service.url, service.admin.name, service.admin.password);
    const { name, token } = await admin.post(
      '/api/v1/sources',
      { name: 'hubble' },
      z.object({ name: z.string(), token: z.string() }),
    );
    const { receipts } = await new Api(service.url, token).post(`/ingest/v1/${name}`, [flow(1), flow(2)], IngestAnswer);
    index = receipts[1]?.index ?? -1;
  } finally {
    assert.equal(await service.end('SIGTERM'), 0, service.stderr());
  }
  const client = new Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    await assert.rejects(
      client.query('UPDATE log_entry SET payload = $1 WHERE index = $2', [Buffer.from('{}'), index]),
      /append-only/u,
    );
    await client.query('SET session_replication_role = replica');
    const { rowCount } = await client.query('UPDATE log_entry SET payload = $1 WHERE index = $2', [
      Buffer.from('{}'),
      index,
    ]);
    assert.equal(rowCount, 1);
  } finally {
    await client.end();
  }
  const { code, stdout } = await runCommand(['fsck', '--json'], variables);
  assert.equal(code, 1);
  const found = z
    .object({ ok: z.literal(false), problems: z.array(z.object({ class: z.string(), position: z.string() })) })
    .parse(JSON.parse(stdout));
  assert.deepEqual(
    found.problems.map(({ class: kind, position }) => [kind, position]),
    [['payload_edited', String(index)]],
  );
});

test('with the password of the superuser, what is edited while the service runs is on everybody’s first page, and nothing is signed', async (t) => {
  const service = await startTestService({ env: { METRICS_TOKEN: 'a-token-of-the-scraper' } });
  t.after(() => service.stop());
  const { superuserUrl } = service.database;
  if (superuserUrl === undefined) return t.skip('needs the superuser of the test server');
  const { name, token } = await service.newSource({ name: 'hubble' });
  const sender = new Api(service.url, token);
  const { receipts } = await sender.post(`/ingest/v1/${name}`, [flow(1), flow(2)], IngestAnswer);
  const index = receipts[0]?.index ?? -1;
  const auditor = new Api(service.url, (await service.signedIn('auditor')).token);
  const admin = new Api(service.url, (await service.signedIn('admin')).token);
  const metric = async (metricName: string): Promise<number> => {
    const scraper = new Api(service.url, 'a-token-of-the-scraper');
    const line = new RegExp(`^${metricName} (?<value>\\S+)$`, 'mu').exec((await scraper.send('GET', '/metrics')).text);
    return Number(line?.groups?.['value'] ?? Number.NaN);
  };
  const superuser = new Client({ connectionString: superuserUrl });
  await superuser.connect();
  t.after(() => superuser.end());
  await superuser.query('SET session_replication_role = replica');
  const { rows } = await superuser.query<{ payload: Buffer }>('SELECT payload FROM log_entry WHERE index = $1', [
    index,
  ]);
  await superuser.query(`UPDATE log_entry SET payload = '{}' WHERE index = $1`, [index]);
  await service.ground.jobs.add('log.verify', {});

  const Verifications = z.object({
    verifications: z.array(z.object({ kind: z.string(), intact: z.boolean(), problems: z.array(z.string()) })),
  });
  const { verifications } = await until(
    () => auditor.get('/api/v1/log/verifications', Verifications),
    (answer) => answer.verifications[0]?.intact === false,
    { what: 'the verification', seconds: 30 },
  );
  assert.deepEqual(
    verifications[0]?.problems.map((problem) => problem.slice(0, problem.indexOf(':'))),
    [`payload_edited at ${index}`],
  );
  const Signing = z.object({ stopped: z.object({ reason: z.string() }).nullable() });
  await until(
    () => auditor.get('/api/v1/log/signing', Signing),
    ({ stopped }) => stopped?.reason === 'verification',
    { what: 'the signer to stop', seconds: 10 },
  );
  const home = (await auditor.send('GET', '/', undefined, { accept: 'text/html' })).text;
  assert.match(home, /The log is not intact/u);
  assert.match(home, new RegExp(`payload_edited at ${index}`, 'u'));
  assert.match(home, /Nothing is signed until an operator decides/u);
  assert.deepEqual(
    [await metric('segproof_log_signing_stopped'), await metric('segproof_log_verification_problems')],
    [1, 1],
  );
  const stored = await sender.post(`/ingest/v1/${name}`, flow(3), IngestAnswer);
  assert.deepEqual([stored.appended, stored.checkpoint], [1, null]);
  assert.match(stored.signing ?? '', /payload_edited/u);

  await auditor.refused([403, 'not_permitted'], 'POST', '/api/v1/log/signing/resume', { reason: 'seen' });
  await admin.post('/api/v1/log/signing/resume', { reason: 'the payload was put back from the backup' }, Signing);
  const signed = await sender.post(`/ingest/v1/${name}`, flow(4), IngestAnswer);
  assert.ok(signed.checkpoint !== null);
  await superuser.query('UPDATE log_entry SET payload = $2 WHERE index = $1', [index, rows[0]?.payload]);
  await service.ground.jobs.add('log.verify', {});
  await until(
    () => auditor.get('/api/v1/log/verifications', Verifications),
    (answer) => answer.verifications[0]?.intact === true,
    { what: 'a verification without problems', seconds: 30 },
  );
  const { keys } = await auditor.get(
    '/log/keys',
    z.object({ keys: z.array(z.object({ verifierKey: z.string(), inUse: z.boolean() })) }),
  );
  assert.deepEqual(keys, [{ verifierKey: service.ground.log.verifierKey, inUse: true }]);
});
