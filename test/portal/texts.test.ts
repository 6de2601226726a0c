import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shortened } from '../../src/portal/components/identifier.js';
import { layOutJson } from '../../src/portal/components/json-text.js';
import { diffLines } from '../../src/portal/components/policy-text.js';
import { paths } from '../../src/portal/paths.js';

function laidOut(text: string): string | null {
  return (
    layOutJson(text)
      ?.map((token) => token.text)
      .join('') ?? null
  );
}

describe('JSON laid out', () => {
  test('keeps what parsing would lose: digits, escapes, duplicate keys, order', () => {
    assert.equal(
      laidOut('{"b":18446744073709551615,"a":1.50e+00,"a":"\\u00e9\\/","c":[],"d":{}}'),
      [
        '{',
        '  "b": 18446744073709551615,',
        '  "a": 1.50e+00,',
        '  "a": "\\u00e9\\/",',
        '  "c": [],',
        '  "d": {}',
        '}',
      ].join('\n'),
    );
  });

  test('agrees with the standard layout for everything parsing keeps', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        assert.equal(laidOut(text), JSON.stringify(JSON.parse(text), null, 2));
      }),
    );
  });

  test('never changes a character outside white space, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string(), fc.string({ unit: fc.constantFrom('{', '}', '"', '\\', ':', ',', '1', ' ') })),
        (text) => {
          const tokens = layOutJson(text);
          if (tokens === null) return;
          const outside = /"(?:[^"\\]|\\.)*"|[ \t\r\n]+/g;
          const dense = (json: string): string =>
            json.replaceAll(outside, (part) => (part.startsWith('"') ? part : ''));
          assert.equal(dense(tokens.map((token) => token.text).join('')), dense(text));
        },
      ),
    );
  });

  test('text that is no JSON is left alone', () => {
    assert.equal(layOutJson('<134>1 2026-11-22 host app'), null);
    assert.equal(layOutJson('{"cut":"off'), null);
    assert.equal(layOutJson(''), null);
  });
});

describe('line differences', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 });

  test('removals and the rest give the text before, additions and the rest the text after', () => {
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const diff = diffLines(before, after) ?? assert.fail('short texts are compared');
        const without = (kind: string): readonly string[] =>
          diff.filter((line) => line.kind !== kind).map((line) => line.text);
        assert.deepEqual(without('added'), before);
        assert.deepEqual(without('removed'), after);
      }),
    );
  });

  test('one new line among many is one addition', () => {
    const before = ['kind: NetworkPolicy', 'spec:', '  ports:', '    - 8443'];
    const after = ['kind: NetworkPolicy', 'spec:', '  ports:', '    - 443', '    - 8443'];
    const changed = (diffLines(before, after) ?? []).filter((line) => line.kind !== 'same');
    assert.deepEqual(changed, [{ kind: 'added', text: '    - 443' }]);
  });

  test('texts too long to compare are refused rather than slow', () => {
    const long = Array.from({ length: 3000 }, (_, index) => `line ${index}`);
    assert.equal(diffLines(long, long), null);
  });
});

describe('identifiers and addresses', () => {
  test('a shortened identifier keeps both ends and is never longer than the whole', () => {
    assert.equal(shortened('3f9ac01d77aa77aa77aac21e'), '3f9ac01d…c21e');
    assert.equal(shortened('CHG-41'), 'CHG-41');
    fc.assert(fc.property(fc.string(), (value) => shortened(value).length <= value.length));
  });

  test('names with separators of their own stay one part of the path', () => {
    assert.equal(
      paths.policy({ system: 'kubernetes', kind: 'NetworkPolicy', namespace: null, name: 'a/b?c#d' }),
      '/policies/kubernetes/NetworkPolicy/-/a%2Fb%3Fc%23d',
    );
    assert.equal(paths.change('../reports'), '/changes/..%2Freports');
  });

  test('a query leaves out what is not set and reads back as it was', () => {
    assert.equal(paths.records({ from: null, verdict: '', kind: undefined }), '/records');
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (text) => {
        const url = new URL(paths.records({ text }), 'http://localhost');
        assert.equal(url.searchParams.get('text'), text);
      }),
    );
  });
});
