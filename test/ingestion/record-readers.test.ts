import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EntryPacker, packedEntries } from '../../src/ingestion/packed-entries.js';
import { RecordReaders } from '../../src/ingestion/record-readers.js';
import { readRecords, type Reading } from '../../src/ingestion/read-records.js';
import { copyOf, RowSlabs } from '../../src/log/binary-copy.js';
import { hashPayload, leafHashOf } from '../../src/log/core/leaf.js';
import { prepareEntry } from '../../src/log/entry.js';
import { CopyRowReader } from '../../src/log/read.js';
import { formatNanoseconds } from '../../src/log/time.js';
import { uuidText } from '../../src/log/uuid.js';

const receivedAt = new Date('2026-11-20T10:00:00.123Z');
const reading: Reading = { source: 'edge', context: {}, receivedAt, mostRecordBytes: 10_000, redaction: null };

function flow(number: number): string {
  return JSON.stringify({
    flow: {
      time: `2026-11-20T09:59:${String(number % 60).padStart(2, '0')}.000000001Z`,
      uuid: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
      verdict: 'FORWARDED',
      event_type: { type: 5 },
      IP: { source: '10.0.0.1', destination: '10.0.0.2', ipVersion: 'IPv4' },
      l4: { TCP: { source_port: 40000, destination_port: 443 } },
      traffic_direction: 'EGRESS',
    },
  });
}

const lines = [
  ...Array.from({ length: 600 }, (_, at) => flow(at)),
  '{"kind":0}',
  '{"cut":',
  flow(5),
  'x'.repeat(10_001),
];
const largeBody = Buffer.from(lines.join('\n'));

test('a large body read in a thread gives the records that reading it here gives', async () => {
  const readers = new RecordReaders();
  try {
    const here = [...readRecords({ body: largeBody, split: 'lines' }, reading)];
    const { entries, rejections } = await readers.read({ body: Buffer.from(largeBody), split: 'lines' }, reading);
    assert.equal(entries.length, lines.length);
    assert.deepEqual(
      entries.map(({ dedupe }) => dedupe),
      here.map(({ entry }) => entry.dedupe),
    );
    assert.deepEqual(
      [...rejections.entries()].map(([at, { reason }]) => [at, reason]),
      [
        [600, 'unknown_format'],
        [601, 'invalid_json'],
        [603, 'too_large'],
      ],
    );
    // Salt and id are drawn anew each time; everything else of the row is the same.
    const lengths = here.map(({ entry }) => prepareEntry(entry, receivedAt).row.length);
    assert.deepEqual(
      entries.map(({ row }) => row.length),
      lengths,
    );
  } finally {
    await readers.onModuleDestroy();
  }
});

test('many large bodies at once come back each to its own request', async () => {
  const readers = new RecordReaders();
  try {
    const counts = Array.from({ length: 12 }, (_, at) => 200 + at);
    const bodies = counts.map((count) => Buffer.from(Array.from({ length: count }, (_, at) => flow(at)).join('\n')));
    const answers = await Promise.all(bodies.map((body) => readers.read({ body, split: 'lines' }, reading)));
    assert.deepEqual(
      answers.map(({ entries }) => entries.length),
      counts,
    );
  } finally {
    await readers.onModuleDestroy();
  }
});

test('packing and unpacking entries changes none of their bytes, whatever slabs their rows were cut from', () => {
  const read = [...readRecords({ body: largeBody, split: 'lines' }, reading)];
  for (const slabLength of [500, 20_000, 10_000_000]) {
    const packer = new EntryPacker(receivedAt, new RowSlabs(slabLength));
    for (const { entry, rejected } of read) packer.add(entry, rejected);
    const entries = packedEntries(packer.packed());
    assert.equal(entries.length, read.length);
    entries.forEach(({ id, row, leafHash, dedupe }, at) => {
      const { entry } = read[at] ?? assert.fail('there is one for each');
      assert.deepEqual(dedupe, entry.dedupe);
      assert.deepEqual(row.subarray(-entry.payload.length), entry.payload);
      const fields = [...new CopyRowReader().rows(Buffer.concat(copyOf([row])))][0] ?? [];
      const [, , rowId, kind, source, occurred, , payloadHash, salt] = fields;
      assert.deepEqual(rowId, id);
      assert.deepEqual(hashPayload(salt ?? Buffer.alloc(0), entry.payload), payloadHash);
      const leaf = {
        v: 1 as const,
        id: uuidText(id),
        kind: String(kind),
        source: String(source),
        occurredAt: formatNanoseconds((occurred ?? Buffer.alloc(8)).readBigInt64BE()),
        receivedAt: receivedAt.toISOString(),
        payloadHash: (payloadHash ?? Buffer.alloc(0)).toString('hex'),
      };
      assert.equal(leafHashOf(leaf), leafHash);
    });
  }
});
