import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client } from 'pg';
import { UserView } from '../../src/access/users.js';
import { ChangeView } from '../../src/changes/changes.js';
import { SessionView } from '../../src/access/sessions.js';
import { defaultDeny, networkPolicy } from '../portal/sent-records.js';
import { entriesOf } from '../portal/browser.js';
import { startTestService, type TestService } from '../support/service.js';
import { Api } from './api.js';

/* J4: nobody approves their own change, in the API and below it; what is decided stays decided. */

let service: TestService;
let admin: Api;
let approver: Api;
/** Has both roles: may propose, and may review what others propose. */
let both: Api;
let bothId: string;
const password = 'a password of both roles';

before(async () => {
  service = await startTestService();
  admin = new Api(service.url, (await service.signedIn('admin')).token);
  approver = new Api(service.url, (await service.signedIn('approver')).token);
  const user = { name: 'both.roles', displayName: 'Both Roles', roles: ['requester', 'approver'], password };
  bothId = (await admin.post('/api/v1/users', user, UserView)).id;
  const { token } = await new Api(service.url).post(
    '/api/v1/sessions',
    { name: ' Both.Roles ', password },
    SessionView,
  );
  both = new Api(service.url, token);
});

after(() => service.stop());

async function propose(name: string): Promise<ChangeView> {
  const change = {
    title: `default deny as ${name}`,
    reason: 'a test',
    windowFrom: '2026-11-01T00:00:00Z',
    windowTo: '2026-12-01T00:00:00Z',
    items: [{ action: 'create', manifest: networkPolicy('shop', name, defaultDeny) }],
  };
  return await both.post('/api/v1/changes', change, ChangeView);
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

describe('an approver', () => {
  test('cannot approve nor reject the own change, whatever the roles', async () => {
    const { id } = await propose('own');
    for (const decision of ['approve', 'reject']) {
      await both.refused([403, 'own_change'], 'POST', `/api/v1/changes/${id}/reviews`, { decision, comment: 'mine' });
    }
    const untouched = await both.get(`/api/v1/changes/${id}`, ChangeView);
    assert.deepEqual([untouched.state, untouched.reviews], ['proposed', []]);
    assert.equal(await entriesOf(service, 'change.reviewed'), 0, 'a refused review is no entry of a review');
  });

  test('cannot do it below the API either: the database refuses the service and the owner of the tables', async () => {
    const { id } = await propose('own-by-sql');
    const { serviceUrl, ownerUrl } = service.database;
    for (const url of [serviceUrl, ownerUrl]) {
      await assert.rejects(
        withClient(url, (client) =>
          client.query(
            `INSERT INTO change_review (change_id, reviewer_id, decision, comment, reviewed_at, reviewed_index)
             VALUES ($1, $2, 'approve', '', now(), 0)`,
            [id, bothId],
          ),
        ),
        /nobody reviews their own change/u,
      );
    }
    const reviewed = await approver.post(`/api/v1/changes/${id}/reviews`, { decision: 'approve' }, ChangeView);
    assert.equal(reviewed.state, 'approved');
    // Nor may a review, once given, become another one's or go.
    for (const sql of [
      'UPDATE change_review SET reviewer_id = $1',
      'DELETE FROM change_review WHERE reviewer_id <> $1',
    ]) {
      await assert.rejects(
        withClient(serviceUrl, (client) => client.query(sql, [bothId])),
        /permission denied/u,
      );
    }
  });

  test('decides once: neither the same person nor another can decide again, nor turn a rejection', async () => {
    const { id } = await propose('rejected');
    const silent = await approver.refused([400, 'invalid_input'], 'POST', `/api/v1/changes/${id}/reviews`, {
      decision: 'reject',
    });
    assert.deepEqual(
      silent.errors?.map(({ pointer }) => pointer),
      ['/comment'],
      'a rejection says why',
    );
    const rejected = await approver.post(
      `/api/v1/changes/${id}/reviews`,
      { decision: 'reject', comment: 'too wide' },
      ChangeView,
    );
    assert.deepEqual([rejected.state, rejected.reviews[0]?.comment], ['rejected', 'too wide']);
    const other = new Api(service.url, (await service.signedIn('approver')).token);
    for (const who of [approver, other]) {
      await who.refused([409, 'conflict'], 'POST', `/api/v1/changes/${id}/reviews`, { decision: 'approve' });
    }
  });

  test('of two who decide at the same time, one does', async () => {
    const { id } = await propose('at-once');
    const other = new Api(service.url, (await service.signedIn('approver')).token);
    const answers = await Promise.all(
      (
        [
          [approver, 'approve'],
          [other, 'reject'],
        ] as const
      ).map(([who, decision]) => who.send('POST', `/api/v1/changes/${id}/reviews`, { decision, comment: 'decided' })),
    );
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [201, 409],
    );
    const { reviews, state } = await both.get(`/api/v1/changes/${id}`, ChangeView);
    assert.equal(reviews.length, 1);
    assert.equal(state, reviews[0]?.decision === 'approve' ? 'approved' : 'rejected');
  });

  test('cannot be bypassed: administrators, auditors and requesters do not review, and trying is recorded', async () => {
    const { id } = await propose('bypassed');
    const earlier = await entriesOf(service, 'access.refused');
    const others = [admin];
    for (const role of ['auditor', 'requester'] as const) {
      others.push(new Api(service.url, (await service.signedIn(role)).token));
    }
    for (const who of others) {
      await who.refused([403, 'not_permitted'], 'POST', `/api/v1/changes/${id}/reviews`, { decision: 'approve' });
    }
    assert.equal(await entriesOf(service, 'access.refused'), earlier + others.length);
    assert.equal((await both.get(`/api/v1/changes/${id}`, ChangeView)).state, 'proposed');
  });

  test('of a change that is not there is told so', async () => {
    for (const id of ['00000000-0000-7000-8000-000000000000', 'one', "'; DROP TABLE change; --"]) {
      await approver.refused([404, 'not_found'], 'POST', `/api/v1/changes/${encodeURIComponent(id)}/reviews`, {
        decision: 'approve',
      });
    }
  });
});
