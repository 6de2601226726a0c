import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { breakLines, drawable } from '../../src/evidence/pdf/line-breaking.js';
import { duration, percentage, period, time } from '../../src/evidence/pdf/wording.js';

/** Every character one unit wide. */
const measure = (text: string): number => [...text].length;

describe('breaking lines', () => {
  test('breaks at spaces first, then after punctuation, then between characters', () => {
    assert.deepEqual(breakLines('one two three', 7, measure), ['one two', 'three']);
    assert.deepEqual(breakLines('payments/card-authorisation', 16, measure), ['payments/card-', 'authorisation']);
    assert.deepEqual(breakLines('abcdefgh', 3, measure), ['abc', 'def', 'gh']);
    assert.deepEqual(breakLines('a\n\nb', 5, measure), ['a', '', 'b']);
    assert.deepEqual(breakLines('', 5, measure), ['']);
  });

  test('keeps marks with their letter', () => {
    assert.deepEqual(breakLines('e\u0301e\u0301', 2, measure), ['e\u0301', 'e\u0301']);
  });

  test('loses nothing but spaces and never makes a line too wide', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 120 }), fc.integer({ min: 2, max: 40 }), (text, width) => {
        const lines = breakLines(text, width, measure);
        assert.equal(lines.join('').replace(/[ \n]/gu, ''), text.replace(/[ \n]/gu, ''));
        // A letter with its marks may be wider than the narrowest line.
        for (const line of lines) assert.ok(measure(line) <= width || /\p{M}/u.test(line), line);
      }),
    );
  });
});

describe('drawable text', () => {
  test('writes out what has no glyph or no shape, and nothing else', () => {
    const latin = (codePoint: number): boolean => codePoint < 0x250;
    assert.equal(drawable('Zoë\tÅ\r', latin), 'Zoë Å ');
    assert.equal(
      drawable('日\u202e\u0000\u{1F600}', () => true),
      '日[U+202E][U+0000]\u{1F600}',
    );
    assert.equal(drawable('日\u{1F600}', latin), '[U+65E5][U+1F600]');
    assert.equal(
      drawable('a\ud800b', () => true),
      'a[U+D800]b',
    );
  });
});

describe('wording', () => {
  test('never rounds to nothing or to everything', () => {
    assert.equal(percentage(1, 100_000), '<0.1%');
    assert.equal(percentage(99_999, 100_000), '99.9%');
    assert.equal(percentage(0, 5), '0.0%');
    assert.equal(percentage(5, 5), '100.0%');
    assert.equal(percentage(0, 0), '–');
    assert.equal(percentage(1, 3), '33.3%');
  });

  test('gives times in UTC and periods by days where they are days', () => {
    assert.equal(time('2026-10-12T09:14:22.123456789Z'), '2026-10-12 09:14:22 UTC');
    assert.equal(time('whenever'), 'whenever');
    assert.equal(
      period({ from: '2026-10-01T00:00:00.000Z', to: '2026-11-01T00:00:00Z' }),
      '2026-10-01 to 2026-11-01, 00:00 UTC',
    );
    assert.equal(
      period({ from: '2026-10-01T06:00:00Z', to: '2026-10-01T18:00:00Z' }),
      '2026-10-01 06:00:00 to 2026-10-01 18:00:00 UTC',
    );
  });

  test('gives durations in the two largest units', () => {
    assert.equal(duration(0.2), '0 s');
    assert.equal(duration(61), '1 min 1 s');
    assert.equal(duration(3600), '1 h');
    assert.equal(duration(1_057_200), '12 d 5 h');
  });
});
