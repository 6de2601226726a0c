import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainEntry } from '../log/sample-entries.js';
import { monthsAgo, openRetentionLog, type RetentionLog } from './retention-log.js';

const id = '01977777-7777-7777-8777-777777777777';

/** What a report's model has to say here: how much of the log it saw, and what it cites. */
function model(size: number, cited: readonly number[], text = ''): string {
  return JSON.stringify({ log: { size }, records: cited.map((index) => ({ index })), text });
}

async function begin({ database, people }: RetentionLog): Promise<void> {
  await database.query(
    `INSERT INTO report (id, title, framework_id, period_from, period_to, segments, requested_by, requested_at, state)
     VALUES ($1, 'Report', 'x', now() - interval '1 day', now(), '{}', $2, now(), 'building')`,
    [id, people.anna.id],
  );
}

const issue = `UPDATE report SET state = 'ready', model = $2 WHERE id = $1`;

async function stateOf({ database }: RetentionLog): Promise<string> {
  const [row] = await database.query<{ state: string; held: boolean }>(
    'SELECT state, model IS NOT NULL AS held FROM report WHERE id = $1',
    [id],
  );
  return `${row?.state}${row?.held === true ? ' with its model' : ''}`;
}

test('a report that was begun before an erasure and cites what it took is not issued; built again, it is', async (t) => {
  const log = await openRetentionLog(t);
  const [erased = -1, other = -1] = await log.receive(monthsAgo(0, 1), [plainEntry('a'), plainEntry('b')]);
  await begin(log);
  const { size } = await log.log.head();
  await log.erase([erased]);
  const after = (await log.log.head()).size;
  for (const seen of [size, after - 1]) {
    await assert.rejects(log.database.query(issue, [id, model(seen, [erased, other])]), /erased while it was built/);
  }
  await log.database.query(issue, [id, model(size, [other])]);
  await log.database.query(issue, [id, model(after, [erased, other])]);
  assert.equal(await stateOf(log), 'ready with its model');
});

test('a report that is being issued is waited for, and then withdrawn', async (t) => {
  const log = await openRetentionLog(t);
  const [erased = -1] = await log.receive(monthsAgo(0, 1), [plainEntry('a')]);
  await begin(log);
  const { size } = await log.log.head();
  const issuing = await log.connect(log.fresh.serviceUrl);
  await issuing.query('BEGIN');
  await issuing.query(issue, [id, model(size, [erased])]);
  await issuing.query(
    `INSERT INTO report_file (report_id, name, media_type, sha256, content) VALUES ($1, 'report.pdf', 'x', sha256('a'), 'a')`,
    [id],
  );
  const erasing = log.erase([erased]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await issuing.query('COMMIT');
  await erasing;
  assert.equal(await stateOf(log), 'failed');
  assert.deepEqual(await log.database.query('SELECT 1 FROM report_file'), []);
});

test('reports are withdrawn that cite what is erased, or name the text; others stay', async (t) => {
  const log = await openRetentionLog(t);
  const [erased = -1, other = -1] = await log.receive(monthsAgo(0, 1), [plainEntry('by kovacs'), plainEntry('b')]);
  await begin(log);
  const selection = { by: 'text', text: 'kovacs', from: monthsAgo(1), to: monthsAgo(-1), source: null } as const;
  const withdrawnAs = async (text: string): Promise<string[]> => {
    await log.database.query(issue, [id, text]);
    return (await log.erasures.preview(selection)).reports.map(({ title }) => title);
  };
  assert.deepEqual(await withdrawnAs(model(5, [other], 'novak')), []);
  assert.deepEqual(await withdrawnAs(model(5, [other], 'kovacsics')), []);
  assert.deepEqual(await withdrawnAs(model(5, [other, erased])), ['Report']);
  assert.deepEqual(await withdrawnAs(model(5, [other], 'seen by kovacs')), ['Report']);
  const { id: erasure } = await log.erasures.request(log.people.anna, { reason: 'case 7', selection });
  await log.erasures.approve(log.people.boris, erasure, '');
  assert.equal(await stateOf(log), 'failed');
});
