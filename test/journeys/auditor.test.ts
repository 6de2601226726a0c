import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { ChangeView } from '../../src/changes/changes.js';
import { ReportModel } from '../../src/evidence/report-model.js';
import { ReportView } from '../../src/evidence/reports.js';
import { readZip } from '../../src/evidence/zip.js';
import { entriesOf } from '../portal/browser.js';
import { defaultDeny, hubbleFlow, networkPolicy, policyWritten, send } from '../portal/sent-records.js';
import { temporaryDirectory } from '../support/server.js';
import { startTestService, type TestService } from '../support/service.js';
import { Api, until } from './api.js';
import { runCommand, type CommandEnd } from './service-process.js';

/*
 * J2: an auditor signs in, asks for the evidence of one segment against one framework, takes the package home and
 * verifies it with a key received by another way.
 */

const day = 86_400_000;
const ago = (milliseconds: number): string => new Date(Date.now() - milliseconds).toISOString();
const { directory, removeDirectory } = temporaryDirectory();

let service: TestService;
let auditor: Api;
let unauthorisedIndex: number;
let report: ReportView;
let model: ReportModel;
let packageBytes: Buffer;
let pdf: Buffer;

before(async () => {
  service = await startTestService();
  auditor = new Api(service.url, (await service.signedIn('auditor')).token);
  const admin = new Api(service.url, (await service.signedIn('admin')).token);
  const requester = new Api(service.url, (await service.signedIn('requester')).token);
  const approver = new Api(service.url, (await service.signedIn('approver')).token);
  for (const name of ['payments', 'shop']) {
    await admin.put(
      `/api/v1/segments/${name}`,
      { owner: 'Mara', criticality: 'critical', phase: 'enforcing', namespace: name },
      z.object({ name: z.literal(name) }),
    );
  }
  const change = await requester.post(
    '/api/v1/changes',
    {
      title: 'payments denies by default',
      reason: 'PAY-7',
      windowFrom: ago(60_000),
      windowTo: ago(-day),
      items: [{ action: 'create', manifest: networkPolicy('payments', 'default-deny', defaultDeny) }],
    },
    ChangeView,
  );
  await approver.post(`/api/v1/changes/${change.id}/reviews`, { decision: 'approve' }, ChangeView);
  const audit = await service.newSource({ name: 'kube-audit', format: 'kubernetes-audit' });
  const hubble = await service.newSource({ name: 'hubble', format: 'hubble' });
  const allowed = networkPolicy('payments', 'allow-web', {
    podSelector: { matchLabels: { app: 'api' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ protocol: 'TCP', port: 8443 }] }],
  });
  const indices = await send(service, audit, [
    policyWritten(networkPolicy('payments', 'default-deny', defaultDeny), {
      time: ago(0),
      user: 'deployer',
      verb: 'create',
      number: 1,
    }),
    policyWritten(allowed, { time: ago(0), user: 'night.owl', verb: 'create', number: 2 }),
  ]);
  unauthorisedIndex = indices[1] ?? -1;
  await send(
    service,
    hubble,
    Array.from({ length: 40 }, (_, number) =>
      hubbleFlow(
        { time: ago(number * 1000), from: 'shop/web', to: number % 2 === 0 ? 'payments/api' : 'shop/db' },
        number,
      ),
    ),
  );
});

after(async () => {
  removeDirectory();
  await service.stop();
});

async function verify(bytes: Buffer, key = service.ground.log.verifierKey): Promise<CommandEnd> {
  const file = join(directory, 'package.zip');
  writeFileSync(file, bytes);
  // No variable leads to a database or a service: the command has the package and the key.
  return await runCommand(['verify', file, '--key', key]);
}

/** The package with one bit turned, `offset` bytes into the last of the texts, each looked for behind the one before. */
function flipped(texts: readonly string[], offset: number): Buffer {
  let place = 0;
  for (const text of texts) {
    place = packageBytes.indexOf(text, place);
    assert.ok(place > 0, `the package should hold ${text}`);
  }
  const bytes = Buffer.from(packageBytes);
  bytes[place + offset] = (bytes[place + offset] ?? 0) ^ 1;
  return bytes;
}

