import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Clock, systemActor } from '../../src/context.js';
import { EnforcementFinder } from '../../src/drift/enforcement-finder.js';
import { HygieneFinder } from '../../src/drift/hygiene-finder.js';
import { ViolationFinder } from '../../src/drift/violation-finder.js';
import type { Cause } from '../../src/findings/finding.js';
import { Segments } from '../../src/inventory/segments.js';
import { Phases } from '../../src/phases/phases.js';
import { hubbleFlow, networkPolicy, policyWritten, send, type SentFlow } from '../portal/sent-records.js';
import { startTestService, type TestService } from '../support/service.js';

/* What the finders make of records, each on a service of its own, with the clock in the test's hand. */

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const start = Date.parse('2026-11-01T08:00:00Z');
const at = (milliseconds: number): string => new Date(milliseconds).toISOString();

class Estate {
  private number = 0;

  private constructor(
    readonly service: TestService,
    private readonly flows: { name: string; token: string },
    private readonly audit: { name: string; token: string },
    private readonly time: { now: number },
  ) {}

  static async open(): Promise<Estate> {
    const time = { now: start };
    const service = await startTestService({
      clock: new Clock(() => new Date(time.now)),
      env: { FINDINGS_SECONDS: '86400' },
    });
    const flows = await service.newSource({ format: 'hubble' });
    return new Estate(service, flows, await service.newSource({ format: 'kubernetes-audit' }), time);
  }

  get now(): number {
    return this.time.now;
  }

  set now(to: number) {
    this.time.now = to;
  }

  async flow(from: string, to: string, verdict: SentFlow['verdict'] = 'FORWARDED', time = this.now): Promise<number> {
    this.number += 1;
    const flow = hubbleFlow({ time: at(time), from, to, ...(verdict === undefined ? {} : { verdict }) }, this.number);
    const [index = -1] = await send(this.service, this.flows, [flow]);
    return index;
  }

  async policy(policy: object, verb: 'create' | 'update' = 'create', time = this.now): Promise<number> {
    this.number += 1;
    const event = policyWritten(policy, { time: at(time), user: 'platform', verb, number: this.number });
    const [index = -1] = await send(this.service, this.audit, [event]);
    return index;
  }

  async segment(phase: 'monitoring' | 'enforcing'): Promise<void> {
    await this.service.app.get(Segments).define(systemActor, 'shop', {
      owner: 'Mara',
      criticality: 'high',
      phase,
      namespace: 'shop',
      matchLabels: {},
    });
  }

  /** As an administrator may, though the criteria do not hold. */
  async enforce(): Promise<void> {
    const admin = { ...systemActor, roles: ['admin'] as const };
    await this.service.app.get(Phases).move(admin, 'shop', { phase: 'enforcing', reason: 'a drill', override: true });
  }

  async find(
    finder: typeof ViolationFinder | typeof EnforcementFinder | typeof HygieneFinder,
  ): Promise<readonly Cause[]> {
    return await this.service.app.get<ViolationFinder>(finder).find(new Date(this.now));
  }
}

const deny = networkPolicy('shop', 'deny', { podSelector: {}, policyTypes: ['Ingress'] });
const allow = (name: string, from: string, to: string, more: object = {}): object => {
  const policy = networkPolicy('shop', name, {
    podSelector: { matchLabels: { app: to } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: { matchLabels: { app: from } } }], ports: [{ port: 8443 }] }],
  });
  return { ...policy, metadata: { namespace: 'shop', name, ...more } };
};
const texts = (causes: readonly Cause[]): string[] => causes.map(({ title, severity }) => `${severity} ${title}`);

