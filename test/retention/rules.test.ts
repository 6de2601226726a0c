import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeLeaf } from '../../src/log/core/leaf.js';
import { hashLeaf } from '../../src/log/core/tree.js';
import { verifyInclusion } from '../../src/log/core/proof.js';
import { leafOf } from '../../src/log/read.js';
import { plainEntry } from '../log/sample-entries.js';
import { sampleEntries } from '../log/sample-records.js';
import { monthOf, monthsAgo, openRetentionLog, type RetentionLog } from './retention-log.js';

async function payloadsGone({ database }: RetentionLog): Promise<number[]> {
  const rows = await database.query<{ index: string }>(
    'SELECT index FROM log_entry WHERE payload IS NULL AND salt IS NULL ORDER BY index',
  );
  return rows.map(({ index }) => Number(index));
}

test('a rule is kept with who set it, when, and what held before; never below the bounds of its class', async (t) => {
  const log = await openRetentionLog(t);
  const { rules, people, database, reader } = log;
  assert.deepEqual(
    (await rules.list()).map(({ retentionClass, keepDays }) => [retentionClass, keepDays]),
    [
      ['flow', null],
      ['record', null],
      ['act', null],
    ],
  );
  await rules.set(people.anna, 'record', { keepDays: 90, reason: 'data protection policy 4' });
  const [, record] = await rules.set(people.chris, 'record', { keepDays: 30, reason: 'data protection policy 5' });
  assert.equal(record?.keepDays, 30);
  assert.deepEqual(
    record?.history.map(({ keepDays, setBy, reason }) => [keepDays, setBy, reason]),
    [
      [30, 'chris', 'data protection policy 5'],
      [90, 'anna', 'data protection policy 4'],
    ],
  );
  const entry = await reader.entry(record?.history[0]?.recordedIndex ?? -1);
  assert.equal(entry.kind, 'retention.rule_set');
  const said = JSON.parse(String(entry.payload)) as Record<string, unknown>;
  assert.deepEqual([said['before'], said['after']], [{ keepDays: 90 }, { keepDays: 30 }]);
  await assert.rejects(rules.set(people.anna, 'record', { keepDays: 29, reason: 'too short' }), {
    code: 'invalid_input',
  });
  await assert.rejects(
    database.query(
      `INSERT INTO retention_rule (id, retention_class, keep_days, reason, set_by, set_at, recorded_index)
       VALUES (gen_random_uuid(), 'record', 29, 'x', $1, now(), 0)`,
      [people.anna.id],
    ),
    /retention_rule_bounds/,
  );
  await log.assertInOrder();
});

test('months that are older as a whole lose their payloads, all else stays, and every proof goes on verifying', async (t) => {
  const log = await openRetentionLog(t);
  const { rules, retention, people, reader } = log;
  const [old, recent] = [monthsAgo(5), monthsAgo(1)];
  const flows = await log.receive(
    old,
    Array.from({ length: 300 }, (_, at) => plainEntry(`flow ${at}`)),
  );
  const changes = await log.receive(old, [plainEntry('a change', 'policy_change'), plainEntry('log', 'log.started')]);
  const before = await log.log.append(Array.from({ length: 50 }, (_, at) => plainEntry(`more ${at}`)));
  const kept = await log.receive(recent, [plainEntry('recent flow')]);
  const receipt = before.receipts[7];
  const proof = before.prove(receipt?.index ?? -1);
  const checkpoint = before.checkpoint ?? '';
  const signed = log.open(checkpoint);

  assert.deepEqual(await retention.apply(), { removed: [], held: [] }, 'without a rule everything stays');
  await rules.set(people.anna, 'flow', { keepDays: 30, reason: 'policy 4' });
  assert.deepEqual(
    (await retention.due()).map(({ retentionClass, month, heldBy }) => [retentionClass, month, heldBy]),
    [['flow', monthOf(old), null]],
  );
  const applied = await retention.apply();
  assert.deepEqual(applied, {
    removed: [{ retentionClass: 'flow', month: monthOf(old), count: 350 }],
    held: [],
  });
  const gone = [...flows, ...before.receipts.map(({ index }) => index)];
  assert.deepEqual(await payloadsGone(log), gone);
  for (const index of [...changes, ...kept]) assert.notEqual((await reader.entry(index)).payload, null);

  const [removal] = await retention.removals(10);
  const head = await log.log.head();
  const said = await reader.entry(head.size - 1);
  assert.equal(said.kind, 'retention.payloads_removed');
  const { id, digest } = removal ?? {};
  assert.deepEqual((JSON.parse(String(said.payload)) as { removal: unknown }).removal, {
    id,
    digest,
    rule: (await rules.list())[0]?.history[0]?.id,
    retentionClass: 'flow',
    month: monthOf(old),
    firstIndex: gone[0],
    lastIndex: gone.at(-1),
    count: 350,
    ranges: null,
  });

  // The receipt from before, and a proof made now of an entry whose payload is gone.
  const entry = await reader.entry(receipt?.index ?? -1);
  const leafHash = hashLeaf(encodeLeaf(leafOf(entry)));
  assert.equal(leafHash.toString('hex'), receipt?.leafHash);
  verifyInclusion({ index: entry.index, size: signed.size, leafHash, proof, root: signed.root });
  const [now = []] = await reader.inclusionProofs([entry.index], head.size);
  verifyInclusion({ index: entry.index, size: head.size, leafHash, proof: now, root: head.root });

  await log.assertInOrder(checkpoint);
  assert.deepEqual(await retention.apply(), { removed: [], held: [] }, 'a second run finds nothing to do');
  assert.deepEqual(await retention.due(), []);
});

