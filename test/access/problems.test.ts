import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { problems } from '../../src/errors.js';
import { Api, problemOf } from '../journeys/api.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let nobody: Api;
let admin: Api;

before(async () => {
  service = await startTestService();
  nobody = new Api(service.url);
  admin = new Api(service.url, (await service.signedIn('admin')).token);
});

after(() => service.stop());

describe('a refusal', () => {
  test('has the fields of RFC 9457, an id that leads to the log, and is kept by no cache', async () => {
    const answer = await nobody.send('GET', '/api/v1/sources');
    const problem = problemOf(answer);
    assert.deepEqual(problem, {
      type: 'https://segproof.dev/problems/not-signed-in',
      title: problems.not_signed_in.title,
      status: 401,
      code: 'not_signed_in',
      detail: problem.detail,
      requestId: problem.requestId,
    });
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
  });

  test('keeps the id of a caller that sends a well-formed one', async () => {
    const ask = async (id: string): Promise<string> =>
      problemOf(await nobody.send('GET', '/api/v1/sources', undefined, { 'x-request-id': id })).requestId;
    assert.equal(await ask('job-4711.build_9'), 'job-4711.build_9');
    for (const other of ['short', 'with spaces in it', '<script>alert(1)</script>', 'x'.repeat(200)]) {
      assert.match(await ask(other), /^[0-9a-f]{8}-[0-9a-f]{4}-4/u, other);
    }
    const answered = await nobody.send('GET', '/healthz', undefined, { 'x-request-id': 'well-formed-1' });
    assert.equal(answered.headers.get('x-request-id'), 'well-formed-1', 'what is no refusal has it too');
  });

  test('of input points to every place that is wrong', async () => {
    const problem = await admin.refused([400, 'invalid_input'], 'POST', '/api/v1/sources', {
      name: 'Not A Name',
      format: 'no-such-format',
      silenceAfterSeconds: 1,
    });
    assert.deepEqual(problem.errors?.map(({ pointer }) => pointer).toSorted(), [
      '/format',
      '/name',
      '/silenceAfterSeconds',
    ]);
    const { errors } = await admin.refused([400, 'invalid_input'], 'GET', '/api/v1/records?limit=0&verdict=perhaps');
    assert.deepEqual(errors?.map(({ pointer }) => pointer).toSorted(), ['/limit', '/verdict']);
    await admin.refused([400, 'invalid_input'], 'POST', '/api/v1/sources', '{"name":');
    await admin.refused([400, 'invalid_input'], 'POST', '/api/v1/sources', 'null');
    await admin.refused([400, 'invalid_input'], 'GET', '/api/v1/records?older=2026_7');
  });

  test('of too much, of what is not there and of what is there already has its own code', async () => {
    await admin.refused([413, 'too_large'], 'POST', '/api/v1/sources', { name: 'a', description: 'x'.repeat(3e6) });
    await admin.refused([404, 'not_found'], 'GET', '/api/v1/nothing');
    await admin.refused([404, 'not_found'], 'GET', '/log/entries/999999');
    await admin.refused([404, 'not_found'], 'GET', '/api/v1/frameworks/none/assessment');
    await admin.refused([404, 'not_found'], 'GET', '/api/v1/policies/kubernetes/NetworkPolicy/-/none');
    assert.equal((await admin.send('POST', '/api/v1/sources', { name: 'twice' })).status, 201);
    await admin.refused([409, 'conflict'], 'POST', '/api/v1/sources', { name: 'twice' });
  });

  test('of a program is never a page, unless it asks for one', async () => {
    const machine = await nobody.send('GET', '/api/v1/sources', undefined, { accept: 'text/html' });
    assert.equal(problemOf(machine).status, 401);
    const page = await nobody.send('GET', '/nothing-here', undefined, { accept: 'text/html' });
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/u);
  });
});
