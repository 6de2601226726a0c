import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { entriesOf } from './browser.js';
import { assertDocument, textOf } from './html.js';
import { ago, day, openPortal, script, type Portal } from './portal.js';

/*
 * What people do about the log itself, in the portal and nowhere else: rules, legal holds, erasures; verifications and the decision to go
 * on signing.
 */

let portal: Portal;

before(async () => {
  portal = await openPortal();
});

after(() => portal.service.stop());

const form = (fields: Readonly<Record<string, string>>): [string, string][] => Object.entries(fields);

describe('retention', () => {
  test('is read by those who check, and decided on by administrators', async () => {
    for (const browser of [portal.browsers.admin, portal.browsers.auditor, portal.browsers.approver]) {
      assertDocument((await browser.get('/retention')).body, '/retention');
    }
    assert.equal((await portal.browsers.requester.get('/retention')).status, 403);
    assert.doesNotMatch((await portal.browsers.auditor.get('/retention')).body, /Set the rule|Place the hold/u);
    for (const path of ['/retention/rules', '/retention/holds', '/retention/erasures/new']) {
      assert.equal((await portal.browsers.auditor.post(path, [])).status, 403, path);
    }
  });

  test('a rule is set with a reason, and a wrong one comes back', async () => {
    const { admin } = portal.browsers;
    const rule = { retentionClass: 'flow', keepDays: '60', ruleReason: 'data protection policy 4' };
    for (const [wrong, says] of [
      [{ keepDays: '6' }, /at least 7/u],
      [{ keepDays: 'sixty' }, /Days to keep: a whole number is needed/u],
      [{ keepDays: '1.5' }, /Days to keep/u],
      [{ ruleReason: '' }, /Reason: at least 3 characters are needed/u],
    ] as const) {
      const answer = await admin.post('/retention/rules', form({ ...rule, ...wrong }));
      assert.equal(answer.status, 400, textOf(answer.body));
      assertDocument(answer.body, 'a wrong rule');
      assert.match(textOf(answer.body), says);
    }
    assert.equal((await admin.post('/retention/rules', form(rule))).status, 303);
    assert.match(
      textOf((await portal.browsers.auditor.get('/retention')).body),
      /Flows 60 days after the end of their month .*data protection policy 4/u,
    );
    assert.equal((await admin.post('/retention/rules', form({ ...rule, keepDays: '' }))).status, 303);
    assert.match(textOf((await admin.get('/retention')).body), /Flows for ever/u);
    assert.equal(await entriesOf(portal.service, 'retention.rule_set'), 2);
  });

  test('a hold is placed by one person, stops an erasure, and is released by another', async () => {
    const { admin, approver } = portal.browsers;
    const [index] = portal.policyChanges;
    const wrong = await admin.post(
      '/retention/holds',
      form({ name: 'x', holdReason: '', indices: '3-1', from: 'June' }),
    );
    assert.equal(wrong.status, 400);
    assertDocument(wrong.body, 'a wrong hold');
    for (const says of [/Name: at least 3/u, /Reason: at least 3/u, /ranges such as/u, /A time such as/u]) {
      assert.match(textOf(wrong.body), says);
    }
    const hold = { name: script, holdReason: 'proceedings', indices: `${index}, ${index}`, holdClass: 'record' };
    assert.equal((await admin.post('/retention/holds', form(hold))).status, 303);
    const page = await approver.get('/retention');
    assertDocument(page.body, 'with a hold');
    assert.ok(textOf(page.body).includes(script), 'the name of the hold is shown as text');
    const [, release = ''] = /action="(\/retention\/holds\/[^"]+\/release)"/u.exec(page.body) ?? [];
    assert.doesNotMatch((await admin.get('/retention')).body, /action="\/retention\/holds\/[^"]+\/release"/u);
    assert.equal((await admin.post(release, form({ reason: 'settled' }))).status, 403);

    const ask = { by: 'indices', indices: String(index), reason: 'case 7' };
    const preview = await admin.post('/retention/erasures/new', form(ask));
    assert.match(textOf(preview.body), /Legal holds stand in the way/u);
    const erasure = await admin.post('/retention/erasures/new', form({ ...ask, step: 'request' }));
    assert.equal(erasure.status, 303);
    const path = erasure.headers.get('location') ?? '';
    const stopped = await approver.post(`${path}/decision`, form({ decision: 'approve' }));
    assert.equal(stopped.status, 409);
    assert.match(textOf(stopped.body), /the hold has to be released first/u);
    assertDocument(stopped.body, 'stopped by a hold');

    assert.equal((await approver.post(release, form({ reason: '' }))).status, 400);
    assert.equal((await approver.post(release, form({ reason: 'settled' }))).status, 303);
    assert.match(textOf((await approver.get('/retention')).body), /Released .*settled/u);
    assert.equal((await approver.post(`${path}/decision`, form({ decision: 'approve' }))).status, 303);
    assert.match(textOf((await approver.get(path)).body), /Carried out .*Payloads removed 1/u);
  });

  test('an erasure of what names somebody: looked at, asked for, turned down or carried out, by two people', async () => {
    const { admin, approver, auditor } = portal.browsers;
    const search = { by: 'text', text: 'k.moreau', from: ago(5 * day), to: ago(-60_000), reason: 'about k.moreau' };
    assert.equal((await admin.get('/retention/erasures/new')).status, 200);
    const preview = await admin.post('/retention/erasures/new', form({ ...search, step: 'preview' }));
    assert.equal(preview.status, 200);
    assertDocument(preview.body, 'preview');
    assert.match(textOf(preview.body), /1 payload would go 1 policy_change/u);
    const telling = await admin.post('/retention/erasures/new', form({ ...search, step: 'request' }));
    assert.equal(telling.status, 400);
    assert.match(textOf(telling.body), /Reason: repeats the text that is to be erased/u);
    const asked = await admin.post('/retention/erasures/new', form({ ...search, reason: 'case 8', step: 'request' }));
    const path = asked.headers.get('location') ?? '';
    assert.match(textOf((await admin.get(path)).body), /You asked for it; somebody else has to approve it/u);
    assert.equal((await admin.post(`${path}/decision`, form({ decision: 'approve' }))).status, 403);
    assert.equal((await auditor.post(`${path}/decision`, form({ decision: 'approve' }))).status, 403);
    assert.equal((await approver.post(`${path}/decision`, form({ decision: 'reject' }))).status, 400);
    assert.equal((await approver.post(`${path}/decision`, form({}))).status, 400);
    assert.equal((await approver.post(`${path}/decision`, form({ decision: 'approve', comment: 'seen' }))).status, 303);
    const done = await auditor.get(path);
    assertDocument(done.body, 'carried out');
    assert.match(textOf(done.body), /Carried out .*Comment seen/u);
    assert.match(textOf((await auditor.get('/retention')).body), /An erasure 1/u);
    for (const page of [path, '/retention', '/policies', '/records', '/']) {
      assert.doesNotMatch((await auditor.get(page)).body, /k\.moreau/u, page);
    }
    assert.equal((await auditor.get('/retention/erasures/none')).status, 404);
  });
});

