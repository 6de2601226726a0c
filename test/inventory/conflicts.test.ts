import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FindingQuery, Findings } from '../../src/findings/findings.js';
import { FindingsLook } from '../../src/findings/look.js';
import { IngestAnswer } from '../../src/ingestion/ingest.js';
import type { IssuedToken } from '../../src/ingestion/sources.js';
import { RecordPage } from '../../src/inventory/records.js';
import { Api } from '../journeys/api.js';
import { Browser } from '../portal/browser.js';
import { textOf } from '../portal/html.js';
import { hubbleFlow } from '../portal/sent-records.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let source: IssuedToken;
let auditor: Api;
let browser: Browser;
let made = 0;

before(async () => {
  service = await startTestService();
  source = await service.newSource({ name: 'hubble' });
  const { token } = await service.signedIn('auditor');
  auditor = new Api(service.url, token);
  browser = new Browser(service.url, token);
});

after(() => service.stop());

const flow = (): string =>
  JSON.stringify(hubbleFlow({ time: '2026-11-20T10:00:00Z', from: 'shop/web', to: 'shop/api' }, ++made));
const changed = (record: string): string => record.replace('FORWARDED', 'DROPPED');

async function taken(...records: readonly string[]): Promise<IngestAnswer> {
  const answer = await new Api(service.url, source.token).send(
    'POST',
    `/ingest/v1/${source.name}?receipt=index`,
    records.join('\n'),
    { 'content-type': 'application/x-ndjson' },
  );
  assert.equal(answer.status, 200, answer.text);
  return IngestAnswer.parse(JSON.parse(answer.text));
}

const conflicting = async (): Promise<RecordPage['records']> => {
  await service.followed();
  return (await auditor.get('/api/v1/records?conflicting=yes', RecordPage)).records;
};

test('a record with the id of an earlier one and other bytes is kept, marked, and found, and the pages name both', async () => {
  const one = flow();
  const first = (await taken(flow(), one)).receipts[1]?.index ?? -1;
  const [second] = (await taken(changed(one))).receipts;
  assert.deepEqual(second, { index: first + 1, outcome: 'conflict', conflictsWith: first });

  const [found, ...others] = await conflicting();
  assert.deepEqual([found?.index, found?.flags, found?.verdict], [first + 1, ['conflicting_id'], 'deny']);
  assert.deepEqual(others, [], 'the first one is not in doubt for being first');

  await service.app.get(FindingsLook).run();
  const home = textOf((await browser.get('/')).body);
  assert.match(home, /hubble sent two different records with the same id/u);
  assert.match(home, new RegExp(`Entries ${first} and ${first + 1}`, 'u'));
  assert.match(textOf((await browser.get(`/records/${first}`)).body), new RegExp(`again as record ${first + 1}`, 'u'));
  assert.match(
    textOf((await browser.get(`/records/${first + 1}`)).body),
    new RegExp(`before, as record ${first}`, 'u'),
  );
  await service.app.get(FindingsLook).run();
  const { findings } = await service.app.get(Findings).page(FindingQuery.parse({ kind: 'conflicting_record' }));
  assert.deepEqual(
    findings.map(({ severity, facts }) => [severity, facts]),
    [['high', { source: 'hubble', index: first + 1, firstIndex: first }]],
  );
  const list = textOf((await browser.get('/records?conflicting=yes')).body);
  assert.match(list, /1 of 1 record/u);
});

test('the second bytes sent again are a duplicate of the second record, third ones another conflict with the first', async () => {
  const one = flow();
  const third = changed(one).replace('shop', 'shed');
  const { receipts } = await taken(one, changed(one));
  const [first, second] = receipts.map(({ index }) => index);
  const again = await taken(changed(one), one, third, third);
  assert.deepEqual(
    again.receipts.map(({ index, outcome, conflictsWith }) => [index, outcome, conflictsWith]),
    [
      [second, 'duplicate', undefined],
      [first, 'duplicate', undefined],
      [(second ?? 0) + 1, 'conflict', first],
      [(second ?? 0) + 1, 'duplicate', undefined],
    ],
  );
  assert.deepEqual([again.duplicate, again.conflict], [3, 1]);
});

test('senders that conflict at the same time are each told of the same first record', async () => {
  const one = flow();
  const versions = [one, ...Array.from({ length: 11 }, (_, at) => one.replace('shop', `shop-${at}`))];
  const answers = await Promise.all(versions.map(async (version) => (await taken(version)).receipts[0]));
  const firsts = answers.filter((receipt) => receipt?.outcome === 'appended');
  assert.equal(firsts.length, 1);
  for (const receipt of answers) {
    if (receipt !== firsts[0])
      assert.deepEqual([receipt?.outcome, receipt?.conflictsWith], ['conflict', firsts[0]?.index]);
  }
});

test('the mark is derived again as it was, and comes with no other source that has the same id', async () => {
  const one = flow();
  await taken(one);
  const other = await service.newSource({ name: 'hubble-2' });
  const answer = await new Api(service.url, other.token).send('POST', '/ingest/v1/hubble-2', changed(one));
  assert.equal(IngestAnswer.parse(JSON.parse(answer.text)).appended, 1);
  const marked = await conflicting();
  assert.ok(marked.length > 10);
  await service.ground.followers.rebuild('records');
  assert.deepEqual(await conflicting(), marked);
});
