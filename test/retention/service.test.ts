import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { ChangeView } from '../../src/changes/changes.js';
import { Clock } from '../../src/context.js';
import { ReportView } from '../../src/evidence/reports.js';
import { verifyPackage } from '../../src/evidence/verify.js';
import { readZip } from '../../src/evidence/zip.js';
import { ErasurePreview } from '../../src/retention/erasure-selection.js';
import { ErasureView } from '../../src/retention/erasures.js';
import { HoldView } from '../../src/retention/holds.js';
import { DueMonth, RemovalView } from '../../src/retention/retention.js';
import { RuleView } from '../../src/retention/rules.js';
import { Api, until } from '../journeys/api.js';
import { defaultDeny, hubbleFlow, networkPolicy, policyWritten, send } from '../portal/sent-records.js';
import { startTestService, type TestService } from '../support/service.js';
import { monthOf, monthsAgo } from './retention-log.js';

const base = '/api/v1/retention';
const RuleList = z.object({ rules: z.array(RuleView) });
const HoldList = z.object({ holds: z.array(HoldView) });
const DueList = z.object({ months: z.array(DueMonth) });
const RemovalList = z.object({ removals: z.array(RemovalView) });
const ErasureList = z.object({ erasures: z.array(ErasureView) });
const person = 'night.owl';
const ago = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();

let now: Date | null = new Date(monthsAgo(4));
let service: TestService;
let admin: Api;
let second: Api;
let approver: Api;
let auditor: Api;
let requester: Api;
let oldFlows: number[];
let written: number[];
let change: ChangeView;
let firstPackage: Buffer;
let firstReport: ReportView;

before(async () => {
  service = await startTestService({ clock: new Clock(() => now ?? new Date()) });
  const hubble = await service.newSource({ name: 'hubble', format: 'hubble' });
  const audit = await service.newSource({ name: 'kube-audit', format: 'kubernetes-audit' });
  const flow = (number: number, time: string): object =>
    hubbleFlow({ time, from: 'shop/web', to: 'payments/api' }, number);
  oldFlows = await send(
    service,
    hubble,
    Array.from({ length: 30 }, (_, at) => flow(at, monthsAgo(4))),
  );
  now = null;
  const api = async (role: 'admin' | 'approver' | 'auditor' | 'requester'): Promise<Api> =>
    new Api(service.url, (await service.signedIn(role)).token);
  [admin, second] = [await api('admin'), await api('admin')];
  [approver, auditor, requester] = [await api('approver'), await api('auditor'), await api('requester')];
  const manifest = networkPolicy('payments', 'default-deny', defaultDeny);
  change = await requester.post(
    '/api/v1/changes',
    { title: 'Deny', reason: 'PAY-7', windowFrom: ago(1), windowTo: ago(-1), items: [{ action: 'create', manifest }] },
    ChangeView,
  );
  await approver.post(`/api/v1/changes/${change.id}/reviews`, { decision: 'approve' }, ChangeView);
  await send(
    service,
    hubble,
    Array.from({ length: 20 }, (_, at) => flow(100 + at, ago(0))),
  );
  written = await send(service, audit, [
    policyWritten(manifest, { time: ago(0), user: 'deployer', verb: 'create', number: 1 }),
    policyWritten(networkPolicy('payments', 'open', { podSelector: {}, ingress: [{}] }), {
      time: ago(0),
      user: person,
      verb: 'create',
      number: 2,
    }),
  ]);
});

after(() => service.stop());

async function report(): Promise<ReportView> {
  const asked = await auditor.send('POST', '/api/v1/reports', {
    frameworkId: 'iso-27001-2022',
    periodFrom: ago(3),
    periodTo: new Date().toISOString(),
  });
  const { id } = ReportView.parse(JSON.parse(asked.text));
  return await until(
    () => auditor.get(`/api/v1/reports/${id}`, ReportView),
    (answer) => answer.state !== 'building',
    { what: 'the report' },
  );
}

