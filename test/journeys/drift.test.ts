import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { z } from 'zod';
import { ChangeView } from '../../src/changes/changes.js';
import { Clock, type Role } from '../../src/context.js';
import { BaselineView } from '../../src/drift/baselines.js';
import type { FindingView } from '../../src/findings/finding.js';
import { FindingPage } from '../../src/findings/findings.js';
import { hubbleFlow, networkPolicy, policyWritten, send } from '../portal/sent-records.js';
import { startTestService, type TestService } from '../support/service.js';
import { Api, until } from './api.js';

/*
 * J5 and J7: policies come in from the audit log of the API server; what somebody edits by hand at night is drift, with
 * the paths it opens, until it is reverted, covered by a change, or accepted.
 */

const minute = 60_000;
const hour = 60 * minute;
let now = Date.parse('2026-11-20T09:00:00Z');
const at = (milliseconds: number): string => new Date(milliseconds).toISOString();

const webToApi = (clients: object[]): object =>
  networkPolicy('shop', 'web-to-api', {
    podSelector: { matchLabels: { app: 'api' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: clients.map((matchLabels) => ({ podSelector: { matchLabels } })), ports: [{ port: 8443 }] }],
  });
const intended = webToApi([{ app: 'web' }]);
const opened = webToApi([{ app: 'web' }, { app: 'batch' }]);
const denied = networkPolicy('shop', 'deny', { podSelector: {}, policyTypes: ['Ingress'] });

/** What a drift finding says besides its words. */
const DriftFacts = z.looseObject({
  cause: z.enum(['edit', 'not_carried_out']),
  entries: z.array(z.number()),
  gained: z.object({ pairs: z.number(), listed: z.array(z.record(z.string(), z.string())) }),
  lost: z.object({ pairs: z.number(), listed: z.array(z.record(z.string(), z.string())) }),
  blastRadius: z.object({
    before: z.object({ mean: z.number(), max: z.number() }),
    after: z.object({ mean: z.number(), max: z.number() }),
  }),
  workloads: z.array(z.object({ workload: z.string(), before: z.number(), after: z.number() })),
});

let service: TestService;
let audit: { name: string; token: string };
let number = 0;

before(async () => {
  service = await startTestService({
    clock: new Clock(() => new Date(now)),
    env: { FINDINGS_SECONDS: '1' },
  });
  audit = await service.newSource({ format: 'kubernetes-audit' });
  const flows = await service.newSource({ format: 'hubble' });
  const pairs = [
    ['shop/web', 'shop/api'],
    ['shop/batch', 'shop/db'],
  ] as const;
  await send(
    service,
    flows,
    pairs.map(([from, to], flow) => hubbleFlow({ time: at(now), from, to }, flow + 1)),
  );
  await written(denied, 'create', 'platform');
  await written(intended, 'create', 'platform');
});

after(() => service.stop());

/** Signed in anew: hours pass here, and sessions end. */
async function as(role: Role): Promise<Api> {
  return new Api(service.url, (await service.signedIn(role)).token);
}

/** A policy comes into force; the entry that says so. */
async function written(policy: object, verb: 'create' | 'update', user: string): Promise<number> {
  number += 1;
  const [index = -1] = await send(service, audit, [policyWritten(policy, { time: at(now), user, verb, number })]);
  return index;
}

let auditor: { readonly api: Api; readonly since: number } | null = null;

async function drift(state: 'open' | 'closed' = 'open'): Promise<readonly FindingView[]> {
  if (auditor === null || now - auditor.since > hour / 2) auditor = { api: await as('auditor'), since: now };
  const page = await auditor.api.get(`/api/v1/findings?kind=drift&state=${state}`, FindingPage);
  return page.findings;
}

const isOpen = (found: readonly FindingView[]): boolean => found.length === 1;
const isGone = (found: readonly FindingView[]): boolean => found.length === 0;
const aLook = { seconds: 20, what: 'a look' };

