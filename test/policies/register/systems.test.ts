import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { PolicySystems1795305600020 } from '../../../migrations/0020-policy-systems.js';
import { PolicySummary, PolicyVersion } from '../../../src/policies/policies.js';
import { systemOf } from '../../../src/policies/policy-key.js';
import { freshDatabase } from '../../support/database.js';
import { startTestService } from '../../support/service.js';
import { apiOf, audited, sendRecords } from './audit-events.js';

const versionsOf = z.object({ versions: z.array(PolicyVersion) });

test('the system of a manifest', () => {
  assert.equal(systemOf('networking.k8s.io/v1', 'NetworkPolicy'), 'kubernetes');
  assert.equal(systemOf('crd.projectcalico.org/v1', 'NetworkPolicy'), 'calico');
  assert.equal(systemOf('projectcalico.org/v3', 'Tier'), 'calico');
  assert.equal(systemOf('cilium.io/v2', 'CiliumNetworkPolicy'), 'cilium');
  assert.equal(systemOf('notcilium.io/v2', 'NetworkPolicy'), 'kubernetes');
  assert.equal(systemOf(null, 'GlobalNetworkPolicy'), 'calico');
  assert.equal(systemOf(null, 'NetworkPolicy'), 'kubernetes');
});

test('a Kubernetes and a Calico NetworkPolicy of one name have versions of their own', async (t) => {
  const service = await startTestService();
  t.after(() => service.stop());
  const api = apiOf(service, await service.signedIn('auditor'));
  const source = await service.newSource({ format: 'kubernetes-audit' });
  const kubernetes = (spec: object) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: 'shop', name: 'web' },
    spec,
  });
  const calico = {
    apiVersion: 'projectcalico.org/v3',
    kind: 'NetworkPolicy',
    metadata: { namespace: 'shop', name: 'web' },
    spec: { selector: 'all()', ingress: [{ action: 'Allow' }] },
  };
  const at = (minute: number) => `2026-11-20T10:0${minute}:00.000000Z`;
  const plain = 'networkpolicies';
  const denied = { podSelector: {}, policyTypes: ['Ingress'] };
  await sendRecords(service, source, [
    audited({ object: kubernetes(denied), resource: plain, time: at(0) }),
    audited({ object: calico, resource: plain, time: at(1) }),
    // Another spelling of the same, and then another policy.
    audited({
      object: kubernetes({ podSelector: {}, policyTypes: ['Ingress'], ingress: [] }),
      resource: plain,
      verb: 'update',
      time: at(2),
    }),
    audited({ object: kubernetes({ podSelector: {}, ingress: [{}] }), resource: plain, verb: 'update', time: at(3) }),
    audited({ object: calico, resource: plain, verb: 'deletecollection', time: at(4) }),
  ]);
  const own = await api.get('/api/v1/policies/kubernetes/NetworkPolicy/shop/web', versionsOf);
  assert.deepEqual(
    own.versions.map(({ version, action, sameMeaning }) => [version, action, sameMeaning]),
    [
      [3, 'update', false],
      [2, 'update', true],
      [1, 'create', false],
    ],
  );
  const other = await api.get('/api/v1/policies/calico/NetworkPolicy/shop/web', versionsOf);
  assert.deepEqual(
    other.versions.map(({ version, action }) => [version, action]),
    [
      [2, 'delete'],
      [1, 'create'],
    ],
  );
  const { policies } = await api.get('/api/v1/policies', z.object({ policies: z.array(PolicySummary) }));
  assert.deepEqual(
    policies.map(({ system, inForce }) => [system, inForce]),
    [
      ['calico', false],
      ['kubernetes', true],
    ],
  );
  assert.equal((await api.send('GET', '/api/v1/policies/cilium/NetworkPolicy/shop/web')).status, 404);
});

test('versions and change items from before the system counted are sorted out by the migration', async (t) => {
  const { ownerUrl } = await freshDatabase(t);
  const source = await new DataSource({ type: 'postgres', url: ownerUrl }).initialize();
  t.after(() => source.destroy());
  const runner = source.createQueryRunner();
  t.after(() => runner.release());
  const migration = new PolicySystems1795305600020();
  await migration.down(runner);
  const version = (index: number, system: string, number: number, action: string) =>
    runner.query(
      `INSERT INTO policy_version (index, position, system, kind, namespace, name, version, action, author, source, event_time, event_time_text)
       VALUES ($1, 0, $2, 'NetworkPolicy', 'shop', 'web', $3, $4, 'deployer', 'audit', now(), '')`,
      [index, system, number, action],
    );
  await version(1, 'kubernetes', 1, 'create');
  await version(2, 'calico', 2, 'create');
  await version(3, 'kubernetes', 3, 'update');
  // The end of all of Cilium's, written down for what Cilium never had.
  await version(4, 'cilium', 4, 'delete');
  const person = '00000000-0000-4000-8000-000000000001';
  await runner.query(
    `INSERT INTO users (id, name, display_name, roles, password_hash, created_at) VALUES ($1, 'rita', 'Rita', '{}', '', now())`,
    [person],
  );
  await runner.query(
    `INSERT INTO change (id, title, reason, state, requester_id, window_from, window_to, proposed_at, proposed_index)
     VALUES ($1, '', '', 'proposed', $1, now(), now() + interval '1 hour', now(), 0)`,
    [person],
  );
  const item = (position: number, kind: string, name: string, object: object | null) =>
    runner.query(
      `INSERT INTO change_item (change_id, position, kind, namespace, name, action, object) VALUES ($1, $2, $3, 'shop', $4, $5, $6)`,
      [
        person,
        position,
        kind,
        name,
        object === null ? 'delete' : 'update',
        object === null ? null : JSON.stringify(object),
      ],
    );
  await item(0, 'NetworkPolicy', 'web', { apiVersion: 'projectcalico.org/v3' });
  await item(1, 'NetworkPolicy', 'web', { apiVersion: 'networking.k8s.io/v1' });
  await item(2, 'CiliumNetworkPolicy', 'web', null);
  await item(3, 'NetworkPolicy', 'other', null);
  await migration.up(runner);
  const versions: unknown = await runner.query('SELECT system, version, action FROM policy_version ORDER BY index');
  assert.deepEqual(versions, [
    { system: 'kubernetes', version: 1, action: 'create' },
    { system: 'calico', version: 1, action: 'create' },
    { system: 'kubernetes', version: 2, action: 'update' },
  ]);
  const items: unknown = await runner.query('SELECT system FROM change_item ORDER BY position');
  assert.deepEqual(
    items,
    ['calico', 'kubernetes', 'cilium', 'kubernetes'].map((system) => ({ system })),
  );
});
