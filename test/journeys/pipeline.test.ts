import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { z } from 'zod';
import { ChangeView } from '../../src/changes/changes.js';
import { Clock, type Role } from '../../src/context.js';
import { AssessmentView } from '../../src/controls/assessments.js';
import { IngestAnswer } from '../../src/ingestion/ingest.js';
import { IssuedToken } from '../../src/ingestion/sources.js';
import { SegmentView } from '../../src/inventory/segments.js';
import { PolicyVersion } from '../../src/policies/policies.js';
import { Browser } from '../portal/browser.js';
import { textOf } from '../portal/html.js';
import { networkPolicy, policyWritten } from '../portal/sent-records.js';
import { startTestService, type TestService } from '../support/service.js';
import { Api, problemOf, until } from './api.js';

/*
 * J5: a deployment job carries out what was approved; the audit webhook of the API server says so; the same policy
 * edited by hand at night is an unauthorised change.
 */

const minute = 60_000;
const hour = 60 * minute;
let now = Date.parse('2026-11-20T09:00:00Z');
const at = (milliseconds: number): string => new Date(milliseconds).toISOString();

const approved = networkPolicy('shop', 'web-to-api', {
  podSelector: { matchLabels: { app: 'api' } },
  policyTypes: ['Ingress'],
  ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ protocol: 'TCP', port: 8443 }] }],
});
const opened = networkPolicy('shop', 'web-to-api', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] });

let service: TestService;
let requester: Api;
let approver: Api;
let webhook: (events: readonly object[]) => Promise<IngestAnswer>;
let change: ChangeView;

before(async () => {
  service = await startTestService({ clock: new Clock(() => new Date(now)) });
  const admin = await signedIn('admin');
  requester = await signedIn('requester');
  approver = await signedIn('approver');
  await admin.put(
    '/api/v1/segments/shop',
    { owner: 'Mara', criticality: 'high', phase: 'enforcing', namespace: 'shop' },
    SegmentView,
  );
  const { name, token } = await admin.post(
    '/api/v1/sources',
    { name: 'kube-audit', format: 'kubernetes-audit' },
    IssuedToken,
  );
  const sender = new Api(service.url, token);
  // The body of the audit webhook: an EventList, over and over until it is answered with 2xx.
  webhook = async (events) => {
    const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items: events };
    const answer = await sender.post(`/ingest/v1/${name}`, list, IngestAnswer);
    await service.followed();
    return answer;
  };
});

after(() => service.stop());

async function signedIn(role: Role): Promise<Api> {
  return new Api(service.url, (await service.signedIn(role)).token);
}

/** What an auditor who signs in a minute later is told. */
async function assessment(): Promise<AssessmentView> {
  now += minute;
  const auditor = await signedIn('auditor');
  return await auditor.get('/api/v1/frameworks/iso-27001-2022/assessment', AssessmentView);
}

async function changeApproval(): Promise<AssessmentView['controls'][number]> {
  const control = (await assessment()).controls.find(({ controlId }) => controlId === 'change-approval');
  assert.ok(control);
  return control;
}

