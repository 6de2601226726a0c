import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { systemActor } from '../../src/context.js';
import type { Database } from '../../src/database/database.js';
import { NormalForms, RecordForms } from '../../src/inventory/normal-forms.js';
import { canonicalJson } from '../../src/log/core/canonical-json.js';
import { Api } from '../journeys/api.js';
import { runCommand, serviceVariables } from '../journeys/service-process.js';
import { sampleEntries } from '../log/sample-records.js';
import { Browser } from '../portal/browser.js';
import { textOf } from '../portal/html.js';
import { hubbleFlow, send } from '../portal/sent-records.js';
import { derivedTables, monthsAgo, openRetentionLog } from '../retention/retention-log.js';
import { temporaryDirectory } from '../support/server.js';
import { startTestService } from '../support/service.js';

/** Leaves the search as an earlier parser would have left it, who took something else for the verdict. */
async function asEarlierParser(database: Database, index: number, verdict: string, parserVersion = 0): Promise<void> {
  await database.query('UPDATE record SET verdict = $2, parser_version = $3, summary = $4 WHERE index = $1', [
    index,
    verdict,
    parserVersion,
    `as parser ${parserVersion} read it`,
  ]);
}

test('a newer parser reads again: what the search said before is kept, provably, and the search says the new', async (t) => {
  const log = await openRetentionLog(t);
  const forms = new NormalForms(log.database, log.log, log.reader, log.followers);
  const [first = -1, second = -1, third = -1] = await log.receive(monthsAgo(0, 1), sampleEntries(0, 3));
  const present = await log.derived();
  await asEarlierParser(log.database, first, 'unknown');
  await log.database.query('UPDATE record SET parser_version = 0 WHERE index = $1', [second]);

  assert.deepEqual(await forms.readAgain(systemActor), { records: 2, changed: 1 });
  await log.follow();
  assert.deepEqual((await log.derived())['record'], present['record'], 'rows as the present parser makes them');

  const { earlier, searched } = await forms.of(first);
  assert.deepEqual(
    earlier.map(({ part, form }) => [part, form.parserVersion, form.verdict, form.summary]),
    [[0, 0, 'unknown', 'as parser 0 read it']],
  );
  assert.notEqual(searched[0]?.verdict, 'unknown');
  for (const index of [second, third]) assert.deepEqual((await forms.of(index)).earlier, [], 'read as before');

  const [kept] = earlier;
  const act = await log.reader.entry(kept?.supersededIndex ?? -1);
  assert.equal(act.kind, 'records.read_again');
  const { changed } = JSON.parse(act.payload?.toString() ?? '{}') as { changed: unknown[] }; // written by actEntry
  const { salt } = await log.reader.entry(first);
  const digest = hash('sha256', Buffer.concat([salt ?? Buffer.alloc(0), Buffer.from(canonicalJson(kept?.form ?? {}))]));
  assert.deepEqual(changed, [{ index: first, part: 0, digest }]);
  assert.equal(kept?.digest, digest);

  const size = (await log.log.head()).size;
  assert.deepEqual(await forms.readAgain(systemActor), { records: 0, changed: 0 });
  assert.equal((await log.log.head()).size, size, 'nothing to do leaves nothing behind');
  await log.assertInOrder();
});

test('every reading is kept, the newest first, through a rebuild, until the payload is erased', async (t) => {
  const log = await openRetentionLog(t);
  const forms = new NormalForms(log.database, log.log, log.reader, log.followers);
  const [index = -1] = await log.receive(monthsAgo(0, 1), sampleEntries(0, 1));
  for (const version of [100, 200]) {
    await asEarlierParser(log.database, index, 'error', version);
    assert.deepEqual(await forms.readAgain(systemActor), { records: 1, changed: 1 });
  }
  await log.follow();
  await log.followers.rebuild('records');
  const versions = async (): Promise<(number | null)[]> =>
    (await forms.of(index)).earlier.map(({ form }) => form.parserVersion);
  assert.deepEqual(await versions(), [200, 100]);

  await log.erase([index]);
  assert.deepEqual(await versions(), []);
  assert.deepEqual(await log.database.query('SELECT * FROM record_earlier_form'), []);
  const rewritten = await log.rewriteAll();
  assert.ok(rewritten.includes('record_earlier_form'), 'its file is written anew, too');
  await log.assertInOrder();
});

test('an erasure while the search is rebuilt leaves no earlier form behind', async (t) => {
  const log = await openRetentionLog(t);
  const forms = new NormalForms(log.database, log.log, log.reader, log.followers);
  const [index = -1] = await log.receive(monthsAgo(0, 1), sampleEntries(0, 1));
  await asEarlierParser(log.database, index, 'error');
  await forms.readAgain(systemActor);
  for (const table of derivedTables) {
    await log.database.query(`DELETE FROM ${table}`);
  }
  await log.database.query('UPDATE follower SET next_index = 0');
  await log.erase([index]);
  await log.follow();
  assert.deepEqual(await log.database.query('SELECT * FROM record_earlier_form'), []);
});

test('segproof rebuild keeps what was there, and API and page show it', async (t) => {
  const service = await startTestService();
  t.after(() => service.stop());
  const { directory, removeDirectory } = temporaryDirectory();
  t.after(removeDirectory);
  const source = await service.newSource({ name: 'hubble' });
  const { token } = await service.signedIn('auditor');
  const [index = -1] = await send(service, source, [
    hubbleFlow({ time: '2026-11-20T10:00:00Z', from: 'shop/web', to: 'shop/api' }, 1),
  ]);
  await asEarlierParser(service.ground.database, index, 'deny');

  const { code, stdout, stderr } = await runCommand(['rebuild'], serviceVariables(service.database, directory));
  assert.equal(code, 0, stderr);
  assert.match(stdout, /records: 1 read again by newer parsers, 1 of them otherwise/u);
  await service.followed();

  const answer = await new Api(service.url, token).get(`/api/v1/records/${index}/normal-forms`, RecordForms);
  assert.deepEqual(
    [answer.present[0]?.verdict, answer.searched[0]?.verdict, answer.earlier[0]?.form.verdict],
    ['allow', 'allow', 'deny'],
  );
  assert.equal((await new Api(service.url).send('GET', `/api/v1/records/${index}/normal-forms`)).status, 401);
  assert.equal((await new Api(service.url, token).send('GET', '/api/v1/records/9999/normal-forms')).status, 404);
  assert.equal((await new Api(service.url, token).send('GET', '/api/v1/records/x/normal-forms')).status, 400);
  const page = textOf((await new Browser(service.url, token).get(`/records/${index}`)).body);
  assert.match(page, /What it was read as before/u);
  assert.match(page, /verdict deny allow/u);
});
