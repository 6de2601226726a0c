import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, CanonicalJsonError, canonicalString } from '../../src/log/core/canonical-json.js';

// Its declaration speaks of a default export, which the CommonJS package does not have.
const canonicalise = createRequire(import.meta.url)('canonicalize') as (value: unknown) => string | undefined;

const awkwardKeys = ['', '__proto__', 'constructor', 'toString', '0', '1', '10', '9', '-1', '1.5', '01', '\u0000', 'é'];
const awkwardNumbers = [-0, 1e21, 1e-7, 5e-324, 2 ** 53 + 2, 0.1 + 0.2, 1.7976931348623157e308, 333333333.3333333];
const awkwardTexts = ['\u0000', '\u007f', '\u2028', '\ufeff', '\ue000', '\ud83d\ude00', '"\\/\b\f\n\r\t', '\u001f'];

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...awkwardTexts));
const key = fc.oneof(text, fc.constantFrom(...awkwardKeys));
const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(...awkwardNumbers));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    number,
    text,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 8 }).map((members) => Object.fromEntries(members)),
  ),
}));

test('any JSON value comes out as from another implementation, and reads back the same', () => {
  fc.assert(
    fc.property(value, (given) => {
      const canonical = canonicalJson(given);
      assert.equal(canonical, canonicalise(given));
      assert.equal(canonicalJson(JSON.parse(canonical)), canonical);
    }),
    { numRuns: 30_000 },
  );
});

test('the order in which members were set makes no difference', () => {
  fc.assert(
    fc.property(fc.uniqueArray(key, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (keys, order) => {
      const members = keys.map((name, at): [string, number] => [name, at]);
      const shuffled = members
        .map((member) => ({ member, rank: Number(order.next().value) }))
        .toSorted((a, b) => a.rank - b.rank)
        .map(({ member }) => member);
      assert.equal(canonicalJson(Object.fromEntries(members)), canonicalJson(Object.fromEntries(shuffled)));
    }),
    { numRuns: 1000 },
  );
});

test('awkward members, as a parser gives them', () => {
  assert.equal(
    canonicalJson(JSON.parse('{"__proto__":{"b":1,"a":2},"10":1,"9":2,"\\u0000":3}')),
    '{"\\u0000":3,"10":1,"9":2,"__proto__":{"a":2,"b":1}}',
  );
  assert.equal(canonicalJson([-0, 1e21, 1e20, 1e-6, 1e-7]), '[0,1e+21,100000000000000000000,0.000001,1e-7]');
  assert.equal(canonicalJson({ a: undefined, b: null }), '{"b":null}');
});

test('lone surrogates are refused, wherever they stand', () => {
  for (const lone of ['\ud800', '\udc00', 'a\udbff', '\udfffa', '\udc00\ud800', '\ud83d\ud83d\ude00']) {
    for (const given of [lone, [lone], { a: lone }, { [lone]: 1 }, [{ a: [{ [lone]: null }] }]]) {
      assert.throws(() => canonicalJson(given), CanonicalJsonError, JSON.stringify(given));
    }
    assert.throws(() => canonicalString(lone), CanonicalJsonError);
  }
});

test('what JSON does not have is refused', () => {
  const odd: unknown[] = [Number.NaN, Infinity, -Infinity, undefined, 1n, Symbol('a'), () => 1];
  odd.push(new Date(0), new Map(), new Set(), Buffer.from('a'), new Uint8Array(2), /a/u, new Error('a'));
  for (const given of odd) {
    assert.throws(() => canonicalJson(given), CanonicalJsonError, String(given));
    assert.throws(() => canonicalJson([given]), CanonicalJsonError, `in an array: ${String(given)}`);
    if (given === undefined) continue;
    assert.throws(() => canonicalJson({ a: given }), CanonicalJsonError, `as a member: ${typeof given}`);
  }
});

/** How everything that reads canonical JSON from outside tells it from other texts: packages, statements, proofs. */
function isCanonical(given: string): boolean {
  try {
    return canonicalJson(JSON.parse(given)) === given;
  } catch {
    return false;
  }
}

test('a text in which a member stands twice is no canonical JSON, whatever the member and its values', () => {
  fc.assert(
    fc.property(key, value, value, fc.boolean(), (name, first, second, nested) => {
      const member = JSON.stringify(name);
      const [a, b] = [canonicalJson(first), canonicalJson(second)];
      const twice = `{${member}:${a},${member}:${b}}`;
      assert.equal(isCanonical(nested ? `[${twice}]` : twice), false);
      assert.equal(isCanonical(`{${member}:${a}}`), canonicalString(name) === member);
    }),
    { numRuns: 3000 },
  );
});

test('another spelling of a value is no canonical JSON', () => {
  for (const other of [
    '-0',
    '1e21',
    '1.0',
    '1E2',
    '"\\u0061"',
    '"\\ud800"',
    '"\\/"',
    '{"b":1,"a":2}',
    '[1, 2]',
    ' 1',
    '',
  ]) {
    assert.equal(isCanonical(other), false, other);
  }
  for (const same of ['0', '1e+21', '1', '100', '"a"', '"\\u0000"', '"/"', '{"10":1,"9":2,"__proto__":3}', '[1,2]']) {
    assert.equal(isCanonical(same), true, same);
  }
});