describe('violations', () => {
  let estate: Estate;
  before(async () => {
    estate = await Estate.open();
    await estate.segment('enforcing');
  });
  after(() => estate.service.stop());

  test('flows of before a policy denied them, or of the minute in which it did, are none', async () => {
    await estate.flow('shop/web', 'shop/api');
    await estate.flow('shop/batch', 'shop/api');
    estate.now += day;
    await estate.policy(deny);
    await estate.policy(allow('web', 'web', 'api'));
    estate.now += 30_000;
    await estate.flow('shop/batch', 'shop/api');
    await estate.flow('shop/web', 'shop/api');
    assert.deepEqual(await estate.find(ViolationFinder), []);
  });

  test('a flow that passed although every policy in force denied it is one, with its entry and who denied it', async () => {
    estate.now += 10 * minute;
    const index = await estate.flow('shop/batch', 'shop/api');
    await estate.flow('shop/batch', 'shop/api', 'DROPPED');
    const [found, ...others] = await estate.find(ViolationFinder);
    assert.deepEqual(others, []);
    assert.deepEqual(texts(found === undefined ? [] : [found]), [
      'high Flows from shop to shop on tcp 8443 passed, and no policy allows them',
    ]);
    assert.equal(found?.segment, 'shop');
    assert.deepEqual(found.facts['deniedBy'], ['NetworkPolicy shop/deny', 'NetworkPolicy shop/web']);
    assert.deepEqual(found.facts['entries'], [index]);
    assert.equal(found.occurredAt, at(estate.now));
  });

  test('it is gone when a policy allows the flow, and after a week without one', async () => {
    const { now } = estate;
    estate.now += minute;
    await estate.policy(allow('batch', 'batch', 'api'));
    assert.deepEqual(await estate.find(ViolationFinder), []);
    estate.now += minute;
    await estate.policy(allow('batch', 'nobody', 'api'), 'update');
    assert.equal((await estate.find(ViolationFinder)).length, 1);
    estate.now = now + 8 * day;
    assert.deepEqual(await estate.find(ViolationFinder), []);
  });

  test('many ends that one source was denied are pressure', async () => {
    for (let target = 0; target < 19; target++) await estate.flow('lab/scanner', `shop/t${target}`, 'DROPPED');
    assert.deepEqual(await estate.find(ViolationFinder), []);
    await estate.flow('lab/scanner', 'shop/t19', 'DROPPED');
    assert.deepEqual(texts(await estate.find(ViolationFinder)), ['high k8s:lab/scanner looks around in shop']);
    estate.now += day + hour;
    assert.deepEqual(await estate.find(ViolationFinder), []);
  });
});