test('acts go by their own rule, but never those that explain removals or are needed to verify', async (t) => {
  const log = await openRetentionLog(t);
  const old = monthsAgo(20);
  const [signedIn, started] = await log.receive(old, [
    { ...plainEntry('{}', 'access.signed_in'), source: 'segproof' },
    { ...plainEntry('{}', 'log.started'), source: 'segproof' },
  ]);
  const erased = await log.receive(old, [plainEntry('one record')]);
  await log.erase(erased);
  await log.rules.set(log.people.anna, 'act', { keepDays: 365, reason: 'policy 4' });
  assert.equal((await log.retention.apply()).removed[0]?.count, 1);
  assert.deepEqual(await payloadsGone(log), [signedIn, ...erased]);
  assert.notEqual((await log.reader.entry(started ?? -1)).payload, null);
  await log.assertInOrder();
});

test('what followers derived goes with the payloads, as if they had never read them', async (t) => {
  const log = await openRetentionLog(t);
  await log.receive(monthsAgo(6), sampleEntries(0, 400));
  await log.receive(monthsAgo(5), sampleEntries(400, 900));
  await log.receive(monthsAgo(1), sampleEntries(900, 1400));
  await log.rules.set(log.people.anna, 'flow', { keepDays: 120, reason: 'policy 4' });
  await log.rules.set(log.people.anna, 'record', { keepDays: 120, reason: 'policy 4' });
  const applied = await log.retention.apply();
  assert.ok(applied.removed.length === 4, JSON.stringify(applied));
  const live = await log.derived();
  assert.ok((live['flow_edge'] ?? []).length > 0 && (live['workload'] ?? []).length > 0);
  assert.deepEqual(await log.rebuilt(), live);
  await log.assertInOrder();
});

test('a month that a clock set back brings payloads into again is taken up again', async (t) => {
  const log = await openRetentionLog(t);
  await log.receive(monthsAgo(4), [plainEntry('first')]);
  await log.rules.set(log.people.anna, 'flow', { keepDays: 30, reason: 'policy 4' });
  await log.retention.apply();
  await log.receive(monthsAgo(4, 20), [plainEntry('late')]);
  assert.deepEqual((await log.retention.apply()).removed, [
    { retentionClass: 'flow', month: monthOf(monthsAgo(4)), count: 1 },
  ]);
  await log.assertInOrder();
});

test('entries outside the months made ahead, which stand in the default partition, are found as well', async (t) => {
  const log = await openRetentionLog(t);
  await log.receive(monthsAgo(1), [plainEntry('present')]);
  log.setTime(monthsAgo(30));
  const { receipts } = await log.log.append([plainEntry('from another time')]);
  await log.rules.set(log.people.anna, 'flow', { keepDays: 300, reason: 'policy 4' });
  assert.deepEqual((await log.retention.apply()).removed, [
    { retentionClass: 'flow', month: monthOf(monthsAgo(30)), count: 1 },
  ]);
  assert.equal((await log.reader.entry(receipts[0]?.index ?? -1)).payload, null);
  await log.assertInOrder();
});

test('a change from rule to rule counts from the newest, and null keeps everything again', async (t) => {
  const log = await openRetentionLog(t);
  await log.receive(monthsAgo(4), [plainEntry('flow')]);
  await log.rules.set(log.people.anna, 'flow', { keepDays: 30, reason: 'policy 4' });
  await log.rules.set(log.people.chris, 'flow', { keepDays: null, reason: 'an investigation' });
  assert.deepEqual(await log.retention.apply(), { removed: [], held: [] });
  assert.deepEqual(await payloadsGone(log), []);
});