describe('integrity', () => {
  test('is shown to everybody; administrators have the log verified', async () => {
    for (const [role, browser] of Object.entries(portal.browsers)) {
      const { status, body } = await browser.get('/integrity');
      assert.equal(status, 200, role);
      assertDocument(body, role);
      assert.match(textOf(body), /Checkpoints are signed/u);
    }
    assert.equal((await portal.browsers.auditor.post('/integrity/verify', [])).status, 403);
    const asked = await portal.browsers.admin.post('/integrity/verify', []);
    assert.equal(asked.status, 303);
    const whole = /The whole log Intact/u;
    const deadline = Date.now() + 30_000;
    let page = '';
    while (!whole.test(page) && Date.now() < deadline) {
      page = textOf((await portal.browsers.auditor.get(asked.headers.get('location') ?? '')).body);
    }
    assert.match(page, whole);
    assert.match(page, /In use/u);
  });

  test('a stop is a finding for everybody; an administrator decides with a reason, and the decision is an entry', async () => {
    const { admin, auditor } = portal.browsers;
    const { signing } = portal.service.ground.log;
    await signing.stop('verification', 'the verification of the log found edited_payload at 3');
    const home = textOf((await auditor.get('/')).body);
    assert.match(home, /Critical Nothing is signed until an operator decides .*edited_payload at 3/u);
    assert.match(home, /Signing Stopped/u);
    assert.doesNotMatch((await auditor.get('/integrity')).body, /Go on signing/u);
    assert.equal((await auditor.post('/integrity/resume-signing', form({ reason: 'all is well' }))).status, 403);
    const hasty = await admin.post('/integrity/resume-signing', form({ reason: '' }));
    assert.equal(hasty.status, 400);
    assert.match(textOf(hasty.body), /Reason: at least 3 characters are needed/u);
    assertDocument(hasty.body, 'without a reason');
    const decided = await admin.post('/integrity/resume-signing', form({ reason: 'a drill' }));
    assert.equal(decided.status, 303, textOf(decided.body));
    assert.equal(signing.stopped, null);
    assert.equal(await entriesOf(portal.service, 'log.signing_resumed'), 1);
    assert.match(textOf((await auditor.get('/integrity')).body), /Checkpoints are signed/u);
    assert.equal((await admin.post('/integrity/resume-signing', form({ reason: 'a drill' }))).status, 409);
  });
});