describe('enforcement that is off', () => {
  let estate: Estate;
  before(async () => {
    estate = await Estate.open();
  });
  after(() => estate.service.stop());

  test('is no matter of a segment that is monitored', async () => {
    await estate.segment('monitoring');
    await estate.flow('shop/web', 'shop/api', 'AUDIT');
    assert.deepEqual(await estate.find(EnforcementFinder), []);
  });

  test('is an enforcing segment without default denial, until a policy gives it', async () => {
    estate.now += hour;
    await estate.enforce();
    const [found] = await estate.find(EnforcementFinder);
    assert.equal(found?.title, 'shop does not deny by default');
    assert.deepEqual(found.facts['ingressOpen'], ['k8s:shop/api', 'k8s:shop/web']);
    await estate.policy(networkPolicy('shop', 'deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }));
    assert.deepEqual(await estate.find(EnforcementFinder), []);
    await estate.policy(networkPolicy('shop', 'open', { podSelector: {}, policyTypes: ['Egress'], egress: [{}] }));
    const [opened] = await estate.find(EnforcementFinder);
    assert.deepEqual(opened?.facts['openedBy'], ['NetworkPolicy shop/open']);
    await estate.policy(networkPolicy('shop', 'open', { podSelector: {}, policyTypes: ['Egress'] }), 'update');
    assert.deepEqual(await estate.find(EnforcementFinder), []);
  });

  test('is an audit verdict there, until denials are enforced again or none came for a day', async () => {
    estate.now += hour;
    await estate.flow('shop/web', 'shop/api', 'AUDIT');
    assert.deepEqual(texts(await estate.find(EnforcementFinder)), ['high shop only reports what it should deny']);
    const { now } = estate;
    estate.now += 30 * minute;
    await estate.flow('shop/web', 'shop/api', 'DROPPED');
    assert.equal((await estate.find(EnforcementFinder)).length, 1);
    estate.now = now + 2 * hour;
    await estate.flow('shop/web', 'shop/api', 'DROPPED');
    assert.deepEqual(await estate.find(EnforcementFinder), []);
  });

  test('is a host switched to visibility', async () => {
    const illumio = await estate.service.newSource({ format: 'illumio' });
    const switched = (number: number, before: string, mode: string) => ({
      href: `/orgs/1/events/${number}`,
      timestamp: at(estate.now + number * 1000),
      pce_fqdn: 'pce.shop',
      created_by: { user: { href: '/users/1', username: 'ada@shop' } },
      event_type: 'workload.update',
      status: 'success',
      severity: 'info',
      action: { uuid: `a${number}`, api_method: 'PUT', http_status_code: 204, src_ip: '10.0.0.1' },
      resource_changes: [
        {
          uuid: `c${number}`,
          resource: { workload: { href: '/orgs/1/workloads/db-7', hostname: 'db-7' } },
          changes: { enforcement_mode: { before, after: mode } },
          change_type: 'update',
        },
      ],
      notifications: [],
      version: 2,
    });
    await send(estate.service, illumio, [switched(1, 'visibility_only', 'full')]);
    assert.deepEqual(await estate.find(EnforcementFinder), []);
    const [index] = await send(estate.service, illumio, [switched(2, 'full', 'visibility_only')]);
    const [found] = await estate.find(EnforcementFinder);
    assert.equal(found?.title, 'db-7 was switched from full to visibility_only');
    assert.deepEqual(found.facts['entries'], [index]);
    await send(estate.service, illumio, [switched(3, 'visibility_only', 'full')]);
    assert.deepEqual(await estate.find(EnforcementFinder), []);
  });
});

describe('hygiene', () => {
  let estate: Estate;
  before(async () => {
    estate = await Estate.open();
    await estate.policy(deny);
    await estate.policy(allow('web', 'web', 'api', { annotations: { 'segproof.dev/owner': 'Mara' } }));
    await estate.policy(allow('batch', 'batch', 'db'));
    await estate.flow('shop/web', 'shop/api');
    await estate.flow('shop/batch', 'shop/db');
  });
  after(() => estate.service.stop());

  const of = async (check: string): Promise<readonly Cause[]> =>
    (await estate.find(HygieneFinder)).filter(({ facts }) => facts['check'] === check);

  test('names policies that nobody owns, unless a segment does', async () => {
    assert.deepEqual(texts(await of('no-owner')), [
      'low No owner: NetworkPolicy shop/batch',
      'low No owner: NetworkPolicy shop/deny',
    ]);
    await estate.segment('enforcing');
    assert.deepEqual(await of('no-owner'), []);
  });

  test('names what selects nothing, says what no selector finds, and links the entry', async () => {
    const index = await estate.policy(allow('ghost', 'web', 'ghost'));
    const [found] = await of('selects-nothing');
    assert.equal(found?.title, 'Selects nothing: NetworkPolicy shop/ghost');
    assert.deepEqual([found.facts['entries'], found.segment], [[index], 'shop']);
    assert.equal((await of('orphan-label')).length, 1);
  });

  test('does not call a default denial redundant, nor judge what is selected by labels of namespaces', async () => {
    assert.deepEqual(await of('redundant-policy'), []);
    const team = [{ namespaceSelector: { matchLabels: { team: 'red' } } }];
    await estate.policy(
      networkPolicy('shop', 'team', { podSelector: { matchLabels: { app: 'api' } }, ingress: [{ from: team }] }),
    );
    for (const check of ['rule-selects-nothing', 'redundant-rule', 'vacuous', 'redundant-policy']) {
      const names = JSON.stringify((await of(check)).map(({ title }) => title));
      assert.doesNotMatch(names, /shop\/team/u, check);
    }
  });

  test('names the review and the end that have passed', async () => {
    const dated = { 'segproof.dev/review': '2026-11-20', 'segproof.dev/expires': '2026-11-25T12:00:00Z' };
    await estate.policy(allow('dated', 'web', 'db', { annotations: dated }));
    assert.deepEqual([(await of('review-overdue')).length, (await of('expired')).length], [0, 0]);
    estate.now = Date.parse('2026-11-21T00:00:00Z');
    assert.deepEqual([(await of('review-overdue')).length, (await of('expired')).length], [1, 0]);
    estate.now = Date.parse('2026-11-25T12:00:01Z');
    assert.deepEqual([(await of('review-overdue')).length, (await of('expired')).length], [1, 1]);
  });

  test('names rules that no flow used for thirty days, not those that were used or edited since', async () => {
    assert.deepEqual(await of('unused'), []);
    estate.now = start + 29 * day;
    await estate.flow('shop/web', 'shop/api');
    estate.now = start + 32 * day;
    const unused = (await of('unused')).map(({ title }) => title);
    assert.ok(unused.includes('Unused: NetworkPolicy shop/batch'), JSON.stringify(unused));
    assert.ok(!unused.includes('Unused: NetworkPolicy shop/web'));
    await estate.policy(allow('batch', 'batch', 'api'), 'update');
    assert.ok(!(await of('unused')).some(({ title }) => title.endsWith('shop/batch')));
    estate.now += 31 * day;
    const [again] = (await of('unused')).filter(({ title }) => title.endsWith('shop/batch'));
    assert.match(again?.detail ?? '', /an earlier version of the policy was used/u);
  });
});
