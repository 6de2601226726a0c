import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Clock } from '../../src/context.js';
import { FindingQuery, Findings } from '../../src/findings/findings.js';
import { FindingsLook } from '../../src/findings/look.js';
import type { IssuedToken } from '../../src/ingestion/sources.js';
import { MissingRecordsQuery, MissingRecordsRegister } from '../../src/inventory/missing-records.js';
import { startTestService, type TestService } from '../support/service.js';

let now = new Date('2026-03-01T10:00:00.000Z');
const numbered = (number: number, host = 'edge-1'): string =>
  `<134>1 ${now.toISOString()} ${host} kernel - - [meta sequenceId="${number}"] DROP_IN IN=eth0 OUT= SRC=10.0.0.${number % 250} DST=10.1.0.1 LEN=60 PROTO=TCP SPT=${10_000 + number} DPT=443`;
const from = (first: number, last: number, host?: string): string =>
  Array.from({ length: last - first + 1 }, (_, place) => numbered(first + place, host)).join('\n');

describe('records that a source counted and that never came', () => {
  let service: TestService;
  let source: IssuedToken;
  const send = async (body: string): Promise<void> => {
    const answer = await fetch(`${service.url}/ingest/v1/${source.name}?receipt=index`, {
      method: 'POST',
      headers: { authorization: `Bearer ${source.token}`, 'content-type': 'application/x-ndjson' },
      body,
    });
    assert.equal(answer.status, 200);
    await service.followed();
  };
  const later = (seconds: number): void => void (now = new Date(now.getTime() + seconds * 1000));
  const register = (): MissingRecordsRegister => service.app.get(MissingRecordsRegister);
  const look = async (): Promise<void> => {
    await register().record();
    await service.app.get(FindingsLook).run();
  };
  const missing = async (state: 'open' | 'filled' | 'acknowledged') =>
    await register().list(source.name, MissingRecordsQuery.parse({ state }));
  const findings = async (state: 'open' | 'closed') =>
    (await service.app.get(Findings).page(FindingQuery.parse({ state, kind: 'gap' }))).findings;
  const acts = async (kind: string): Promise<number> =>
    (await service.ground.database.query('SELECT 1 FROM log_entry WHERE kind = $1', [kind])).length;
  const dump = async (): Promise<unknown> => [
    await service.ground.database.query('SELECT * FROM source_counter ORDER BY source, stream'),
    await service.ground.database.query('SELECT * FROM source_gap ORDER BY source, stream, after_index, first'),
  ];

  before(async () => {
    service = await startTestService({ clock: new Clock(() => now), env: { FINDINGS_SECONDS: '3600' } });
    source = await service.newSource({ name: 'edge' });
  });
  after(() => service.stop());

  test('are no matter while they may only be late', async () => {
    await send(from(1, 20));
    await send(from(26, 30));
    await look();
    assert.deepEqual(await missing('open'), []);
    await send(from(21, 25));
    later(120);
    await look();
    assert.deepEqual([await missing('open'), await acts('source.gap_found')], [[], 0]);
  });

  test('are an entry and a finding once each, with the entries on either side', async () => {
    await send(from(41, 45));
    await send(numbered(45).replace('DPT=443', 'DPT=444'));
    later(120);
    await look();
    await look();
    const [gap, ...more] = await missing('open');
    assert.deepEqual(more, []);
    assert.deepEqual(
      [gap?.firstNumber, gap?.lastNumber, gap?.missing, gap?.stream, gap?.kind],
      ['31', '40', '10', 'edge-1 kernel', 'sequence'],
    );
    assert.equal(await acts('source.gap_found'), 1);
    const [finding] = await findings('open');
    assert.equal(finding?.title, '10 records of edge (edge-1 kernel) never came');
    assert.equal(finding?.severity, 'low');
    assert.deepEqual(
      [finding?.facts['beforeIndex'], finding?.facts['afterIndex']],
      [gap?.beforeIndex, gap?.afterIndex],
    );
  });

  test('what comes late is counted, and the last of it closes the finding with an entry', async () => {
    await send(from(31, 36));
    await look();
    assert.equal((await missing('open'))[0]?.missing, '4');
    assert.match((await findings('open'))[0]?.title ?? '', /^4 records/u);
    await send(from(37, 40));
    await look();
    assert.deepEqual([(await missing('open')).length, (await missing('filled')).length], [0, 1]);
    assert.deepEqual([(await findings('open')).length, (await findings('closed')).length], [0, 1]);
    assert.equal(await acts('source.gap_filled'), 1);
  });

  test('a sender that starts again, and one that numbers what it does not send, lose nothing', async () => {
    later(1);
    await send(from(1, 12));
    await send(numbered(46));
    await send(from(13, 16));
    await send(Array.from({ length: 40 }, (_, place) => numbered(1 + place * 7, 'sparse')).join('\n'));
    later(120);
    await look();
    assert.deepEqual(await missing('open'), []);
  });

  test('a notice of loss is missing at once, and stays until a person says why', async () => {
    await send(
      '{"lost_events":{"source":"PERF_EVENT_RING_BUFFER","num_events_lost":"12345"},"node_name":"n","time":"2026-03-01T10:04:00Z"}',
    );
    await look();
    const [notice] = await missing('open');
    assert.deepEqual([notice?.kind, notice?.missing], ['loss_notice', '12345']);
    assert.equal((await findings('open'))[0]?.severity, 'high');
    const acknowledge = async (role: 'admin' | 'auditor', reason: string): Promise<number> => {
      const { token } = await service.signedIn(role);
      const answer = await fetch(`${service.url}/api/v1/sources/edge/missing/${notice?.id}/acknowledge`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ reason }),
      });
      return answer.status;
    };
    assert.equal(await acknowledge('auditor', 'known'), 403);
    assert.equal(await acknowledge('admin', ' '), 400);
    assert.equal(await acknowledge('admin', 'The node was overloaded; its buffers are larger now.'), 200);
    assert.equal(await acknowledge('admin', 'again'), 409);
    await look();
    assert.deepEqual(await findings('open'), []);
    assert.equal((await missing('acknowledged'))[0]?.acknowledgedBy, 'admin-3');
    assert.equal(await acts('source.gap_acknowledged'), 1);
  });

  test('are found the same way again by a rebuild, and nothing is said twice', async () => {
    await send(from(30, 31));
    later(120);
    const before = await dump();
    await look();
    const said = await acts('source.gap_found');
    await service.followed();
    await service.ground.followers.rebuild('source-gaps');
    assert.deepEqual(await dump(), before);
    await look();
    assert.equal(await acts('source.gap_found'), said);
    assert.deepEqual(
      (await missing('open')).map(({ firstNumber, lastNumber }) => [firstNumber, lastNumber]),
      [['17', '29']],
    );
  });
});
