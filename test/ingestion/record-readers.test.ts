import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packedEntries, packEntries } from '../../src/ingestion/packed-entries.js';
import { RecordReaders } from '../../src/ingestion/record-readers.js';
import { readPrepared, readRecords, type Reading } from '../../src/ingestion/read-records.js';
import { RowSlabs } from '../../src/log/binary-copy.js';
import { prepareEntry } from '../../src/log/entry.js';

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

test('packing and unpacking entries changes none of their bytes', () => {
  for (const slabLength of [500, 20_000, 10_000_000]) {
    const { entries } = readPrepared({ body: largeBody, split: 'lines' }, reading, new RowSlabs(slabLength));
    const unpacked = packedEntries(packEntries(entries, []));
    assert.deepEqual(
      unpacked.map(({ id, row, leafHash, dedupe }) => ({ id, row, leafHash, dedupe })),
      entries.map(({ id, row, leafHash, dedupe }) => ({ id, row, leafHash, dedupe })),
    );
  }
});
