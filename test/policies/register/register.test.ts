import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { Clock, systemActor } from '../../../src/context.js';
import { Segments } from '../../../src/inventory/segments.js';
import { PolicyDiff } from '../../../src/policies/policy-diffs.js';
import { PolicyEntry, PolicyLine } from '../../../src/policies/register/register-view.js';
import { PolicyTemplate } from '../../../src/policies/templates.js';
import type { IssuedToken } from '../../../src/ingestion/sources.js';
import { hubbleFlow } from '../../portal/sent-records.js';
import { startTestService, type TestService } from '../../support/service.js';
import { apiOf, audited, sendRecords } from './audit-events.js';

type Api = ReturnType<typeof apiOf>;

let now = new Date('2026-11-20T12:00:00Z');
let service: TestService;
let requester: Api;
let auditor: Api;
let audit: IssuedToken;
const policies = z.object({ policies: z.array(PolicyLine) });
const place = '/api/v1/policies/kubernetes/NetworkPolicy/shop/api';

function apiPolicy(spec: object, annotations?: Record<string, string>) {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: 'shop', name: 'api', ...(annotations === undefined ? {} : { annotations }) },
    spec: { podSelector: { matchLabels: { app: 'api' } }, policyTypes: ['Ingress'], ...spec },
  };
}

const fromWeb = { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 8443 }] };
const fromWorker = { from: [{ podSelector: { matchLabels: { app: 'worker' } } }], ports: [{ port: 8443 }] };

async function wrote(object: Parameters<typeof audited>[0]['object'], time: string, resource = 'networkpolicies') {
  await sendRecords(service, audit, [audited({ object, resource, verb: 'update', time })]);
}

before(async () => {
  service = await startTestService({ clock: new Clock(() => now) });
  requester = apiOf(service, await service.signedIn('requester'));
  auditor = apiOf(service, await service.signedIn('auditor'));
  audit = await service.newSource({ format: 'kubernetes-audit' });
  await service.app.get(Segments).define(systemActor, 'shop', {
    owner: 'Team Shop',
    criticality: 'high',
    phase: 'enforcing',
    namespace: 'shop',
    matchLabels: {},
  });
  const hubble = await service.newSource({ format: 'hubble' });
  await sendRecords(
    service,
    hubble,
    ['shop/web', 'shop/worker'].map((from, at) =>
      hubbleFlow({ time: '2026-11-19T12:00:00.000000000Z', from, to: 'shop/api' }, at),
    ),
  );
  await wrote(apiPolicy({ ingress: [fromWeb, fromWorker] }), '2026-11-20T10:00:00.000000Z');
});

after(() => service.stop());

