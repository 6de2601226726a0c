import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'pg';
import { Changes } from '../../src/changes/changes.js';
import { ErasureSelection } from '../../src/retention/erasure-selection.js';
import { namedEntry, plainEntry } from '../log/sample-entries.js';
import { flowRecord, sampleEntries } from '../log/sample-records.js';
import { monthsAgo, openRetentionLog } from './retention-log.js';

test('one person asks, another approves, and the payload is gone with an entry that says all of it', async (t) => {
  const log = await openRetentionLog(t);
  const { erasures, people, reader } = log;
  const indices = await log.receive(monthsAgo(0, 1), [plainEntry('a'), plainEntry('b'), plainEntry('c')]);
  const [first = -1, second = -1, third = -1] = indices;
  const requested = await erasures.request(people.anna, {
    reason: 'case 7',
    selection: { by: 'indices', indices: [third, first, third] },
  });
  assert.deepEqual([requested.state, requested.count, requested.requestedBy], ['requested', 2, 'anna']);
  await assert.rejects(erasures.approve(people.anna, requested.id, ''), { code: 'not_permitted' });
  assert.notEqual((await reader.entry(first)).payload, null);

  const done = await erasures.approve(people.boris, requested.id, 'seen');
  assert.deepEqual([done.state, done.decision?.by, done.removal?.count], ['executed', 'boris', 2]);
  const gone = await Promise.all(indices.map(async (index) => (await reader.entry(index)).payload === null));
  assert.deepEqual(gone, [true, false, true]);
  assert.notEqual((await reader.entry(second)).salt, null);

  const entry = await reader.entry((await log.log.head()).size - 1);
  assert.equal(entry.kind, 'erasure.executed');
  const said = JSON.parse(String(entry.payload)) as { erasure: unknown; removal: Record<string, unknown> };
  assert.deepEqual(said.erasure, {
    id: requested.id,
    reason: 'case 7',
    requester: 'anna',
    approver: 'boris',
    comment: 'seen',
  });
  assert.deepEqual(said.removal['ranges'], [
    [first, first],
    [third, third],
  ]);
  assert.equal(said.removal['digest'], done.removal?.digest);
  await assert.rejects(erasures.approve(people.chris, requested.id, ''), { code: 'conflict' });
  await assert.rejects(erasures.reject(people.chris, requested.id, 'no'), { code: 'conflict' });
  await log.assertInOrder();
});

test('a record that is sent again after its erasure is known, and does not come back', async (t) => {
  const log = await openRetentionLog(t);
  const [index = -1] = await log.receive(monthsAgo(0, 1), [namedEntry('fact', 'a text')]);
  await log.erase([index]);
  const { receipts } = await log.log.append([namedEntry('fact', 'a text')]);
  assert.deepEqual([receipts[0]?.outcome, receipts[0]?.index], ['duplicate', index]);
  assert.equal((await log.reader.entry(index)).payload, null);
  await log.assertInOrder();
});

test('an erasure that is turned down takes nothing, and is decided', async (t) => {
  const log = await openRetentionLog(t);
  const { erasures, people } = log;
  const indices = await log.receive(monthsAgo(0, 1), [plainEntry('a')]);
  const { id } = await erasures.request(people.anna, { reason: 'case 7', selection: { by: 'indices', indices } });
  assert.equal((await erasures.reject(people.anna, id, 'a mistake')).state, 'rejected');
  await assert.rejects(erasures.approve(people.boris, id, ''), { code: 'conflict' });
  assert.notEqual((await log.reader.entry(indices[0] ?? -1)).payload, null);
  await log.assertInOrder();
});

test('the database itself asks for two people with the right roles', async (t) => {
  const log = await openRetentionLog(t);
  const { erasures, people, database } = log;
  const indices = await log.receive(monthsAgo(0, 1), [plainEntry('a')]);
  const { id } = await erasures.request(people.anna, { reason: 'case 7', selection: { by: 'indices', indices } });
  const approve = (person: string | null): Promise<unknown> =>
    database.transaction(async (transaction) => {
      await transaction.query(
        `INSERT INTO erasure_decision (id, erasure_id, decision, comment, decided_by, decided_at)
         VALUES (gen_random_uuid(), $1, 'approve', '', $2, now())`,
        [id, person],
      );
      await transaction.query('SELECT * FROM erasure_execute($1)', [id]);
    });
  await assert.rejects(approve(people.anna.id), /not approved by a second person/);
  // Boris may approve, but what is removed has to be said in the log.
  await assert.rejects(approve(people.boris.id), /no entry says that the payloads/);
  await database.query(`UPDATE users SET disabled_at = now() WHERE name = 'boris'`);
  await assert.rejects(approve(people.boris.id), /one of the roles/);
  await database.query(`UPDATE users SET disabled_at = NULL, roles = '{auditor}' WHERE name = 'boris'`);
  await assert.rejects(approve(people.boris.id), /one of the roles/);
  await assert.rejects(
    erasures.request(people.boris, { reason: 'case 8', selection: { by: 'indices', indices } }),
    /one of the roles/,
  );
  assert.notEqual((await log.reader.entry(indices[0] ?? -1)).payload, null);
  await log.assertInOrder();
});

