import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { Sessions } from '../../src/access/sessions.js';
import { Users } from '../../src/access/users.js';
import { systemActor } from '../../src/context.js';
import { Browser, entriesOf } from './browser.js';
import { assertDocument, textOf } from './html.js';
import { ago, day, openPortal, type Portal } from './portal.js';
import { networkPolicy, policyWritten, send } from './sent-records.js';

let portal: Portal;

before(async () => {
  portal = await openPortal();
});

after(() => portal.service.stop());

describe('changes', () => {
  const allowWeb = networkPolicy('payments', 'allow-web', {
    podSelector: {},
    policyTypes: ['Ingress'],
    ingress: [{ ports: [{ port: 8443 }] }],
  });
  const form = (changed: Readonly<Record<string, string>> = {}): [string, string][] =>
    Object.entries({
      title: 'Web reaches the payments API',
      reason: 'Checkout <b>needs</b> it.',
      windowFrom: ago(-60_000).slice(0, 16),
      windowTo: ago(-2 * day).slice(0, 16),
      action: 'create',
      policy: stringify(allowWeb),
      ...changed,
    });

  async function proposed(browser: Browser): Promise<string> {
    const answer = await browser.post('/changes', form());
    assert.equal(answer.status, 303, textOf(answer.body));
    return answer.headers.get('location') ?? '';
  }

  test('are proposed by a form, reviewed by another person, and held against what happens', async () => {
    const path = await proposed(portal.browsers.requester);
    const page = await portal.browsers.approver.get(path);
    assertDocument(page.body, path);
    assert.match(textOf(page.body), /Checkout <b>needs<\/b> it\./u);
    assert.match((await portal.browsers.approver.get('/')).body, /1 change waits for your review/u);
    assert.match(textOf((await portal.browsers.approver.get('/changes?state=for_review')).body), /For my review 1/u);

    const silent = await portal.browsers.approver.post(`${path}/review`, [['decision', 'rejected']]);
    assert.equal(silent.status, 400);
    assert.match(textOf(silent.body), /say why you reject the change/u);

    const approved = await portal.browsers.approver.post(`${path}/review`, [
      ['decision', 'approved'],
      ['comment', 'One port.'],
    ]);
    assert.equal(approved.status, 303);
    assert.equal(approved.headers.get('location'), path);
    assert.match(textOf((await portal.browsers.auditor.get(path)).body), /Approved Waiting .*One port\./u);

    const again = await portal.browsers.approver.post(`${path}/review`, [['decision', 'approved']]);
    assert.equal(again.status, 409);
    assert.match(textOf(again.body), /already/u);
    assertDocument(again.body, 'second review');

    const audit = await portal.service.newSource({ format: 'kubernetes-audit' });
    const [index] = await send(portal.service, audit, [
      policyWritten(allowWeb, { time: ago(-3_600_000), user: 'deploy-bot', verb: 'create', number: 9 }),
    ]);
    assert.match(
      textOf((await portal.browsers.auditor.get(path)).body),
      /Approved Carried out .*deploy-bot As approved Inside/u,
    );
    assert.match(
      textOf((await portal.browsers.auditor.get(`/records/${index}`)).body),
      /Carried out an approved change CHG-1 Web reaches/u,
    );
    assert.match(
      textOf((await portal.browsers.auditor.get('/policies/kubernetes/NetworkPolicy/payments/allow-web')).body),
      /CHG-1 Web reaches/u,
    );
    assert.match(
      textOf((await portal.browsers.auditor.get('/changes')).body),
      /CHG-1 Web reaches the payments API Approved Carried out/u,
    );
  });

  test('nobody reviews their own, not even with the role for it', async () => {
    const password = 'both roles at once';
    await portal.service.app
      .get(Users)
      .create(systemActor, { name: 'both', displayName: 'Both', roles: ['requester', 'approver'], password });
    const { token } = await portal.service.app.get(Sessions).signIn({ name: 'both', password }, '127.0.0.1');
    const both = new Browser(portal.service.url, token);
    const path = await proposed(both);
    assert.doesNotMatch((await both.get(path)).body, /name="decision"/u);
    const answer = await both.post(`${path}/review`, [['decision', 'approved']]);
    assert.equal(answer.status, 403);
    assert.match(textOf(answer.body), /You proposed this change; somebody else has to review it/u);
    assert.match(textOf((await both.get(path)).body), /Proposed/u);
    assert.equal((await portal.browsers.requester.post(`${path}/review`, [['decision', 'approved']])).status, 403);
  });

  test('a form that cannot be taken comes back as it was, and says what to correct', async () => {
    const wrong = await portal.browsers.requester.post('/changes', form({ title: '' }));
    assert.equal(wrong.status, 400);
    assertDocument(wrong.body, 'form with problems');
    assert.match(textOf(wrong.body), /Title: at least 3 characters are needed/u);
    assert.match(textOf(wrong.body), /Checkout <b>needs<\/b> it\./u);
    const reversed = await portal.browsers.requester.post('/changes', form({ windowTo: ago(day).slice(0, 16) }));
    assert.match(textOf(reversed.body), /Window to: the window must end after it begins/u);
    const broken = await portal.browsers.requester.post('/changes', form({ policy: 'kind: [NetworkPolicy' }));
    assert.equal(broken.status, 400);
    assert.match(textOf(broken.body), /Policy: not readable as one YAML document/u);
    const unknown = await portal.browsers.requester.post(
      '/changes',
      form({ policy: stringify(networkPolicy('payments', 'odd', { podSelector: {}, ingress: 'all' })) }),
    );
    assert.equal(unknown.status, 400);
    assert.match(textOf(unknown.body), /Policy: spec\.ingress/u);
  });
});