describe('the register', () => {
  test('has the owner of the segment until somebody is named, and says what is missing', async () => {
    const entry = await auditor.get(`${place}/register`, PolicyEntry);
    assert.deepEqual(entry.held.owner, { value: 'Team Shop', from: 'segment' });
    assert.deepEqual([entry.segments, entry.held.flags], [['shop'], ['no_reason']]);
    assert.deepEqual(
      entry.rules?.map(({ text, direction }) => `${direction}: ${text}`),
      ['ingress: allow from pods app=web on TCP 8443', 'ingress: allow from pods app=worker on TCP 8443'],
    );
  });

  test('takes what people set, with what was there before in the log, from those who may', async () => {
    const input = { owner: 'rita', reason: 'Checkout', expires: null, review: '2026-11-19', labels: { tier: 'gold' } };
    assert.equal((await auditor.send('PUT', `${place}/register`, input)).status, 403);
    const { status, body } = await requester.send('PUT', `${place}/register`, input);
    assert.equal(status, 200);
    const { held, mark } = PolicyEntry.parse(body);
    assert.deepEqual(held.owner, { value: 'rita', from: 'register' });
    assert.deepEqual(held.flags, ['review_overdue']);
    assert.match(mark?.by ?? '', /^requester/u);
    await requester.send('PUT', `${place}/register`, { ...input, review: '2027-01-31' });
    const [row] = await service.ground.database.query<{ payload: Buffer }>(
      `SELECT payload FROM log_entry WHERE kind = 'policy.register_set' ORDER BY index DESC LIMIT 1`,
    );
    const said = z
      .object({
        before: z.object({ review: z.string() }),
        set: z.object({ review: z.string() }),
        by: z.object({ name: z.string() }),
      })
      .parse(JSON.parse(row?.payload.toString() ?? '{}'));
    assert.deepEqual([said.before.review, said.set.review], ['2026-11-19', '2027-01-31']);
    const found = await auditor.get('/api/v1/policies?label=tier%3Dgold&owner=Rita', policies);
    assert.deepEqual(
      found.policies.map(({ name }) => name),
      ['api'],
    );
    assert.equal((await requester.send('PUT', `${place}/register`, { expires: 'tomorrow' })).status, 400);
    assert.equal(
      (await requester.send('PUT', '/api/v1/policies/kubernetes/NetworkPolicy/shop/none/register', input)).status,
      404,
    );
  });

  test('keeps the entry of a rule that is moved or spelled otherwise, and expires it in time', async () => {
    const { rules } = await auditor.get(`${place}/register`, PolicyEntry);
    const worker = rules?.[1];
    assert.ok(worker);
    const set = await requester.send('PUT', `${place}/register/rules/${worker.digest}`, {
      owner: 'will',
      expires: '2026-11-20T14:00:00Z',
    });
    assert.equal(set.status, 200);
    const moved = {
      from: [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['worker'] }] } }],
      ports: [{ protocol: 'TCP', port: 8443 }],
    };
    await wrote(apiPolicy({ ingress: [moved, fromWeb] }), '2026-11-20T10:10:00.000000Z');
    const again = await auditor.get(`${place}/register`, PolicyEntry);
    assert.equal(again.versions, 2);
    assert.deepEqual(
      again.rules?.map(({ held, text }) => [text.includes('worker'), held.owner?.value, held.flags]),
      [
        [true, 'will', []],
        [false, 'rita', []],
      ],
    );
    now = new Date('2026-11-20T15:00:00Z');
    const { policies: expired } = await auditor.get('/api/v1/policies?flag=expired', policies);
    assert.deepEqual(
      expired.map(({ name, rulesFlagged }) => [name, rulesFlagged]),
      [['api', 1]],
    );
    await wrote(apiPolicy({ ingress: [fromWeb] }), '2026-11-20T10:20:00.000000Z');
    const gone = (await auditor.get(`${place}/register`, PolicyEntry)).rules?.find(({ present }) => !present);
    assert.deepEqual([gone?.text, gone?.held.flags], [worker.text, []]);
    assert.equal((await requester.send('PUT', `${place}/register/rules/${'0'.repeat(64)}`, {})).status, 404);
  });

  test('leaves the last word to the object', async () => {
    await wrote(
      apiPolicy(
        { ingress: [fromWeb] },
        { 'segproof.dev/owner': 'olga', 'segproof.dev/review': '2026-11-19', 'segproof.dev/expires': 'never' },
      ),
      '2026-11-20T10:30:00.000000Z',
    );
    const { held } = await auditor.get(`${place}/register`, PolicyEntry);
    assert.deepEqual(held.owner, { value: 'olga', from: 'object' });
    assert.deepEqual([held.review?.value, held.expires, held.flags], ['2026-11-19', null, ['review_overdue']]);
    const refused = await requester.send('PUT', `${place}/register`, { owner: 'rita' });
    assert.equal(refused.status, 400);
    assert.match(JSON.stringify(refused.body), /"\/owner".*olga/u);
  });
});