test('payloads that name a text are found by time and source, as whole words, in every spelling', async (t) => {
  const log = await openRetentionLog(t);
  const { erasures } = log;
  const at = monthsAgo(2);
  const texts = [
    '{"user":"renée@example.com","from":"10.0.0.1"}',
    '{"user":"ren\\u00e9e@example.com"}',
    '{"user":"ren\\u00E9e@example.com"}',
    '{"user":"renéeX@example.com","from":"10.0.0.12"}',
    '{"note":"by\\nrenée"}',
  ];
  const indices = await log.receive(
    at,
    texts.map((text) => plainEntry(text)),
  );
  await log.receive(monthsAgo(1), [plainEntry(texts[0] ?? '')]);
  const find = async (text: string, more: object = {}): Promise<number[]> => {
    const selection = ErasureSelection.parse({
      by: 'text',
      text,
      from: monthsAgo(2, 1),
      to: monthsAgo(2, 20),
      ...more,
    });
    return (await erasures.preview(selection)).entries.map(({ index }) => index);
  };
  assert.deepEqual(await find('renée'), [indices[0], indices[1], indices[2], indices[4]]);
  assert.deepEqual(await find('renée@example.com'), indices.slice(0, 3));
  assert.deepEqual(await find('10.0.0.1'), [indices[0]]);
  assert.deepEqual(await find('renée', { source: 'cluster-b' }), []);
  assert.equal((await find('renée', { to: new Date().toISOString() })).length, 5);
  const preview = await erasures.preview({ by: 'indices', indices: [...indices, 9999] });
  assert.deepEqual([preview.count, preview.byKind, preview.gone], [5, { flow: 5 }, 0]);
});

test('a reason that repeats the text is refused, and the text is kept nowhere', async (t) => {
  const log = await openRetentionLog(t);
  const { erasures, people, database } = log;
  const secret = 'zoltan.kovacs';
  await log.receive(monthsAgo(1), [plainEntry(`{"user":"${secret}"}`), plainEntry('{"user":"other"}')]);
  const selection = ErasureSelection.parse({ by: 'text', text: secret, from: monthsAgo(1, 1), to: monthsAgo(1, 20) });
  await assert.rejects(erasures.request(people.anna, { reason: `${secret} asked for it`, selection }), {
    code: 'invalid_input',
  });
  const { id, count } = await erasures.request(people.anna, { reason: 'case 7', selection });
  assert.equal(count, 1);
  await erasures.approve(people.boris, id, '');
  const tables = await database.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
  );
  const owner = new Client({ connectionString: log.fresh.ownerUrl });
  await owner.connect();
  try {
    for (const { name } of tables) {
      const { rows } = await owner.query<{ row: string }>(
        `SELECT t::text AS row FROM ${name} t WHERE t::text LIKE '%' || $1 || '%' OR t::text LIKE '%' || $2 || '%'`,
        [secret, Buffer.from(secret).toString('hex')],
      );
      assert.deepEqual(rows, [], name);
    }
  } finally {
    await owner.end();
  }
  await log.assertInOrder();
});

test('entries that the log is verified and explained by keep their payload', async (t) => {
  const log = await openRetentionLog(t);
  const { erasures, people } = log;
  const [started = -1, record = -1] = await log.receive(monthsAgo(1), [
    { ...plainEntry('{}', 'log.started'), source: 'segproof' },
    plainEntry('record'),
  ]);
  await assert.rejects(
    erasures.request(people.anna, { reason: 'case 7', selection: { by: 'indices', indices: [started, record] } }),
    { code: 'invalid_input' },
  );
  await log.erase([record]);
  const removal = (await log.log.head()).size - 1;
  await assert.rejects(
    erasures.request(people.anna, { reason: 'case 7', selection: { by: 'indices', indices: [removal] } }),
    { code: 'invalid_input' },
  );
  await assert.rejects(
    erasures.request(people.anna, { reason: 'case 7', selection: { by: 'indices', indices: [record] } }),
    /no payload that is still there/,
  );
  await log.assertInOrder();
});

