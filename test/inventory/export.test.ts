import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { NormalForm } from '../../src/ingestion/normal-form.js';
import { normaliseRecord } from '../../src/ingestion/formats/registry.js';
import { cefEvent } from '../../src/inventory/export/cef-event.js';
import { readCef } from '../../src/ingestion/formats/cef-text.js';
import { csvHeader, csvRow } from '../../src/inventory/export/csv-row.js';
import { readCsv } from '../../src/ingestion/formats/csv-fields.js';
import type { ExportedRecord } from '../../src/inventory/export/exported-record.js';
import { ocsfEvent } from '../../src/inventory/export/ocsf-event.js';
import { Completeness } from '../../src/inventory/record-export.js';
import { startTestService, type TestService } from '../support/service.js';

const flow = JSON.stringify({
  flow: {
    time: '2026-11-20T10:00:00.123456789Z',
    uuid: '6f1c2f0e-1f5b-4c59-9c3a-000000000001',
    verdict: 'DROPPED',
    drop_reason_desc: 'POLICY_DENIED',
    event_type: { type: 5 },
    IP: { source: '10.1.0.11', destination: '10.1.0.22' },
    l4: { TCP: { source_port: 41000, destination_port: 8443 } },
    traffic_direction: 'INGRESS',
  },
  node_name: 'n1',
});

function formOf(raw: string): NormalForm {
  const result = normaliseRecord(Buffer.from(raw), {}, new Date('2026-11-20T10:00:01Z'));
  if (!result.ok) assert.fail(result.detail);
  return result.records[0];
}

function exported(changes: Partial<ExportedRecord> = {}): ExportedRecord {
  return {
    index: 7,
    part: 0,
    source: 'edge',
    kind: 'flow',
    eventTime: '2026-11-20T10:00:00.123456789Z',
    receivedAt: '2026-11-20T10:00:01.000Z',
    normalForm: formOf(flow),
    raw: Buffer.from(flow),
    ...changes,
  };
}

/** Attributes that OCSF 1.8 requires of every event, and of Network Activity with the profile security_control. */
const required = ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid'];

describe('records in the forms others read', () => {
  test('a denied flow is a refused network activity of OCSF that keeps the digits of its time', () => {
    const event = ocsfEvent(exported());
    for (const name of required) assert.ok(name in event, name);
    assert.deepEqual([event.class_uid, event.type_uid, event.action_id, event.disposition_id], [4001, 400_105, 2, 2]);
    assert.deepEqual(event.src_endpoint, { ip: '10.1.0.11', port: 41_000, name: '10.1.0.11', uid: 'ip:10.1.0.11' });
    assert.deepEqual(event.connection_info, { direction_id: 1, protocol_name: 'tcp', protocol_num: 6 });
    assert.equal(event.time, Date.parse('2026-11-20T10:00:00.123Z'));
    assert.match(JSON.stringify(event.metadata), /"original_time":"2026-11-20T10:00:00\.123456789Z"/u);
    assert.deepEqual(event.unmapped, { segproof: formOf(flow) }, 'the normal form goes along whole');
  });

  test('an observation is never an allow, a would-be denial neither a denial nor an allow', () => {
    const normal = formOf(flow);
    const with_ = (verdict: NormalForm['verdict']): unknown[] => {
      const event = ocsfEvent(exported({ normalForm: { ...normal, verdict } }));
      return [event.action_id, event.disposition_id];
    };
    assert.deepEqual(with_('none'), [3, 16]);
    assert.deepEqual(with_('would_deny'), [1, 15]);
    assert.deepEqual(with_('allow'), [1, 1]);
  });

  test('CEF and CSV give back what was put in, whatever characters it has', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (summary, reason) => {
        const normal = { ...formOf(flow), summary, reason };
        const line = cefEvent(exported({ normalForm: normal }));
        assert.ok(!/[\r\n]/u.test(line));
        const cef = readCef(line);
        assert.ok(cef !== null);
        assert.equal(cef.extension.get('src'), '10.1.0.11');
        assert.equal(cef.extension.get('act'), 'deny');
        const fields = readCsv(csvRow(exported({ normalForm: normal })));
        assert.equal(fields.length, csvHeader.split(',').length);
        assert.equal(fields.at(-1)?.replace(/^'/u, ''), summary.replace(/^'/u, ''));
      }),
    );
  });

  test('no cell of a spreadsheet begins as a formula', () => {
    for (const text of ['=1+1', '+1', '-1', '@x', '\t=1']) {
      const row = csvRow(exported({ normalForm: { ...formOf(flow), summary: text } }));
      assert.ok(row.endsWith(`'${text}`) || row.endsWith(`"'${text}"`), row);
    }
  });
});

describe('export over HTTP', () => {
  let service: TestService;
  let auditor: string;

  before(async () => {
    service = await startTestService();
    const { token } = await service.newSource({ name: 'edge' });
    const lines = Array.from({ length: 1200 }, (_, at) =>
      flow
        .replace('000000000001', String(at).padStart(12, '0'))
        .replace('.123456789Z', `.${String(at).padStart(9, '0')}Z`),
    );
    const sent = await fetch(`${service.url}/ingest/v1/edge?receipt=index`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
      body: [...lines, '{"cut":'].join('\n'),
    });
    assert.equal(sent.status, 200);
    await service.followed();
    auditor = (await service.signedIn('auditor')).token;
  });

  after(() => service.stop());

  const get = async (query: string): Promise<{ text: string; completeness: Completeness; headers: Headers }> => {
    const answer = await fetch(`${service.url}/api/v1/records/export?${query}`, {
      headers: { authorization: `Bearer ${auditor}` },
    });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    const said = Buffer.from(answer.headers.get('segproof-completeness') ?? '', 'base64').toString('utf8');
    return { text, completeness: Completeness.parse(JSON.parse(said)), headers: answer.headers };
  };

  test('holds every record that matches, and says so with the checkpoint of the log', async () => {
    const { text, completeness } = await get('format=ndjson&kind=flow');
    const lines = text.trimEnd().split('\n');
    assert.equal(lines.length, 1201, 'a line for each record, and the statement');
    const last = JSON.parse(lines.at(-1) ?? '') as { completeness: { records: number; sent: number } };
    assert.deepEqual([completeness.records, last.completeness.records, last.completeness.sent], [1200, 1200, 1200]);
    assert.match(completeness.checkpoint ?? '', new RegExp(`^[^\\n]+\\n${completeness.logSize}\\n`, 'u'));
    const indices = lines.slice(0, -1).map((line) => (JSON.parse(line) as { index: number }).index);
    assert.equal(new Set(indices).size, 1200);
    assert.ok(indices.every((index) => index < completeness.entriesBelow));
  });

  test('gives the bytes as they were received', async () => {
    const { text } = await get('format=raw&kind=rejected');
    assert.equal(text, '{"cut":\n');
  });

  test('is an entry of the log with what was asked for and the digest of what was sent', async () => {
    const { text } = await get('format=csv&verdict=deny');
    const [row] = await service.ground.database.query<{ payload: Buffer }>(
      `SELECT payload FROM log_entry WHERE kind = 'records.exported' ORDER BY index DESC LIMIT 1`,
    );
    const act = JSON.parse(row?.payload.toString('utf8') ?? '') as { format: string; sent: number; sha256: string };
    assert.deepEqual([act.format, act.sent], ['csv', 1200]);
    assert.equal(act.sha256, createHash('sha256').update(text).digest('hex'));
  });

  test('needs a reader of records', async () => {
    assert.equal((await fetch(`${service.url}/api/v1/records/export`)).status, 401);
  });
});
