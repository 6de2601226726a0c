import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { names, spellingsOf } from '../../src/retention/spellings.js';

function isNamed(text: string, payload: string): boolean {
  return names(Buffer.from(payload), spellingsOf(text));
}

test('a text is found as it is, and as JSON writers spell it', () => {
  assert.deepEqual(spellingsOf('web').map(String), ['web']);
  for (const payload of [
    '{"path":"/é<b>"}',
    String.raw`{"path":"\/é<b>"}`,
    String.raw`{"path":"/\u00e9<b>"}`,
    String.raw`{"path":"/\u00E9\u003Cb\u003E"}`,
    String.raw`{"path":"/é\u003cb\u003e"}`,
    String.raw`{"path":"\/\u00e9\u003cb\u003e"}`,
  ]) {
    assert.equal(isNamed('/é<b>', payload), true, payload);
  }
  assert.equal(isNamed('say "yes"', String.raw`{"note":"say \"yes\""}`), true);
});

test('only whole words count', () => {
  const cases: [string, string, boolean][] = [
    ['10.0.0.1', '{"ip":"10.0.0.1"}', true],
    ['10.0.0.1', '{"ip":"10.0.0.1:443"}', true],
    ['10.0.0.1', '{"ip":"10.0.0.12"}', false],
    ['10.0.0.1', '{"ip":"210.0.0.1"}', false],
    ['ann', 'anna and ann', true],
    ['ann', 'anna, joann, ann_b', false],
    ['ann', 'ann@example.com', true],
    ['ann', 'línneann', false],
    ['@example.com', 'ann@example.com', true],
    ['é', 'né', false],
    ['web', '{"pod":"web-7d9f"}', true],
    ['ann', '', false],
    ['ann', 'ann', true],
  ];
  for (const [text, payload, expected] of cases)
    assert.equal(isNamed(text, payload), expected, `${text} in ${payload}`);
});

test('an escape before the text is no part of a word', () => {
  assert.equal(isNamed('ann', String.raw`{"note":"by\nann"}`), true);
  assert.equal(isNamed('ann', String.raw`{"note":"by\u0009ann"}`), true);
});

test('a text is found in every payload that has it as the value of a member', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 3 }), fc.jsonValue(), fc.boolean(), (text, other, spaced) => {
      const payload = JSON.stringify({ other, text }, undefined, spaced ? 2 : undefined);
      assert.equal(isNamed(text, payload), true);
    }),
  );
});
