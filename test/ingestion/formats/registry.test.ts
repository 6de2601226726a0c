import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';

import type { FormatName } from '../../../src/ingestion/normal-form.js';
import { detectFormat, formats, normaliseRecord } from '../../../src/ingestion/formats/registry.js';
import { wireOf } from '../../../src/ingestion/formats/record-wire.js';
import { assertIdentified, assertSchema, fixtureRecords } from './fixtures.js';
import { anyJson, mutated } from './mutations.js';

const receivedAt = new Date('2026-11-01T00:00:00Z');
const lines = fixtureRecords('hubble.ndjson');
const events = fixtureRecords('audit-event-list.json');

function reasonFor(raw: Buffer | string, format: FormatName | null = null): string {
  const result = normaliseRecord(Buffer.from(raw), format === null ? {} : { format }, receivedAt);
  return result.ok ? 'accepted' : result.reason;
}

function detailFor(raw: string, format: FormatName | null = null): string {
  const result = normaliseRecord(Buffer.from(raw), format === null ? {} : { format }, receivedAt);
  return result.ok ? 'accepted' : result.detail;
}

test('formats are recognised by their records', () => {
  for (const line of lines) assert.equal(detectFormat(line), 'hubble');
  for (const event of events) assert.equal(detectFormat(event), 'kubernetes-audit');
  for (const other of [{}, { kind: 0 }, null, 1, 'x', [], { flow: null }, { kind: 'Event' }]) {
    assert.equal(detectFormat(other), null, JSON.stringify(other));
  }
});

test('records are found where query tools and shippers put them', () => {
  const line = '2 111122223333 eni-0a1b 10.0.1.5 10.0.2.9 49152 5432 6 12 3400 1790000000 1790000060 REJECT OK';
  const call = { eventSource: 'ec2.amazonaws.com', eventName: 'DeleteSecurityGroup', eventVersion: '1.08' };
  assert.equal(detectFormat({ '@timestamp': '2026-10-05 09:00:00.000', '@message': line }), 'aws-vpc-flow');
  assert.equal(detectFormat({ EventId: '1', CloudTrailEvent: JSON.stringify(call) }), 'aws-cloudtrail');
  assert.equal(detectFormat({ json: call }), 'aws-cloudtrail');
  assert.equal(detectFormat({ _index: 'logs', _id: 'a', _source: call }), 'aws-cloudtrail');
});

describe('what cannot be read is refused with its reason', () => {
  test('and the words help to repair the sender', () => {
    assert.equal(reasonFor(''), 'empty');
    assert.equal(reasonFor(' \n'), 'empty');
    assert.equal(reasonFor(Buffer.from([0x7b, 0xff, 0x7d])), 'not_utf8');
    assert.equal(reasonFor('{"a":'), 'invalid_json');
    assert.equal(detailFor('{"a" 1}'), 'byte 5: expected a colon');
    assert.equal(detailFor('{} {}'), 'byte 3: expected the end of the record');
    assert.equal(reasonFor('[{"flow":{}}]'), 'not_an_object');
    assert.equal(detailFor('null'), 'expected a JSON object, got null');
    assert.equal(reasonFor('{"kind":0}'), 'unknown_format');
    assert.equal(
      detailFor('{"kind":0}'),
      `expected a record of ${formats.map(({ name }) => name).join(', ')}; got an object with kind`,
    );
    assert.equal(
      detailFor('{}'),
      `expected a record of ${formats.map(({ name }) => name).join(', ')}; got an empty object`,
    );
    assert.match(detailFor('{"a\\u0000\\ud800":1}'), /^[^\0\ud800]*$/);
    assert.notEqual(reasonFor('['.repeat(500_000)), 'accepted');
  });

  test('a source bound to a format takes no other', () => {
    const line = JSON.stringify(lines[0]);
    assert.equal(reasonFor(line, 'hubble'), 'accepted');
    assert.equal(reasonFor(line, 'kubernetes-audit'), 'unknown_format');
    assert.match(detailFor(line, 'kubernetes-audit'), /expected kubernetes-audit.*looks like hubble/);
    assert.match(detailFor('{"kind":0}', 'hubble'), /^expected a record of hubble; got/);
  });
});

