import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { TokenView } from '../../src/ingestion/sources.js';
import { MissingRecordsRegister } from '../../src/inventory/missing-records.js';
import { entriesOf } from './browser.js';
import { assertDocument, textOf } from './html.js';
import { openPortal, type Portal } from './portal.js';

let portal: Portal;

before(async () => {
  portal = await openPortal();
});

after(() => portal.service.stop());

async function flowsInLog(): Promise<number> {
  return (await entriesOf(portal.service, 'flow')) + (await entriesOf(portal.service, 'rejected'));
}

const settings = {
  description: 'Branch offices',
  format: '',
  silenceAfterSeconds: '3600',
  zone: 'Europe/Oslo',
  columns: '',
  verdicts: 'DROP_INPUT = deny\n\nLOGGED = would_deny',
  redactSecrets: 'on',
  redactFields: 'x-session',
};

describe('sources in the portal', () => {
  test('an administrator creates one, sees its token once, and it takes records', async () => {
    const { admin } = portal.browsers;
    const created = await admin.post('/sources/new', Object.entries({ name: 'branch-edge', ...settings }));
    assert.equal(created.status, 200);
    assertDocument(created.body, 'the new source');
    const token = /sgt_[\w-]+/u.exec(textOf(created.body))?.[0];
    assert.ok(token !== undefined);
    const again = await admin.get('/sources/branch-edge');
    assert.ok(!again.body.includes(token), 'the token is shown once');
    for (const text of ['Europe/Oslo', 'DROP_INPUT = deny', 'x-session']) assert.ok(again.body.includes(text), text);
    const answer = await fetch(`${portal.service.url}/ingest/v1/branch-edge`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: '{"cut":',
    });
    assert.equal(answer.status, 200);
  });

  test('the page shows how clients are set up, and a token is changed without a gap', async () => {
    const { admin, auditor } = portal.browsers;
    const send = async (token: string): Promise<number> =>
      (
        await fetch(`${portal.service.url}/ingest/v1/branch-edge`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}` },
          body: '{"cut":',
        })
      ).status;
    const issued = await admin.post('/sources/branch-edge/tokens', []);
    const token = /sgt_[\w-]{20,}/u.exec(textOf(issued.body))?.[0] ?? '';
    assert.match(textOf(issued.body), new RegExp(`Splunk_Token +${token}`, 'u'), 'filled in right after it was issued');
    const page = textOf((await auditor.get('/sources/branch-edge')).body);
    for (const client of ['Fluent Bit', 'Vector', 'OpenTelemetry Collector', 'rsyslog', 'syslog-ng', 'kube-apiserver'])
      assert.ok(page.includes(client), client);
    assert.ok(page.includes('/k8s/audit/branch-edge'));
    assert.ok(!page.includes(token));
    const { tokens } = z
      .object({ tokens: z.array(TokenView) })
      .parse(JSON.parse((await auditor.get('/api/v1/sources/branch-edge/tokens')).body));
    assert.deepEqual(
      tokens.map(({ revokedAt }) => revokedAt),
      [null, null],
    );
    const old = tokens.find(({ hint }) => hint !== token.slice(-4))?.hint ?? '';
    assert.equal((await auditor.post(`/sources/branch-edge/tokens/${old}/revoke`, [])).status, 403);
    assert.equal((await admin.post(`/sources/branch-edge/tokens/${old}/revoke`, [])).status, 303);
    assert.match(textOf((await auditor.get('/sources/branch-edge')).body), /Revoked/u);
    assert.equal(await send(token), 200);
  });

  test('what is missing is shown, and acknowledged with a reason', async () => {
    const { admin, auditor } = portal.browsers;
    const issued = await admin.post('/sources/branch-edge/tokens', []);
    const token = /sgt_[\w-]{20,}/u.exec(textOf(issued.body))?.[0] ?? '';
    const notice = {
      lost_events: { source: 'OBSERVER_EVENTS_QUEUE', num_events_lost: '77' },
      node_name: 'n',
      time: '2026-11-20T10:00:00Z',
    };
    await fetch(`${portal.service.url}/ingest/v1/branch-edge`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(notice),
    });
    await portal.service.followed();
    await portal.service.app.get(MissingRecordsRegister).record();
    const page = (await admin.get('/sources/branch-edge')).body;
    assertDocument(page, 'a source with missing records');
    assert.match(textOf(page), /Missing records .* 77 reported by the source/u);
    const id = /name="id" value="([0-9a-f-]{36})"/u.exec(page)?.[1] ?? '';
    const path = '/sources/branch-edge/missing/acknowledge';
    assert.equal((await admin.post(path, [['id', id]])).status, 400, 'not without a reason');
    assert.equal(
      (
        await auditor.post(path, [
          ['id', id],
          ['reason', 'x'],
        ])
      ).status,
      403,
    );
    assert.equal(
      (
        await admin.post(path, [
          ['id', id],
          ['reason', 'The node was replaced.'],
        ])
      ).status,
      303,
    );
    assert.match(
      textOf((await auditor.get('/sources/branch-edge')).body),
      /Acknowledged [\w-]+: The node was replaced\./u,
    );
  });

  test('settings are changed, and what is wrong is said beside its field', async () => {
    const { admin } = portal.browsers;
    assert.equal(
      (await admin.post('/sources/branch-edge', Object.entries({ ...settings, zone: '+02:00' }))).status,
      303,
    );
    assert.ok((await admin.get('/sources/branch-edge')).body.includes('+02:00'));
    const wrong = await admin.post('/sources/branch-edge', Object.entries({ ...settings, zone: 'Middle/Earth' }));
    assert.equal(wrong.status, 400);
    assert.match(textOf(wrong.body), /IANA time zone/u);
    assert.ok((await admin.get('/sources/branch-edge')).body.includes('+02:00'), 'nothing was changed');
  });

  test('a sample is read as the source would be, and not kept', async () => {
    const { auditor } = portal.browsers;
    const earlier = await flowsInLog();
    const flow = JSON.stringify({
      flow: { time: '2026-11-20T10:00:00Z', verdict: 'DROPPED', IP: { source: '10.0.0.1', destination: '10.0.0.2' } },
      node_name: 'n',
    });
    const tried = await auditor.post(
      '/sources/branch-edge/sample',
      Object.entries({ ...settings, sample: `${flow}\n{"cut":` }),
    );
    assert.equal(tried.status, 200);
    assert.match(textOf(tried.body), /Denied: 10\.0\.0\.1 to 10\.0\.0\.2/u);
    assert.match(textOf(tried.body), /Quarantine/u);
    assert.equal(await flowsInLog(), earlier);
  });

  test('what is in quarantine is read again once the source is set otherwise, with where it came from', async () => {
    const { admin, auditor } = portal.browsers;
    const { token } = await portal.service.newSource({ name: 'edge-vpc' });
    const sent = await fetch(`${portal.service.url}/ingest/v1/edge-vpc`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'text/plain' },
      body: '10.0.0.1 10.0.0.2 443 6 1760000000 1760000060 REJECT OK',
    });
    assert.equal(sent.status, 200);
    await portal.service.followed();
    assert.match(textOf((await auditor.get('/quarantine?source=edge-vpc')).body), /1 of 1 record in quarantine/u);
    const ask = async (): Promise<string> =>
      textOf((await admin.post('/quarantine/reprocess', [['source', 'edge-vpc']])).body);
    assert.match(await ask(), /0 could be read/u, 'nothing was changed yet');
    const columns = 'srcaddr dstaddr dstport protocol start end action log-status';
    assert.equal((await admin.post('/sources/edge-vpc', Object.entries({ ...settings, columns }))).status, 303);
    assert.match(await ask(), /1 could be read/u);
    await portal.service.followed();
    assert.match(
      textOf((await auditor.get('/quarantine?source=edge-vpc')).body),
      /The quarantine is empty|No quarantined/u,
    );
    const [row] = await portal.service.ground.database.query<{ index: string; verdict: string; of: string }>(
      `SELECT r.index, r.verdict, q.index AS of FROM record r JOIN record q ON q.reprocessed_index = r.index WHERE r.source = 'edge-vpc'`,
    );
    assert.equal(row?.verdict, 'deny');
    const again = await portal.service.ground.database.query('SELECT 1 FROM record WHERE source = $1', ['edge-vpc']);
    assert.match(await ask(), /0 records read again|0 could be read/u);
    await portal.service.followed();
    assert.deepEqual(
      await portal.service.ground.database.query('SELECT 1 FROM record WHERE source = $1', ['edge-vpc']),
      again,
      'reading again adds nothing',
    );
    assert.equal((await auditor.post('/quarantine/reprocess', [['source', 'edge-vpc']])).status, 403);
  });

  test('nobody else creates or changes one', async () => {
    const { auditor } = portal.browsers;
    assert.equal((await auditor.get('/sources/new')).status, 403);
    assert.equal((await auditor.post('/sources/branch-edge', Object.entries(settings))).status, 403);
    assert.equal((await auditor.post('/sources/branch-edge/tokens', [])).status, 403);
  });
});
