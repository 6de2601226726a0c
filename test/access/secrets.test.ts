import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { IssuedToken } from '../../src/ingestion/sources.js';
import { makeLogger } from '../../src/logger.js';
import { Api } from '../journeys/api.js';
import { serviceVariables, startServiceProcess, type ServiceProcess } from '../journeys/service-process.js';
import { hubbleFlow } from '../portal/sent-records.js';
import { freshDatabase, type FreshDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/server.js';

const { directory, removeDirectory } = temporaryDirectory();
const metricsToken = 'token of the scraper 4711';
let database: FreshDatabase;
let service: ServiceProcess;

before(async () => {
  database = await freshDatabase();
  service = await startServiceProcess({
    ...serviceVariables(database, directory),
    LOG_LEVEL: 'trace',
    METRICS_TOKEN: metricsToken,
  });
});

after(async () => {
  await service.end('SIGTERM');
  await database.drop();
  removeDirectory();
});

describe('the log of the process, at its most talkative,', () => {
  test('holds no password, no token and no cookie', async () => {
    const { url, admin } = service;
    assert.ok(admin);
    const nobody = new Api(url);
    const guess = 'a guessed password';
    await nobody.refused([401, 'wrong_credentials'], 'POST', '/api/v1/sessions', { name: admin.name, password: guess });
    const { text } = await nobody.send('POST', '/api/v1/sessions', admin);
    const session = /sgs_[\w-]+/u.exec(text)?.[0] ?? '';
    const api = new Api(url, session);
    const userPassword = 'password of a new user';
    const created = { name: 'someone', displayName: 'Someone', roles: ['auditor'], password: userPassword };
    assert.equal((await api.send('POST', '/api/v1/users', created)).status, 201);
    assert.equal((await api.send('POST', '/api/v1/users', created)).status, 409);
    const source = await api.post('/api/v1/sources', { name: 'hubble' }, IssuedToken);
    const flow = hubbleFlow({ time: new Date().toISOString(), from: 'shop/web', to: 'shop/secret-workload' }, 1);
    const sender = new Api(url, source.token);
    assert.equal((await sender.send('POST', '/ingest/v1/hubble', [flow, { broken: source.token }])).status, 200);
    await sender.refused([403, 'not_permitted'], 'POST', '/ingest/v1/other', flow);
    await nobody.send('GET', `/records?session=${session}`, undefined, { cookie: `segproof_session=${session}` });
    await nobody.send('POST', '/api/v1/sessions', `{"name":"x","password":"${guess}`);
    await nobody.send('GET', '/metrics', undefined, { authorization: `Bearer ${metricsToken}` });
    const wrongToken = `sgt_${'B'.repeat(43)}`;
    await new Api(url, wrongToken).send('POST', '/ingest/v1/hubble', flow);

    const log = service.stderr();
    const requests = log.split('\n').filter((line) => line.includes('"msg":"request"'));
    assert.ok(requests.length >= 10, log);
    assert.ok(
      requests.some((line) => line.includes('"path":"/ingest/v1/hubble"') && line.includes('"status":200')),
      'what was done is there',
    );
    const passwords = [database.ownerUrl, database.serviceUrl].map((given) => new URL(given).password);
    const secrets = [
      admin.password,
      guess,
      userPassword,
      session,
      source.token,
      metricsToken,
      wrongToken,
      ...passwords,
    ];
    // A server that trusts its own machine needs no passwords.
    for (const secret of secrets.filter((given) => given !== '')) assert.ok(!log.includes(secret), `found ${secret}`);
    assert.ok(!log.includes('secret-workload'), 'nor what records say');
  });

  test('is one JSON object a line, with the time, the level and the id of the request', () => {
    const lines = service
      .stderr()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    assert.ok(lines.length > 10);
    for (const line of lines) {
      const entry = JSON.parse(line) as Record<string, unknown>; // an object, as it starts with a brace
      assert.match(String(entry['time']), /^\d{4}-\d\d-\d\dT/u, line);
      assert.match(String(entry['level']), /^(trace|debug|info|warn|error)$/u, line);
      if (entry['msg'] === 'request') assert.match(String(entry['requestId']), /^[\w.-]{8,}$/u, line);
    }
  });
});

test('fields that could carry a secret are cut wherever an error brings them', () => {
  const lines: string[] = [];
  const logger = makeLogger({ LOG_LEVEL: 'trace' }, { write: (line) => lines.push(line) });
  const failed = Object.assign(new Error('query failed'), { query: 'SELECT hush', parameters: ['hush'] });
  logger.error({ err: failed, password: 'hush', input: { password: 'hush', token: 'hush' } }, 'failed');
  logger.error({ headers: { authorization: 'Bearer hush', cookie: 'hush' } }, 'failed');
  assert.equal(lines.length, 2);
  for (const line of lines) assert.doesNotMatch(line, /hush/u);
});
