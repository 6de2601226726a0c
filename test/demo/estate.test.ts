import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { generateEstate, type Estate } from '../../src/demo/estate.js';
import { linesOf } from './estate-records.js';

const end = new Date('2026-11-22T12:00:00Z');
const hour = 3_600_000;

function digest({ steps, expectations, sources, segments, users }: Estate): string {
  const hash = createHash('sha256').update(JSON.stringify({ expectations, sources, segments, users }));
  for (const step of steps) hash.update(JSON.stringify(step));
  return hash.digest('hex');
}

describe('an estate is determined by its arguments', () => {
  const estate = generateEstate({ seed: 7, end, flows: 5_000 });
  const first = digest(estate);

  test('equal arguments give equal bytes, and reading the steps again makes the same', () => {
    assert.equal(digest(generateEstate({ seed: 7, end: new Date(end), flows: 5_000 })), first);
    assert.equal(digest(estate), first);
  });

  test('two readings at once do not disturb each other', () => {
    const [one, other] = [estate.steps[Symbol.iterator](), estate.steps[Symbol.iterator]()];
    for (let at = 0; at < 400; at++) {
      if (at % 3 === 0) continue;
      assert.deepEqual(one.next(), other.next(), `step ${at}`);
    }
  });

  test('another seed, end or number of flows gives other bytes', () => {
    assert.notEqual(digest(generateEstate({ seed: 8, end, flows: 5_000 })), first);
    assert.notEqual(digest(generateEstate({ seed: 7, end: new Date('2026-11-22T12:00:01Z'), flows: 5_000 })), first);
    assert.notEqual(digest(generateEstate({ seed: 7, end, flows: 5_001 })), first);
  });

  test('arguments without meaning are refused', () => {
    assert.throws(() => generateEstate({ seed: 7, end: new Date(NaN) }), RangeError);
    assert.throws(() => generateEstate({ seed: 7, end, flows: 100 }), /at least 5000, got 100/);
    assert.throws(() => generateEstate({ seed: 7, end, flows: 6_000.5 }), RangeError);
  });
});

describe('the shape of an estate', () => {
  const estate = generateEstate({ seed: 3, end, flows: 20_000 });
  const steps = [...estate.steps];
  const deliveries = steps.filter((step) => step.kind === 'ingest');

  test('thirty days, eight segments, one user a duty at least', () => {
    assert.equal(estate.to.getTime(), end.getTime());
    assert.equal(estate.to.getTime() - estate.from.getTime(), 30 * 24 * hour);
    assert.equal(estate.segments.length, 8);
    const roles = estate.users.flatMap((user) => user.roles).sort();
    assert.deepEqual(roles, ['admin', 'approver', 'approver', 'auditor', 'requester', 'requester']);
    for (const { name, owner } of estate.segments) assert.ok(name !== '' && owner !== '');
  });

  test('steps come in order of time, inside the thirty days', () => {
    let before = estate.from.getTime();
    for (const { at, kind } of steps) {
      assert.ok(at.getTime() >= before, `a ${kind} at ${at.toISOString()} comes after a later step`);
      before = at.getTime();
    }
    assert.ok(before <= end.getTime());
  });

  test('deliveries hold the lines they say they hold, at most 2,000', () => {
    for (const step of deliveries) {
      const lines = linesOf(step);
      assert.equal(lines.length, step.contents.lines);
      assert.ok(lines.length > 0 && lines.length <= 2_000);
      assert.ok(step.body.endsWith('}\n') || step.contents.unreadable > 0);
      assert.ok(estate.sources.some(({ name }) => name === step.source));
    }
  });

  test('the flows of a delivery come in order of time', () => {
    const times = /^\{"flow":\{"time":"([^"]+)"/;
    for (const step of deliveries) {
      const sent = linesOf(step).flatMap((line) => times.exec(line)?.[1] ?? []);
      assert.deepEqual(sent, [...sent].sort());
    }
  });

  test('the number of flows is the number asked for, but for the cut ones', () => {
    const flows = deliveries
      .filter(({ contents }) => !contents.resent)
      .reduce((sum, step) => sum + step.contents.flows, 0);
    assert.ok(Math.abs(flows - 20_000) <= 20, `${flows} flows`);
    assert.equal(estate.expectations.flows, 20_000);
  });

  test('a delivery is sent again word for word', () => {
    const again = deliveries.filter(({ contents }) => contents.resent);
    assert.equal(again.length, estate.expectations.resentBatches);
    for (const step of again) {
      const place = deliveries.indexOf(step);
      assert.ok(deliveries.slice(0, place).some(({ body, source }) => body === step.body && source === step.source));
    }
  });

  test('large estates are cut into bodies of at most 2,000 lines', () => {
    const large = generateEstate({ seed: 3, end, flows: 700_000 });
    let longest = 0;
    let split = 0;
    let previous = '';
    for (const step of large.steps) {
      if (step.at.getTime() > large.from.getTime() + 24 * hour) break;
      if (step.kind !== 'ingest') continue;
      longest = Math.max(longest, step.contents.lines);
      const key = `${step.source} ${step.at.getTime()}`;
      if (key === previous && step.contents.flows > 0) split++;
      previous = key;
    }
    assert.equal(longest, 2_000);
    assert.ok(split > 0, 'no delivery was split');
  });
});
