import assert from 'node:assert/strict';
import { before, after, describe, test } from 'node:test';
import fc from 'fast-check';
import { Pool, type PoolClient } from 'pg';
import { BinaryCopyRows, copyOf, RowSlabs, sharedSlabs } from '../../src/log/binary-copy.js';
import { type CopyData, runCopyStatements } from '../../src/log/copy-statements.js';
import { freshDatabase, type FreshDatabase } from '../support/database.js';

let fresh: FreshDatabase;
let pool: Pool;
let client: PoolClient;

before(async () => {
  fresh = await freshDatabase();
  pool = new Pool({ connectionString: fresh.ownerUrl, max: 1, options: '-c timezone=UTC' });
  client = await pool.connect();
  await client.query(`CREATE TABLE copied (
    place integer, small smallint, big bigint, nanoseconds bigint, at timestamptz, fine timestamptz,
    bytes bytea, id uuid, label text, maybe text, number integer, labels text[])`);
});

after(async () => {
  client.release();
  await pool.end();
  await fresh.drop();
});

interface Row {
  readonly place: number;
  readonly small: number;
  readonly big: number;
  readonly nanoseconds: bigint;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly bytes: Buffer;
  readonly id: Buffer;
  readonly label: string;
  readonly maybe: string | null;
  readonly number: number | null;
  readonly labels: readonly string[];
}

const plain: Row = {
  place: 1,
  small: -2,
  big: -3,
  nanoseconds: -4n,
  at: Date.UTC(2026, 10, 22, 1, 2, 3, 4),
  bytes: Buffer.from([0, 255, 10]),
  id: Buffer.from('017f22e279b07cc398c4dc0c0c07398f', 'hex'),
  label: 'é\u4e16\ud83d\ude00',
  maybe: null,
  number: -5,
  labels: ['a', '', 'ü{},"\\'],
};

function writeTo(rows: BinaryCopyRows, row: Row): void {
  rows.row(12);
  rows.int32(row.place);
  rows.int16(row.small);
  rows.int64(row.big);
  rows.bigint64(row.nanoseconds);
  rows.timestamp(row.at);
  rows.timestampNs(row.nanoseconds);
  rows.hex(row.bytes.toString('hex'));
  rows.bytes(row.id);
  rows.text(row.label);
  rows.textOrNull(row.maybe);
  rows.int32OrNull(row.number);
  rows.textArray(row.labels);
}

async function copied(data: readonly CopyData[]): Promise<unknown[]> {
  const statements = data.map(() => 'COPY copied FROM STDIN (FORMAT binary)');
  await runCopyStatements(client, ['TRUNCATE copied', ...statements].join('; '), data);
  const { rows } = await client.query<Record<string, unknown>>(
    `SELECT place, small, big::text AS big, nanoseconds::text AS nanoseconds, at,
       (extract(epoch FROM fine) * 1000000)::numeric(30)::text AS microseconds,
       bytes, id::text AS id, label, maybe, number, labels FROM copied ORDER BY place`,
  );
  return rows;
}

function expected(row: Row): unknown {
  const { nanoseconds, ...rest } = row;
  const floor = nanoseconds / 1000n - (nanoseconds % 1000n < 0n ? 1n : 0n);
  const hex = row.id.toString('hex');
  return {
    ...rest,
    big: String(row.big),
    nanoseconds: String(nanoseconds),
    at: new Date(row.at),
    microseconds: String(floor),
    id: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5'),
    maybe: row.maybe?.replaceAll('\0', '\ufffd') ?? null,
    labels: row.labels.map((label) => label.replaceAll('\0', '\ufffd')),
  };
}

test('every kind of value comes back as it was, whatever it is', async () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 });
  const anyRow = fc.record(
    {
      place: fc.integer(),
      small: fc.integer({ min: -32_768, max: 32_767 }),
      big: fc.oneof(
        fc.maxSafeInteger(),
        fc.constantFrom(0, -1, 2 ** 32, -(2 ** 32), 2 ** 31, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
      ),
      nanoseconds: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      at: fc.integer({ min: Date.UTC(1677, 9), max: Date.UTC(2262, 3) }),
      bytes: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      id: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
      label: text.map((label) => label.replaceAll('\0', '')),
      maybe: fc.option(text),
      number: fc.option(fc.integer()),
      labels: fc.array(text, { maxLength: 5 }),
    },
    { noNullPrototype: true },
  );
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(anyRow, { selector: (row) => row.place, maxLength: 30 }), async (rows) => {
      const writer = new BinaryCopyRows(0);
      for (const row of rows) writeTo(writer, row);
      const inOrder = rows.toSorted((a, b) => a.place - b.place);
      assert.deepEqual(await copied([writer.finish()]), inOrder.map(expected));
    }),
    { numRuns: 60 },
  );
});