describe('the register of policies', () => {
  const place = '/policies/kubernetes/NetworkPolicy/payments/default-deny';
  const fields = (more: Record<string, string> = {}): [string, string][] =>
    Object.entries({
      owner: 'Payments <b>core</b>',
      reason: '',
      expires: '',
      review: '2026-01-31',
      labels: 'pci=yes',
      ...more,
    });

  test('is set by a form, by those who may, and shown with what is overdue', async () => {
    const { requester, auditor } = portal.browsers;
    const answer = await requester.post(`${place}/register`, fields());
    assert.equal(answer.status, 303);
    assert.equal(answer.headers.get('location'), `${place}#register`);
    const { body } = await auditor.get(place);
    assertDocument(body, 'policy with an entry');
    assert.match(textOf(body), /Review overdue.*Payments <b>core<\/b> \(set in the register\)/u);
    assert.doesNotMatch(body, /\/register"/u, 'what is beyond the role is not offered');
    assert.match(textOf((await auditor.get('/policies?needs=review_overdue')).body), /1 of 1 policy/u);
    assert.match((await requester.get(`${place}/register`)).body, /value="2026-01-31"/u);
    assert.equal((await auditor.post(`${place}/register`, fields())).status, 403);
    assert.equal((await auditor.get(`${place}/register`)).status, 403);
  });

  test('a form that cannot be taken comes back as it was', async () => {
    const { requester } = portal.browsers;
    const wrong = await requester.post(`${place}/register`, fields({ expires: 'soon' }));
    assert.equal(wrong.status, 400);
    assertDocument(wrong.body, 'register form with problems');
    assert.match(textOf(wrong.body), /Expires: expected a day/u);
    const labels = await requester.post(`${place}/register`, fields({ labels: 'no pair' }));
    assert.match(textOf(labels.body), /Labels: key=value on each line/u);
    assert.equal((await requester.post(`${place}/register/${'0'.repeat(64)}`, fields())).status, 404);
  });

  test('a draft is held against what is in force, and addresses without a system lead on', async () => {
    const { auditor } = portal.browsers;
    const manifest = stringify(networkPolicy('payments', 'default-deny', { podSelector: {}, ingress: [{}] }));
    const drafted = await auditor.post('/policies/draft', [
      ['action', 'apply'],
      ['policy', manifest],
    ]);
    assert.equal(drafted.status, 200);
    assertDocument(drafted.body, 'draft');
    assert.match(textOf(drafted.body), /Added ingress – allow from anything on every port/u);
    const broken = await auditor.post('/policies/draft', [['policy', 'kind: [']]);
    assert.equal(broken.status, 400);
    assert.match(textOf(broken.body), /Policy: not readable as one YAML document/u);
    assertDocument((await auditor.get(`${place}/diff`)).body, 'diff');
    assertDocument((await auditor.get('/policies/templates')).body, 'templates');
    const old = await auditor.get('/policies/NetworkPolicy/payments/default-deny');
    assert.deepEqual([old.status, old.headers.get('location')], [303, place]);
    assert.equal((await auditor.get('/policies/NetworkPolicy/payments/none')).status, 404);
  });
});

describe('reports', () => {
  test('are asked for by days, watched, read and taken away', async () => {
    const today = ago(0).slice(0, 10);
    const answer = await portal.browsers.auditor.post('/reports', [
      ['framework', 'nist-sp-800-207'],
      ['from', ago(5 * day).slice(0, 10)],
      ['to', today],
      ['segments', 'payments'],
      ['segments', 'back-office'],
    ]);
    assert.equal(answer.status, 303, textOf(answer.body));
    const path = answer.headers.get('location') ?? '';
    assertDocument((await portal.browsers.auditor.get(path)).body, path);
    const deadline = Date.now() + 60_000;
    let progress = { state: 'building' };
    while (progress.state === 'building' && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      progress = JSON.parse((await portal.browsers.auditor.get(`${path}/progress`)).body) as { state: string }; // the API's own word
    }
    assert.equal(progress.state, 'ready');
    for (const look of [path, `${path}?result=not_satisfied`])
      assertDocument((await portal.browsers.auditor.get(look)).body, look);
    const [row] = await portal.service.ground.database.query<{ period_to: Date; segments: string[] }>(
      'SELECT period_to, segments FROM report',
    );
    assert.equal(
      row?.period_to.toISOString(),
      `${ago(-day).slice(0, 10)}T00:00:00.000Z`,
      'the last day belongs to the period',
    );
    assert.deepEqual(row?.segments, ['payments', 'back-office']);
    assert.match(textOf((await portal.browsers.approver.get('/reports')).body), /payments, back-office/u);

    const downloads = await entriesOf(portal.service, 'report.downloaded');
    const pdf = await portal.browsers.approver.download(`${path}/report.pdf`);
    const bundle = await portal.browsers.approver.download(`${path}/package.zip`);
    assert.equal(pdf.bytes.subarray(0, 5).toString(), '%PDF-');
    assert.equal(bundle.bytes.subarray(0, 2).toString(), 'PK');
    assert.match(pdf.headers.get('content-disposition') ?? '', /^attachment; filename="segproof-.*\.pdf"$/u);
    assert.equal(await entriesOf(portal.service, 'report.downloaded'), downloads + 2);
  });

  test('a period that cannot be is refused with the reason', async () => {
    const ask = (from: string, to: string, framework = 'nist-sp-800-207') =>
      portal.browsers.auditor.post('/reports', [
        ['framework', framework],
        ['from', from],
        ['to', to],
      ]);
    const reversed = await ask('2026-11-02', '2026-11-01');
    assert.equal(reversed.status, 400);
    assert.match(textOf(reversed.body), /Last day: the last day comes before the first/u);
    assert.match(
      textOf((await ask('2026-02-30', '2026-03-01')).body),
      /First day: a day such as 2026-11-22 is needed/u,
    );
    assert.match(
      textOf((await ask('2026-11-01', '2026-11-02', 'none')).body),
      /Framework: not a framework of this service/u,
    );
  });
});

test('what is no form, or too large for one, is refused as such', async () => {
  const json = await portal.visitor.post('/sign-in', [], { 'content-type': 'application/json' });
  assert.equal(json.status, 415);
  assertDocument(json.body, 'not a form');
  const large = await portal.browsers.requester.post('/changes', [['policy', 'a'.repeat(1_100_000)]]);
  assert.equal(large.status, 413);
  assertDocument(large.body, 'too large');
});