describe('an auditor', () => {
  test('asks for a segment and a framework, and is given a report', async () => {
    const asked = await auditor.send('POST', '/api/v1/reports', {
      title: 'Payments, this month',
      frameworkId: 'iso-27001-2022',
      periodFrom: ago(30 * day),
      periodTo: ago(-60_000),
      segments: ['payments'],
    });
    assert.equal(asked.status, 202);
    const { id, state } = ReportView.parse(JSON.parse(asked.text));
    assert.equal(state, 'building');
    report = await until(
      () => auditor.get(`/api/v1/reports/${id}`, ReportView),
      (answer) => answer.state !== 'building',
      { what: 'the report' },
    );
    assert.deepEqual([report.state, report.failure], ['ready', null]);
    assert.deepEqual(
      report.files.map(({ name }) => name),
      ['package.zip', 'report.pdf'],
    );
    packageBytes = await auditor.bytes(`/api/v1/reports/${id}/files/package.zip`);
    pdf = await auditor.bytes(`/api/v1/reports/${id}/files/report.pdf`);
    assert.equal(pdf.subarray(0, 5).toString('latin1'), '%PDF-');
    assert.deepEqual(
      report.files.map(({ bytes }) => bytes),
      [packageBytes.length, pdf.length],
    );
  });

  test('reads on the screen what the package holds, the unauthorised change first', async () => {
    model = await auditor.get(`/api/v1/reports/${report.id}/model`, ReportModel);
    const { entries, problems } = readZip(packageBytes);
    assert.deepEqual(problems, []);
    const file = (name: string): Buffer => entries.find((entry) => entry.name === name)?.data ?? Buffer.alloc(0);
    assert.deepEqual(JSON.parse(file('report.json').toString()), model);
    assert.ok(file('report.pdf').equals(pdf), 'the PDF in the package is the one handed out alone');
    assert.deepEqual(
      model.scope.segments.map(({ name }) => name),
      ['payments'],
    );
    assert.deepEqual(
      model.unauthorisedChanges.map(({ index, author }) => ({ index, author })),
      [{ index: unauthorisedIndex, author: 'night.owl' }],
    );
    const requirement = model.requirements.find(({ displayId }) => displayId === 'A.8.32');
    assert.equal(requirement?.result, 'not_satisfied');
    assert.ok(model.records.some(({ index }) => index === unauthorisedIndex));
  });

  test('is handed the same bytes again, and each time is an entry of the log', async () => {
    const earlier = await entriesOf(service, 'report.downloaded');
    const again = await auditor.bytes(`/api/v1/reports/${report.id}/files/package.zip`);
    assert.ok(again.equals(packageBytes));
    assert.equal(await entriesOf(service, 'report.downloaded'), earlier + 1);
  });

  test('verifies the package offline with the key alone', async () => {
    const { code, stdout, stderr } = await verify(packageBytes);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^verified: yes$/mu);
  });

  test('who turns one bit in a record is told the file and the record', async () => {
    const { code, stdout } = await verify(flipped([`{"erased":null,"index":${unauthorisedIndex},`, '"payload":"'], 40));
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`^records\\.ndjson, record ${unauthorisedIndex}: `, 'mu'));
    assert.match(stdout, /^verified: no$/mu);
  });

  test('who turns one bit in the PDF is told so, and no record is blamed', async () => {
    const { code, stdout } = await verify(flipped(['%PDF-'], 3000));
    assert.equal(code, 1);
    assert.match(stdout, /^report\.pdf: /mu);
    assert.doesNotMatch(stdout, /, record \d/u);
  });

  test('with the key of another log is told that nothing can be said', async () => {
    const other = await startTestService();
    const key = other.ground.log.verifierKey;
    await other.stop();
    const { code, stdout } = await verify(packageBytes, key);
    assert.equal(code, 1);
    assert.match(stdout, /signed by another key/u);
    assert.doesNotMatch(stdout, /changed/u, 'a package of another key is not called tampered');
  });

  test('may read and ask for reports, and nothing else; trying is recorded', async () => {
    const earlier = await entriesOf(service, 'access.refused');
    const attempts: readonly (readonly [string, string, object])[] = [
      ['POST', '/api/v1/changes', {}],
      ['POST', `/api/v1/changes/${report.id}/reviews`, { decision: 'approve' }],
      ['POST', '/api/v1/sources', { name: 'mine' }],
      ['POST', '/api/v1/sources/hubble/tokens', {}],
      ['DELETE', '/api/v1/sources/hubble/tokens/abcd', {}],
      ['PUT', '/api/v1/segments/payments', {}],
      ['POST', '/api/v1/users', {}],
    ];
    for (const [method, path, body] of attempts) await auditor.refused([403, 'not_permitted'], method, path, body);
    await auditor.refused([403, 'not_permitted'], 'GET', '/api/v1/users');
    assert.equal(await entriesOf(service, 'access.refused'), earlier + attempts.length + 1);
  });

  test('is refused a report of what there is not', async () => {
    const asked = { frameworkId: 'iso-27001-2022', periodFrom: ago(day), periodTo: ago(0), segments: [] };
    const refused = async (change: object): Promise<string[]> =>
      (await auditor.refused([400, 'invalid_input'], 'POST', '/api/v1/reports', { ...asked, ...change })).errors?.map(
        ({ pointer }) => pointer,
      ) ?? [];
    assert.deepEqual(await refused({ segments: ['elsewhere'] }), ['/segments']);
    assert.deepEqual(await refused({ frameworkId: 'iso-9001' }), ['/frameworkId']);
    assert.deepEqual(await refused({ periodFrom: ago(0), periodTo: ago(day) }), ['/periodTo']);
    assert.ok((await refused({ periodFrom: 'last week' })).includes('/periodFrom'));
    await auditor.refused([404, 'not_found'], 'GET', `/api/v1/reports/${report.id}/files/other.zip`);
    await auditor.refused([400, 'invalid_input'], 'GET', `/api/v1/reports/${report.id}/files/..%2f..%2fetc`);
  });
});