describe('retention over HTTP', () => {
  test('rules are set by administrators, and read by those who check', async () => {
    const rule = { keepDays: 60, reason: 'data protection policy 4' };
    for (const api of [approver, auditor, requester]) {
      await api.refused([403, 'not_permitted'], 'PUT', `${base}/rules/flow`, rule);
    }
    await requester.refused([403, 'not_permitted'], 'GET', `${base}/rules`);
    await admin.refused([400, 'invalid_input'], 'PUT', `${base}/rules/record`, { ...rule, keepDays: 29 });
    await admin.refused([400, 'invalid_input'], 'PUT', `${base}/rules/everything`, rule);
    await admin.refused([400, 'invalid_input'], 'PUT', `${base}/rules/flow`, { keepDays: 60 });
    await admin.put(`${base}/rules/flow`, rule, RuleList);
    const { rules } = await auditor.get(`${base}/rules`, RuleList);
    assert.deepEqual(
      rules.map(({ retentionClass, keepDays, fewestDays }) => [retentionClass, keepDays, fewestDays]),
      [
        ['flow', 60, 7],
        ['record', null, 30],
        ['act', null, 365],
      ],
    );
  });

  test('a hold keeps what is due, until somebody else releases it; then the daily job removes it', async () => {
    const hold = await admin.post(
      `${base}/holds`,
      { name: 'Case 12', reason: 'proceedings', scope: { source: 'hubble', to: monthsAgo(3) } },
      HoldView,
    );
    const month = monthOf(monthsAgo(4));
    const held = { retentionClass: 'flow', month, keepDays: 60, heldBy: { id: hold.id, name: 'Case 12' } };
    assert.deepEqual((await auditor.get(`${base}/due`, DueList)).months, [held]);
    await service.ground.jobs.add('retention.apply', {});
    await admin.refused([403, 'not_permitted'], 'POST', `${base}/holds/${hold.id}/release`, { reason: 'settled' });
    await auditor.refused([403, 'not_permitted'], 'POST', `${base}/holds/${hold.id}/release`, { reason: 'settled' });
    assert.equal((await auditor.get(`${base}/holds?active=true`, HoldList)).holds.length, 1);
    await approver.post(`${base}/holds/${hold.id}/release`, { reason: 'settled' }, HoldView);
    assert.equal((await auditor.get(`${base}/holds?active=true`, HoldList)).holds.length, 0);
    await approver.refused([404, 'not_found'], 'POST', `${base}/holds/none/release`, { reason: 'settled' });

    await service.ground.jobs.add('retention.apply', {});
    const [removal] = await until(
      async () => (await auditor.get(`${base}/removals`, RemovalList)).removals,
      (removals) => removals.length > 0,
      { what: 'the removal' },
    );
    assert.deepEqual(
      [removal?.cause, removal?.month, removal?.count, removal?.firstIndex],
      ['rule', month, oldFlows.length, oldFlows[0]],
    );
    const entry = await auditor.get(
      `/log/entries/${oldFlows[0]}`,
      z.object({ salt: z.null(), payload: z.null(), leafHash: z.string() }),
    );
    assert.equal(entry.leafHash.length, 44);
  });

  test('an erasure is previewed, asked for by one person, approved by another, and carried out', async () => {
    firstReport = await report();
    assert.equal(firstReport.state, 'ready', firstReport.failure ?? '');
    firstPackage = await auditor.bytes(`/api/v1/reports/${firstReport.id}/files/package.zip`);
    const selection = { by: 'text', text: person, from: ago(1), to: new Date().toISOString() };
    await auditor.refused([403, 'not_permitted'], 'POST', `${base}/erasure-previews`, selection);
    const preview = await admin.post(`${base}/erasure-previews`, selection, ErasurePreview);
    assert.deepEqual(
      preview.entries.map(({ index, kind }) => [index, kind]),
      [[written[1], 'policy_change']],
    );
    assert.deepEqual(
      preview.reports.map(({ id }) => id),
      [firstReport.id],
    );
    await admin.refused([400, 'invalid_input'], 'POST', `${base}/erasures`, { reason: `about ${person}`, selection });
    await approver.refused([403, 'not_permitted'], 'POST', `${base}/erasures`, { reason: 'case 7', selection });
    const { id } = await admin.post(`${base}/erasures`, { reason: 'case 7', selection }, ErasureView);
    await admin.refused([403, 'not_permitted'], 'POST', `${base}/erasures/${id}/approve`, {});
    await auditor.refused([403, 'not_permitted'], 'POST', `${base}/erasures/${id}/approve`, {});
    const done = await approver.post(`${base}/erasures/${id}/approve`, { comment: 'seen' }, ErasureView);
    assert.deepEqual([done.state, done.removal?.count], ['executed', 1]);
    await second.refused([409, 'conflict'], 'POST', `${base}/erasures/${id}/approve`, {});
    const { records } = await auditor.get(
      `/api/v1/records?kind=policy_change`,
      z.object({ records: z.array(z.object({ index: z.number(), summary: z.string(), flags: z.array(z.string()) })) }),
    );
    const gone = records.find(({ index }) => index === written[1]);
    assert.deepEqual([gone?.summary, gone?.flags], ['The payload is no longer kept', ['payload_gone']]);
    assert.ok(!JSON.stringify(records).includes(person));
    const page = await auditor.send('GET', `/records/${written[1]}`);
    assert.equal(page.status, 200);
    assert.ok(!page.text.includes(person));
  });

  test('a report that held what was erased is withdrawn; what was handed out before still verifies', async () => {
    const withdrawn = await auditor.get(`/api/v1/reports/${firstReport.id}`, ReportView);
    assert.equal(withdrawn.state, 'failed');
    assert.match(withdrawn.failure ?? '', /payloads that were erased/);
    assert.deepEqual(withdrawn.files, []);
    await auditor.refused([404, 'not_found'], 'GET', `/api/v1/reports/${firstReport.id}/files/package.zip`);
    const result = verifyPackage(firstPackage, service.ground.log.verifierKey);
    assert.deepEqual([result.verdict, result.recordsErased], ['verified', 0]);
  });

  test('a report that cites a record without its payload says so, and its package verifies', async () => {
    const selection = { by: 'indices', indices: [change.proposedIndex] };
    const { id } = await second.post(`${base}/erasures`, { reason: 'case 8', selection }, ErasureView);
    await admin.post(`${base}/erasures/${id}/approve`, {}, ErasureView);
    const next = await report();
    assert.equal(next.state, 'ready', next.failure ?? '');
    const bundle = await auditor.bytes(`/api/v1/reports/${next.id}/files/package.zip`);
    const result = verifyPackage(bundle, service.ground.log.verifierKey);
    assert.deepEqual([result.verdict, result.recordsErased, result.problems], ['verified', 1, []]);
    const records = readZip(bundle).entries.find(({ name }) => name === 'records.ndjson');
    const line = String(records?.data)
      .split('\n')
      .find((text) => text.includes(`"index":${change.proposedIndex},`));
    const record = z
      .object({ payload: z.null(), salt: z.null(), erased: z.string().min(1) })
      .parse(JSON.parse(line ?? '{}'));
    assert.match(record.erased, /no longer kept/);
    assert.ok(!bundle.includes('PAY-7'));
  });

  test('the files are written anew by a job, soon after', async () => {
    const { erasures } = await until(
      () => auditor.get(`${base}/erasures`, ErasureList),
      (answer) => answer.erasures.every(({ removal }) => removal === null || removal.filesToRewrite.length === 0),
      // What was in use at first is taken up again 1, 2, 4 and 8 seconds later.
      { what: 'the rewriting of the files', seconds: 40 },
    );
    assert.equal(erasures.length, 2);
  });
});
