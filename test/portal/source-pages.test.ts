import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
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

  test('nobody else creates or changes one', async () => {
    const { auditor } = portal.browsers;
    assert.equal((await auditor.get('/sources/new')).status, 403);
    assert.equal((await auditor.post('/sources/branch-edge', Object.entries(settings))).status, 403);
    assert.equal((await auditor.post('/sources/branch-edge/tokens', [])).status, 403);
  });
});