describe('a diff', () => {
  test('tells two versions apart by the paths that open and close, and by rules in words', async () => {
    const diff = await auditor.get(`${place}/diff?from=1&to=3`, PolicyDiff);
    assert.deepEqual(diff.counts, { opened: 0, changed: 0, closed: 1 });
    assert.deepEqual(diff.paths, [
      { change: 'closed', source: 'k8s:shop/worker', destination: 'k8s:shop/api', gained: '', lost: 'TCP 8443' },
    ]);
    assert.deepEqual(
      diff.rules.map(({ change, before: was }) => [change, was]),
      [['removed', 'allow from pods app=worker on TCP 8443']],
    );
    const same = await auditor.get(`${place}/diff?to=2`, PolicyDiff);
    assert.deepEqual([same.sameMeaning, same.from.version, same.paths, same.rules], [true, 1, [], []]);
    const first = await auditor.get(`${place}/diff?from=0&to=1`, PolicyDiff);
    assert.ok(first.counts.closed > 0, 'a first policy isolates what was open');
    assert.ok(first.counts.changed === 2, 'web and worker keep one port');
    assert.equal((await auditor.send('GET', `${place}/diff?from=1&to=9`)).status, 404);
  });

  test('holds a draft against what is in force, and stores nothing', async () => {
    const size = (await service.ground.log.head()).size;
    const manifest = apiPolicy({ ingress: [{ ...fromWeb, ports: [{ port: 8443 }, { port: 9090 }] }] });
    const { status, body } = await auditor.send('POST', '/api/v1/policies/diff', { manifest });
    assert.equal(status, 200, JSON.stringify(body));
    const diff = PolicyDiff.parse(body);
    assert.deepEqual(diff.counts, { opened: 0, changed: 1, closed: 0 });
    assert.deepEqual([diff.paths[0]?.gained, diff.rules[0]?.change], ['TCP 9090', 'changed']);
    const gone = await auditor.send('POST', '/api/v1/policies/diff', { action: 'delete', manifest });
    assert.ok(PolicyDiff.parse(gone.body).counts.opened > 0, 'without the policy everything is open');
    const wrong = await auditor.send('POST', '/api/v1/policies/diff', { manifest: 'kind: [' });
    assert.equal(wrong.status, 400);
    const refused = await auditor.send('POST', '/api/v1/policies/diff', {
      manifest: apiPolicy({ ingress: [{ ports: [{ port: 99_999 }] }] }),
    });
    assert.match(JSON.stringify(refused.body), /\/manifest\/spec\/ingress\/0\/ports\/0/u);
    assert.equal((await service.ground.log.head()).size, size);
  });
});

test('templates say which intents are made from them, and what enforces those', async () => {
  const template = {
    apiVersion: 'segproof.dev/v1',
    kind: 'IntentTemplate',
    metadata: { name: 'web-service' },
    spec: {
      description: 'A service behind the web tier',
      parameters: [{ name: 'namespace' }, { name: 'port', default: 8443 }],
      intent: {
        tiers: {
          web: { namespaces: ['${namespace}'], labels: { app: 'web' } },
          api: { namespaces: ['${namespace}'], labels: { app: 'api' } },
        },
        rules: [{ from: 'web', to: 'api', ports: ['${port}'] }],
      },
    },
  };
  const intent = (template: string) => ({
    apiVersion: 'segproof.dev/v1',
    kind: 'Intent',
    metadata: { name: 'shop-web' },
    spec: { template, parameters: { namespace: 'shop' }, owner: 'Team Shop', reason: 'Orders', review: '2026-01-31' },
  });
  const enforcing = {
    ...apiPolicy({ ingress: [fromWeb] }, { 'segproof.dev/intent': 'shop-web' }),
    metadata: { namespace: 'shop', name: 'shop-web.api', annotations: { 'segproof.dev/intent': 'shop-web' } },
  };
  await wrote(template, '2026-11-20T11:00:00.000000Z', 'intenttemplates');
  await wrote(intent('web-service'), '2026-11-20T11:01:00.000000Z', 'intents');
  await wrote(enforcing, '2026-11-20T11:02:00.000000Z');
  const { templates } = await auditor.get(
    '/api/v1/policies/templates',
    z.object({ templates: z.array(PolicyTemplate) }),
  );
  assert.deepEqual(
    templates.map(({ name, inForce, parameters, uses }) => [
      name,
      inForce,
      parameters.map((one) => [one.name, one.required]),
      uses.map((use) => [use.intent, use.versions, use.problems, use.enforcedBy.map((one) => one.name)]),
    ]),
    [
      [
        'web-service',
        true,
        [
          ['namespace', true],
          ['port', false],
        ],
        [['shop-web', [1], [], ['shop-web.api']]],
      ],
    ],
  );
  const entry = await auditor.get('/api/v1/policies/segproof/Intent/-/shop-web/register', PolicyEntry);
  assert.deepEqual(
    [entry.held.owner, entry.held.flags, entry.rules?.map(({ text }) => text)],
    [{ value: 'Team Shop', from: 'object' }, ['review_overdue'], ['allow from web to api on 8443']],
  );
  await wrote(intent('missing'), '2026-11-20T11:03:00.000000Z', 'intents');
  const { templates: later } = await auditor.get(
    '/api/v1/policies/templates',
    z.object({ templates: z.array(PolicyTemplate) }),
  );
  assert.deepEqual(
    later.map(({ name, inForce, uses }) => [name, inForce, uses[0]?.problems.length]),
    [
      ['missing', false, 1],
      ['web-service', true, 1],
    ],
  );
});