test('a proposed change and its review lose what they repeat of an erased entry', async (t) => {
  const log = await openRetentionLog(t);
  const { people, database } = log;
  const changes = new Changes(database, log.log);
  const change = await changes.propose(
    { ...people.anna, roles: ['requester'] },
    {
      title: 'For Ms Kovacs',
      reason: 'Ms Kovacs asked',
      windowFrom: monthsAgo(0, 1),
      windowTo: monthsAgo(-1, 1),
      items: [
        {
          action: 'create',
          manifest:
            '{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"kovacs","namespace":"shop"},"spec":{"podSelector":{}}}',
        },
      ],
    },
  );
  const reviewed = await changes.review(people.boris, change.id, { decision: 'approve', comment: 'Kovacs is right' });
  await log.erase([change.proposedIndex]);
  const without = await changes.get(change.id);
  assert.deepEqual([without.title, without.reason, without.items[0]?.object], ['(erased)', '(erased)', null]);
  assert.equal(without.items[0]?.digest, change.items[0]?.digest);
  assert.equal(without.reviews[0]?.comment, 'Kovacs is right');
  await log.erase([reviewed.reviews[0]?.reviewedIndex ?? -1]);
  assert.equal((await changes.get(change.id)).reviews[0]?.comment, '');
  await log.assertInOrder();
});

test('a workload is what the remaining records say of it, however often it is named', async (t) => {
  const log = await openRetentionLog(t);
  const naming = (at: number, ends: Record<string, unknown>): ReturnType<typeof plainEntry> => {
    const record = JSON.parse(flowRecord(at)) as { flow: Record<string, unknown> };
    return plainEntry(JSON.stringify({ ...record, flow: { ...record.flow, ...ends } }));
  };
  const end = (labels: string[], kind?: string): object => ({
    namespace: 'shop',
    labels,
    pod_name: 'till-0',
    workloads: [{ name: 'till', ...(kind === undefined ? {} : { kind }) }],
  });
  const indices = await log.receive(monthsAgo(0, 1), [
    naming(9, { source: end(['k8s:app=till']) }),
    naming(1, { destination: end(['k8s:app=till', 'k8s:tier=1'], 'Deployment') }),
    naming(5, { source: end([]), destination: end(['k8s:app=till', 'k8s:tier=2']) }),
    naming(3, { source: end([], 'StatefulSet') }),
    naming(7, { source: end(['k8s:app=shop']), destination: end([]) }),
    naming(2, { source: end([]) }),
  ]);
  const seen = new Set<string>();
  for (const at of [3, 4, 1, 5, 2, 0]) {
    await log.erase([indices[at] ?? -1]);
    const live = await log.derived();
    assert.deepEqual(await log.rebuilt(), live, `without record ${at}`);
    seen.add(live['workload']?.find((row) => row.includes('till')) ?? 'none');
  }
  assert.equal(seen.size, 6, [...seen].join('\n'));
  assert.ok(seen.has('none'));
});

test('after erasures the followers’ tables are as a rebuild makes them, whatever was erased', async (t) => {
  const log = await openRetentionLog(t);
  const indices = await log.receive(monthsAgo(1), sampleEntries(0, 1200));
  // A workload that one record names, at the ends of the log and in the middle, and one whose labels only one record has.
  const more = await log.receive(monthsAgo(1), [
    { ...plainEntry(flowRecord(5000).replaceAll('"web"', '"lonely"').replaceAll('k8s:app=web', 'k8s:app=lonely')) },
    { ...plainEntry(flowRecord(5000).replace('k8s:app=', 'k8s:team=')) },
  ]);
  const chosen = [
    ...indices.filter((index) => index % 7 === 3),
    ...indices.slice(0, 5),
    ...more,
    ...indices.slice(-3),
  ].filter((_, at) => at % 2 === 0);
  const kinds = await log.database.query<{ index: string }>(
    `SELECT index FROM log_entry WHERE index = ANY ($1::bigint[]) AND retention_class <> 'act'`,
    [chosen],
  );
  const records = kinds.map(({ index }) => Number(index));
  for (let at = 0; at < records.length; at += 60) {
    await log.erase(records.slice(at, at + 60));
    const live = await log.derived();
    assert.deepEqual(await log.rebuilt(), live, `after ${at + 60} payloads`);
  }
  const [gone] = await log.database.query<{ count: string }>(
    `SELECT count(*) AS count FROM record WHERE 'payload_gone' = ANY (flags)`,
  );
  assert.equal(Number(gone?.count), records.length);
  await log.assertInOrder();
});