describe('text that PostgreSQL cannot store', () => {
  const hostile =
    '{"flow":{"verdict":"DROPPED","source":{"namespace":"a","pod_name":"x\\u0000\\ud800-0","labels":["k8s:a\\u0000=b"]}},"node_name":"n"}';

  test('is replaced, and the record says so', () => {
    const result = normaliseRecord(Buffer.from(hostile), {}, receivedAt);
    assert.ok(result.ok);
    assertSchema(result);
    assert.equal(result.records[0].source?.instance, 'x\ufffd\ufffd-0');
    assert.deepEqual(result.records[0].source.workload?.labels, { 'a\ufffd': 'b' });
    assert.ok(result.records[0].flags.includes('characters_replaced'));
  });

  test('also where an envelope hides the escape', () => {
    const inner = '{"auditID":"a","kind":"Event","stage":"Panic","verb":"get","user":{"username":"a\\u0000"}}';
    const hidden = JSON.stringify({ message: inner }).replace('u0000', '\\u0075\\u0030000');
    assert.doesNotMatch(hidden, /u0000/);
    const result = normaliseRecord(Buffer.from(hidden), {}, receivedAt);
    assert.ok(result.ok);
    assert.equal(result.records[0].actor?.name, 'a\ufffd');
    assert.ok(result.records[0].flags.includes('characters_replaced'));
  });

  test('while pairs and ordinary escapes stay', () => {
    const fine = hostile.replace('\\u0000\\ud800', '\\ud83d\\ude00\\u003c').replace('\\u0000', '');
    const result = normaliseRecord(Buffer.from(fine), {}, receivedAt);
    assert.ok(result.ok);
    assert.equal(result.records[0].source?.instance, 'x😀<-0');
    assert.ok(!result.records[0].flags.includes('characters_replaced'));
  });
});

test('a member named __proto__ changes nothing', () => {
  const raw = '{"__proto__":{"flow":{"verdict":"FORWARDED"}},"kind":"x","constructor":{"prototype":{"polluted":1}}}';
  assert.equal(reasonFor(raw), 'unknown_format');
  const event = JSON.stringify(events[1]).replace('"spec":{', '"spec":{"__proto__":{"polluted":1},');
  const result = normaliseRecord(Buffer.from(event), {}, receivedAt);
  assert.ok(result.ok);
  assert.equal(result.records[0].policyChange?.after, null);
  assert.ok(result.records[0].flags.includes('value_not_kept'));
  assert.equal('polluted' in {}, false);
});

describe('for any input', () => {
  function check(value: unknown): void {
    const raw = Buffer.from(JSON.stringify(value) ?? 'null');
    const wire = wireOf(raw.toString('utf8'), {}, receivedAt);
    for (const format of formats) {
      assert.equal(typeof format.detect(wire), 'boolean');
      format.normalise(wire);
    }
    const result = normaliseRecord(raw, {}, receivedAt);
    assertSchema(result);
    assertIdentified(raw, {}, receivedAt, result);
    assert.deepEqual(normaliseRecord(raw, {}, receivedAt), result);
    assert.doesNotMatch(JSON.stringify(result), /\\u0000|\\ud[89a-f]/);
  }

  test('no JSON value makes an adapter throw', () => {
    fc.assert(fc.property(anyJson, check), { numRuns: 1000 });
  });

  test('no change to a real record makes an adapter throw or leave the schema', () => {
    const records = [...lines, ...events];
    fc.assert(fc.property(mutated(records), check), { numRuns: 1500 });
  });

  test('no bytes make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        normaliseRecord(Buffer.from(bytes), {}, receivedAt);
      }),
    );
  });
});