describe('a pipeline', () => {
  test('proposes what it will apply, and another person approves it', async () => {
    const proposal = {
      title: 'web may reach the API',
      reason: 'SHOP-118',
      windowFrom: at(now),
      windowTo: at(now + 2 * hour),
      items: [{ action: 'create', manifest: stringify(approved) }],
    };
    change = await requester.post('/api/v1/changes', proposal, ChangeView);
    assert.deepEqual([change.state, change.reviews], ['proposed', []]);
    now += minute;
    change = await approver.post(`/api/v1/changes/${change.id}/reviews`, { decision: 'approve' }, ChangeView);
    assert.equal(change.state, 'approved');
    assert.deepEqual(
      change.reviews.map(({ decision }) => decision),
      ['approve'],
    );
    assert.ok((change.reviews[0]?.reviewedIndex ?? 0) > change.proposedIndex, 'both are entries of the log, in order');
  });

  test('a manifest that cannot be read is refused with the place of the fault', async () => {
    const broken = stringify(networkPolicy('shop', 'x', { podSelector: {}, ingress: [{ ports: [{ port: 70_000 }] }] }));
    const answer = await requester.send('POST', '/api/v1/changes', {
      title: 'broken',
      reason: 'broken',
      windowFrom: at(now),
      windowTo: at(now + hour),
      items: [{ action: 'create', manifest: broken }],
    });
    const problem = problemOf(answer);
    assert.equal(problem.status, 400);
    assert.match(problem.errors?.[0]?.pointer ?? '', /^\/items\/0\/manifest\/spec\/ingress\/0\/ports\/0/u);
  });

  test('what it applies is matched with what was approved, by content', async () => {
    now += minute;
    const create = policyWritten(approved, { time: at(now), user: 'deployer', verb: 'create', number: 1 });
    const { appended } = await webhook([create]);
    assert.equal(appended, 1);
    // The webhook was not answered in time, so it sends the same once more.
    assert.equal((await webhook([create])).duplicate, 1);
    const { versions } = await approver.get(
      '/api/v1/policies/kubernetes/NetworkPolicy/shop/web-to-api',
      z.object({ versions: z.array(PolicyVersion) }),
    );
    assert.deepEqual(
      versions.map(({ version, action, author, digest }) => ({ version, action, author, digest })),
      [{ version: 1, action: 'create', author: 'deployer', digest: change.items[0]?.digest }],
    );
    const control = await changeApproval();
    assert.deepEqual([control.examined, control.passed, control.observations], [1, 1, []]);
  });

  test('dry runs and refused attempts are records, and no policy changes', async () => {
    const event = (number: number): object =>
      policyWritten(opened, { time: at(now), user: 'curious', verb: 'update', number });
    const { appended } = await webhook([
      { ...event(2), requestURI: '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/web-to-api?dryRun=All' },
      { ...event(3), responseStatus: { metadata: {}, code: 403, status: 'Failure' } },
    ]);
    assert.equal(appended, 2);
    const control = await changeApproval();
    assert.deepEqual([control.examined, control.passed, control.observations], [1, 1, []]);
  });

  test('the policy edited by hand at night is an unauthorised change, with its record', async () => {
    now += minute;
    const { receipts } = await webhook([
      policyWritten(opened, { time: at(now), user: 'night.owl', verb: 'update', number: 4 }),
    ]);
    const control = await changeApproval();
    assert.deepEqual([control.result, control.examined, control.passed], ['not_satisfied', 2, 1]);
    const [observation, ...others] = control.observations;
    assert.deepEqual(others, []);
    assert.match(observation?.statement ?? '', /update of NetworkPolicy shop\/web-to-api by night\.owl/u);
    assert.equal(observation?.citations[0]?.index, receipts[0]?.index);
    const { requirements } = await assessment();
    assert.equal(requirements.find(({ displayId }) => displayId === 'A.8.32')?.result, 'not_satisfied');
    const { token } = await service.signedIn('approver');
    await until(
      async () => textOf((await new Browser(service.url, token).get('/')).body),
      (text) => text.includes('shop/web-to-api was updated without an approved change'),
      { what: 'the finding on the home page', seconds: 15 },
    );
  });

  test('the approved content outside of its window is unauthorised too', async () => {
    now += 3 * hour;
    await webhook([
      policyWritten(networkPolicy('shop', 'web-to-api', {}), { time: at(now), user: 'd', verb: 'create', number: 5 }),
      policyWritten(approved, { time: at(now), user: 'deployer', verb: 'create', number: 6 }),
    ]);
    const control = await changeApproval();
    assert.deepEqual([control.examined, control.passed], [4, 1]);
    assert.equal(control.observations.filter(({ statement }) => /lies outside/u.test(statement)).length, 1);
  });
});