test('the buffer may have to grow at any byte of a row', async () => {
  const rowBytes = 300;
  const data: Buffer[] = [];
  const rows: Row[] = [];
  for (let room = 0; room <= 2 * rowBytes; room++) {
    const writer = new BinaryCopyRows(room);
    const filler = { ...plain, place: data.length * 2, label: 'before' };
    const next = { ...plain, place: data.length * 2 + 1, maybe: 'after the edge' };
    writeTo(writer, filler);
    writeTo(writer, next);
    data.push(writer.finish());
    rows.push(filler, next);
  }
  // A single field may be larger than twice what there is.
  for (const large of [
    { bytes: Buffer.alloc(5000, 7) },
    { label: 'y'.repeat(5000) },
    { labels: ['z'.repeat(5000), 'z'] },
  ]) {
    const writer = new BinaryCopyRows(0);
    const row = { ...plain, ...large, place: data.length * 2 };
    writeTo(writer, row);
    data.push(writer.finish());
    rows.push(row);
  }
  assert.deepEqual(await copied(data), rows.map(expected));
});

test('U+0000, which PostgreSQL does not take in text, becomes U+FFFD', async () => {
  const writer = new BinaryCopyRows(0);
  const row = { ...plain, maybe: '\0a\0', labels: ['\0', 'b\0c'] };
  writeTo(writer, row);
  const [stored] = await copied([writer.finish()]);
  assert.deepEqual(stored, expected(row));
  assert.deepEqual(expected(row), {
    ...(expected(plain) as object),
    maybe: '\ufffda\ufffd',
    labels: ['\ufffd', 'b\ufffdc'],
  });
});

describe('rows written each on its own are copied together', () => {
  const rows = Array.from({ length: 400 }, (_, place): Row => ({ ...plain, place, label: 'x'.repeat(place) }));
  const written = (roomFor: (row: Buffer) => number, slabs: RowSlabs): Buffer[] =>
    rows.map((row) => {
      const alone = new BinaryCopyRows(64, sharedSlabs);
      writeTo(alone, row);
      const writer = new BinaryCopyRows(roomFor(alone.rows()), slabs);
      writeTo(writer, row);
      return writer.rows();
    });

  test('where they lie side by side, in pieces', async () => {
    const exact = written((row) => row.length, new RowSlabs(200_000));
    assert.deepEqual(await copied([copyOf(exact)]), rows.map(expected));
    assert.equal(copyOf(exact).length, 3, 'signature, one piece, trailer');
    const without = exact.filter((_, at) => at !== 100);
    assert.equal(copyOf(without).length, 4, 'a row that is left out parts the piece');
    assert.deepEqual(await copied([copyOf(without)]), rows.filter((_, at) => at !== 100).map(expected));
  });

  test('where they are scattered, or were given too much room or too little', async () => {
    for (const roomFor of [() => 9, () => 3000, (row: Buffer) => row.length + (row.length % 2)]) {
      assert.deepEqual(await copied([copyOf(written(roomFor, new RowSlabs(2000)))]), rows.map(expected));
    }
    assert.deepEqual(await copied([copyOf([])]), []);
  });
});

test('no rows are none', async () => {
  assert.deepEqual(await copied([new BinaryCopyRows(0).finish()]), []);
});

test('a statement that fails undoes those before it and leaves the connection usable', async () => {
  const rows = (place: number, label: string): Buffer => {
    const writer = new BinaryCopyRows(0);
    writeTo(writer, { ...plain, place, label });
    return writer.finish();
  };
  await client.query('TRUNCATE copied');
  const copy = 'COPY copied FROM STDIN (FORMAT binary)';
  // PostgreSQL refuses U+0000 in text: the second COPY fails after the first was taken.
  const failing = runCopyStatements(client, `BEGIN; ${copy}; ${copy}; ${copy}; COMMIT`, [
    rows(1, 'good'),
    rows(2, 'bad\0'),
    rows(3, 'x'.repeat(3_000_000)),
  ]);
  await assert.rejects(failing, /invalid byte sequence/);
  await client.query('ROLLBACK');
  assert.deepEqual((await client.query('SELECT * FROM copied')).rows, []);
  await runCopyStatements(client, `BEGIN; ${copy}; COMMIT`, [rows(4, 'good again')]);
  assert.deepEqual((await client.query('SELECT place FROM copied')).rows, [{ place: 4 }]);
  await assert.rejects(runCopyStatements(client, 'SELECT 1; SELECT 1 / 0', []), /division by zero/);
  await assert.rejects(runCopyStatements(client, 'no SQL', []), /syntax error/);
  assert.deepEqual((await client.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
});

test('a connection that is lost rejects, however much was under way', async () => {
  const lost = new Pool({ connectionString: fresh.ownerUrl, max: 1 });
  lost.on('error', () => {});
  const other = await lost.connect();
  other.on('error', () => {});
  const { rows } = await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const writer = new BinaryCopyRows(0);
  writeTo(writer, { ...plain, label: 'x'.repeat(20_000_000) });
  const copy = 'SELECT pg_sleep(30); COPY copied FROM STDIN (FORMAT binary)';
  const failing = assert.rejects(runCopyStatements(other, copy, [writer.finish()]));
  await client.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
  await failing;
  other.release(true);
  await lost.end();
});
