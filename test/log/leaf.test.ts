import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, CanonicalJsonError } from '../../src/log/core/canonical-json.js';
import { encodeLeaf, hashPayload, leafHashOf, payloadHashOf, type Leaf } from '../../src/log/core/leaf.js';
import { hashLeaf, hashNode } from '../../src/log/core/tree.js';
import { copyOf } from '../../src/log/binary-copy.js';
import { prepareEntry } from '../../src/log/entry.js';
import { CopyRowReader } from '../../src/log/read.js';
import { uuidText, uuidv7Bytes } from '../../src/log/uuid.js';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('flow', '"', '\\', '\u0000', '\u2028', 'é\ud83d\ude00'),
);
const anyLeaf = fc.record({
  v: fc.constant(1 as const),
  id: fc.uuid({ version: 7 }),
  kind: text,
  source: text,
  occurredAt: fc.constant('2026-11-22T01:02:03.000000001Z'),
  receivedAt: fc.constant('2026-11-22T01:02:03.004Z'),
  payloadHash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')),
});

test('a leaf is encoded as the canonical JSON of its members, and hashed as that', () => {
  fc.assert(
    fc.property(anyLeaf, (leaf) => {
      assert.equal(encodeLeaf(leaf).toString(), canonicalJson({ ...leaf }));
      assert.equal(leafHashOf(leaf), hashLeaf(encodeLeaf(leaf)).toString('hex'));
    }),
    { numRuns: 2000 },
  );
});

test('a leaf whose kind or source is no Unicode text cannot be made', () => {
  const leaf: Leaf = { v: 1, id: '', kind: 'a', source: 'b', occurredAt: '', receivedAt: '', payloadHash: '' };
  for (const wrong of [
    { ...leaf, kind: '\ud800' },
    { ...leaf, source: 'a\udc00' },
  ]) {
    assert.throws(() => encodeLeaf(wrong), CanonicalJsonError);
    assert.throws(() => leafHashOf(wrong), CanonicalJsonError);
  }
});

test('a payload of any length is hashed after its salt', () => {
  const sizes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 16_300, maxLength: 16_450 }));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), sizes, (salt, payload) => {
      const wanted = createHash('sha256').update(salt).update(payload).digest();
      assert.deepEqual(hashPayload(salt, payload), wanted);
      assert.equal(payloadHashOf(salt, payload), wanted.toString('hex'));
    }),
  );
});

test('a node is hashed over 0x01 and its children, also when one of them is the hash before', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 2, maxLength: 9 }), (hashes) => {
      const inOne = hashes.reduce<Uint8Array>((left, right) => hashNode(left, right), hashes[0] ?? Buffer.alloc(32));
      const wanted = hashes.reduce<Uint8Array>(
        (left, right) => createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest(),
        hashes[0] ?? Buffer.alloc(32),
      );
      assert.deepEqual(inOne, wanted);
    }),
  );
});

test('a prepared entry keeps its payload and times, and gets salt, id and hashes of its own', () => {
  const receivedAt = new Date('2026-11-22T01:02:03.004Z');
  const entry = { kind: 'flow', source: 'cluster-a', occurredAt: -1n, payload: Buffer.from('{}') };
  const [first, second] = [prepareEntry(entry, receivedAt), prepareEntry(entry, receivedAt)];
  assert.notDeepEqual(first.salt, second.salt);
  assert.notDeepEqual(first.id, second.id);
  assert.equal(first.salt.length, 16);
  assert.equal(first.occurredAtNs, -1n);
  assert.equal(prepareEntry({ ...entry, occurredAt: null }, receivedAt).occurredAtNs, 1_795_309_323_004_000_000n);
  assert.deepEqual(first.payloadHash, payloadHashOf(first.salt, entry.payload));
  const leaf = {
    v: 1,
    id: uuidText(first.id),
    kind: 'flow',
    source: 'cluster-a',
    occurredAt: '1969-12-31T23:59:59.999999999Z',
    receivedAt: '2026-11-22T01:02:03.004Z',
    payloadHash: first.payloadHash,
  };
  assert.equal(first.leafHash, hashLeaf(Buffer.from(canonicalJson(leaf))).toString('hex'));
});

test('a UUIDv7 holds its millisecond, version and variant, and sorts by time', () => {
  const times = fc.integer({ min: 0, max: 2 ** 48 - 1 });
  fc.assert(
    fc.property(times, times, (a, b) => {
      const [first, second] = [uuidv7Bytes(a), uuidv7Bytes(b)];
      assert.equal(first.readUIntBE(0, 6), a);
      assert.match(uuidText(first), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
      if (a < b) assert.ok(uuidText(first) < uuidText(second));
    }),
  );
  const drawn = uuidv7Bytes(1);
  const before = uuidText(drawn);
  const same = new Set(Array.from({ length: 5000 }, () => uuidText(uuidv7Bytes(1))));
  assert.equal(same.size, 5000);
  assert.equal(uuidText(drawn), before, 'a later draw wrote over an earlier one');
});

test('rows bear the names of their own entry, also with more sources than are remembered', () => {
  const receivedAt = new Date('2026-11-22T01:02:03.004Z');
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < 1500; at++) {
      const kind = at % 2 === 0 ? 'flow' : 'é';
      const source = `source-${at}`;
      const { row, payloadHash, salt } = prepareEntry(
        { kind, source, occurredAt: null, payload: Buffer.from(`payload ${at}`) },
        receivedAt,
      );
      const fields = [...new CopyRowReader().rows(Buffer.concat(copyOf([row])))][0] ?? [];
      const texts = [1, 3, 4, 9].map((field) => fields[field]?.toString());
      assert.deepEqual(texts, [at % 2 === 0 ? 'flow' : 'act', kind, source, `payload ${at}`]);
      assert.equal(payloadHash, payloadHashOf(salt, Buffer.from(`payload ${at}`)));
    }
  }
});