describe('drift', () => {
  test('is a policy edited by hand at night, with the paths it opens and what that does to the blast radius', async () => {
    now = Date.parse('2026-11-21T02:00:00Z');
    const index = await written(opened, 'update', 'night.owl');
    now += minute;
    const [found] = await until(async () => await drift(), isOpen, aLook);
    assert.match(found?.title ?? '', /NetworkPolicy shop\/web-to-api was edited, not as intended/u);
    assert.equal(found?.occurredAt, at(now - minute));
    assert.equal(found.secondsToDetect, 60);
    const facts = DriftFacts.parse(found.facts);
    assert.deepEqual([facts.cause, facts.entries.includes(index)], ['edit', true]);
    assert.deepEqual(facts.gained.listed, [
      { source: 'k8s:shop/batch', destination: 'k8s:shop/api', ports: 'TCP 8443' },
    ]);
    assert.deepEqual([facts.gained.pairs, facts.lost.pairs], [1, 0]);
    const { before: was, after: is } = facts.blastRadius;
    assert.deepEqual([was.mean, was.max, is.mean, is.max], [0.25, 1, 0.5, 1]);
  });

  test('says nothing of the same content in another spelling', async () => {
    now += minute;
    const respelled = structuredClone(opened) as { spec: { ingress: { ports: object[] }[] } }; // as made above
    respelled.spec.ingress[0]?.ports.push({ port: 8443, protocol: 'TCP', endPort: 8443 });
    await written(respelled, 'update', 'linter');
    const before = await drift();
    now += minute;
    await written(
      networkPolicy('shop', 'deny', { podSelector: {}, policyTypes: ['Ingress'], ingress: [] }),
      'update',
      'x',
    );
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.deepEqual(
      (await drift()).map(({ id }) => id),
      before.map(({ id }) => id),
    );
  });

  test('ends by itself when the policy is reverted', async () => {
    now += hour;
    await written(intended, 'update', 'day.shift');
    await until(async () => await drift(), isGone, aLook);
    const [closed] = await drift('closed');
    assert.ok((closed?.secondsToRemediate ?? 0) >= 3600 - 60);
  });

  test('ends as well when a change that covers it is approved afterwards', async () => {
    now += hour;
    await written(opened, 'update', 'night.owl');
    await until(async () => await drift(), isOpen, aLook);
    const change = await (
      await as('requester')
    ).post(
      '/api/v1/changes',
      {
        title: 'Batch may reach the API',
        reason: 'Was needed at night; asked for afterwards.',
        windowFrom: at(now),
        windowTo: at(now + hour),
        items: [{ action: 'update', manifest: stringify(opened) }],
      },
      ChangeView,
    );
    now += minute;
    await (await as('approver')).post(`/api/v1/changes/${change.id}/reviews`, { decision: 'approve' }, ChangeView);
    await until(async () => await drift(), isGone, aLook);
  });

  test('is a change that was approved and not carried out, until somebody accepts what is in force', async () => {
    const change = await (
      await as('requester')
    ).post(
      '/api/v1/changes',
      {
        title: 'Batch loses the API again',
        reason: 'The night is over.',
        windowFrom: at(now),
        windowTo: at(now + hour),
        items: [{ action: 'update', manifest: stringify(intended) }],
      },
      ChangeView,
    );
    await (await as('approver')).post(`/api/v1/changes/${change.id}/reviews`, { decision: 'approve' }, ChangeView);
    now += 2 * hour;
    const [found] = await until(async () => await drift(), isOpen, aLook);
    assert.match(found?.title ?? '', /^CHG-2 was approved and not carried out$/u);
    const refused = await (await as('requester')).send('POST', '/api/v1/drift/baselines', { reason: 'I say so.' });
    assert.equal(refused.status, 403);
    const ahead = await (
      await as('admin')
    ).send('POST', '/api/v1/drift/baselines', { reason: 'Soon.', at: at(now + hour) });
    assert.equal(ahead.status, 400);
    const accepted = await (
      await as('admin')
    ).post(
      '/api/v1/drift/baselines',
      {
        reason: 'CHG-2 was given up.',
        policies: [{ system: 'kubernetes', kind: 'NetworkPolicy', namespace: 'shop', name: 'web-to-api' }],
      },
      BaselineView,
    );
    assert.equal(accepted.at, at(now));
    await until(async () => await drift(), isGone, aLook);
  });
});
