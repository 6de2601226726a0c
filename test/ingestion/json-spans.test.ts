import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { z } from 'zod';

import { findSyntaxError, type Span, splitJson, splitLines } from '../../src/ingestion/json-spans.js';

const EventListShape = z.object({ items: z.array(z.unknown()) });
const fixtures = new URL('../../../test/fixtures/formats/', import.meta.url);

/** Spans as text: the record itself, or its problem and the bytes that were kept. */
function read(body: Buffer | string, split: (body: Buffer) => Span[] = splitJson): string[] {
  const bytes = Buffer.from(body);
  return split(bytes).map(({ start, end, problem }) => {
    const text = bytes.subarray(start, end).toString('utf8');
    return problem === undefined ? text : `${problem}: ${text}`;
  });
}

/** Checks what every result must hold, whatever the body. */
function assertWellFormed(body: Buffer, spans: readonly Span[], between: RegExp): void {
  let last = 0;
  for (const span of spans) {
    assert.ok(span.start >= last && span.end > span.start && span.end <= body.length, JSON.stringify(span));
    assert.match(body.subarray(last, span.start).toString('latin1'), between);
    last = span.end;
  }
  assert.match(body.subarray(last).toString('latin1'), between);
}

const structure = /^(?:\xef\xbb\xbf)?[\s,[\]]*$/;

describe('a JSON body is split into the exact bytes of its records', () => {
  test('one object, byte for byte, however it is written', () => {
    assert.deepEqual(read('{"b": 1,\t"a":\n[2 ]}'), ['{"b": 1,\t"a":\n[2 ]}']);
    assert.deepEqual(read(' \r\n{"a":1}\n'), ['{"a":1}']);
    assert.deepEqual(read('{"a":1,"a":2,"__proto__":{"x":1}}'), ['{"a":1,"a":2,"__proto__":{"x":1}}']);
  });

  test('the elements of an array', () => {
    assert.deepEqual(read('[{"a":1}, {"b":[1,2]} ,[3],4,"x",null]'), [
      '{"a":1}',
      '{"b":[1,2]}',
      '[3]',
      '4',
      '"x"',
      'null',
    ]);
    assert.deepEqual(read('[]'), []);
    assert.deepEqual(read('[{"a":1},]'), ['{"a":1}']);
  });

  test('values one after another, with or without white space between', () => {
    assert.deepEqual(read('{"a":1}{"b":2}\n{"c":3}'), ['{"a":1}', '{"b":2}', '{"c":3}']);
    assert.deepEqual(read('{"a":1},{"b":2}'), ['{"a":1}', '{"b":2}']);
    assert.deepEqual(read('[{"a":1}][{"b":2}]'), ['{"a":1}', '{"b":2}']);
    assert.deepEqual(read('{\n  "a": {\n    "b": 1\n  }\n}\n{\n  "c": "}{"\n}\n'), [
      '{\n  "a": {\n    "b": 1\n  }\n}',
      '{\n  "c": "}{"\n}',
    ]);
  });

  test('the items of a Kubernetes EventList, wherever its members stand', () => {
    const list = readFileSync(new URL('audit-event-list.json', fixtures));
    const { items } = EventListShape.parse(JSON.parse(list.toString()));
    assert.deepEqual(
      splitJson(list).map(({ start, end }): unknown => JSON.parse(list.subarray(start, end).toString())),
      items,
    );

    assert.deepEqual(read('{"items":[{"a":1},{"b":2}],"kind":"EventList"}'), ['{"a":1}', '{"b":2}']);
    assert.deepEqual(read('{"kind":"EventList","items":[]}'), []);
    assert.deepEqual(read('[{"kind":"EventList","items":[{"a":1}]},{"b":2}]'), ['{"a":1}', '{"b":2}']);
    assert.deepEqual(read('{"kind":"EventList","items":[{"a":1}]}{"b":2}'), ['{"a":1}', '{"b":2}']);
  });

  test('other objects with items or another kind stay whole', () => {
    for (const whole of [
      '{"kind":"PodList","items":[{"a":1}]}',
      '{"kind":"EventList","items":{"a":1}}',
      '{"kind":"EventList"}',
      '{"spec":{"kind":"EventList","items":[{"a":1}]}}',
      '{"kind":"EventList","kind":"Pod","items":[{"a":1}]}',
    ]) {
      assert.deepEqual(read(whole), [whole]);
    }
  });

  test('the lists of deliveries and answers of clouds, also on one line', () => {
    for (const name of ['Records', 'records', 'logEvents', 'Events', 'events', 'value', 'entries', 'results']) {
      assert.deepEqual(read(`{"next":"x","${name}":[{"a":1},{"b":2}]}`), ['{"a":1}', '{"b":2}']);
      assert.deepEqual(read(`{"${name}":["a"]}`), [`{"${name}":["a"]}`]);
    }
    assert.deepEqual(read('{"c":3}\n{"Events":[{"a":1},{"b":2}],"NextToken":"x"}', splitLines), [
      '{"c":3}',
      '{"a":1}',
      '{"b":2}',
    ]);
  });

  test('a byte order mark is passed over; an empty body has no records', () => {
    assert.deepEqual(read('\ufeff{"a":1}'), ['{"a":1}']);
    assert.deepEqual(read(''), []);
    assert.deepEqual(read(' \n\t'), []);
  });

  test('nesting deeper than 64 levels is refused, 64 are not', () => {
    const nested = (levels: number): string => '{"a":'.repeat(levels - 1) + '[]' + '}'.repeat(levels - 1);
    assert.deepEqual(read(nested(64)), [nested(64)]);
    assert.deepEqual(read(`[${nested(65)},{"b":2}]`), [`invalid_json: ${nested(65)}`, '{"b":2}']);
    const abyss = Buffer.from('['.repeat(1_000_000));
    assert.equal(
      splitJson(abyss).every(({ problem }) => problem === 'invalid_json'),
      true,
    );
  });
});

describe('what is broken becomes one rejected span, and the records around it survive', () => {
  test('in an array', () => {
    assert.deepEqual(read('[{"a":1},{bad},{"b":2}]'), ['{"a":1}', 'invalid_json: {bad}', '{"b":2}']);
    assert.deepEqual(read('[{"a":1},nonsense,{"b":2}]'), ['{"a":1}', 'invalid_json: nonsense', '{"b":2}']);
    assert.deepEqual(read('[{"a":"\\x"},{"b":2}]'), ['invalid_json: {"a":"\\x"}', '{"b":2}']);
    assert.deepEqual(read('[{"a":[1},{"b":2}]'), ['invalid_json: {"a":[1}', '{"b":2}']);
    assert.deepEqual(read('[{"a":"x},\n{"b":2}]'), ['invalid_json: {"a":"x},', '{"b":2}']);
    assert.deepEqual(read('[{"a":01},{"b":2}]'), ['invalid_json: {"a":01}', '{"b":2}']);
    assert.deepEqual(read('[{"a":1}}, {"b":2}]'), ['{"a":1}', 'invalid_json: }', '{"b":2}']);
  });

  test('in an EventList', () => {
    assert.deepEqual(read('{"kind":"EventList","items":[{"a":1},{"b":tru},{"c":3}]}{"d":4}'), [
      '{"a":1}',
      'invalid_json: {"b":tru}',
      '{"c":3}',
      '{"d":4}',
    ]);
    assert.deepEqual(read('{"kind":"EventList","items":[{"a":1}],oops}{"d":4}'), [
      '{"a":1}',
      'invalid_json: ,oops}',
      '{"d":4}',
    ]);
  });

  test('among values one after another', () => {
    assert.deepEqual(read('{"a":1} {bad} {"b":2}'), ['{"a":1}', 'invalid_json: {bad}', '{"b":2}']);
    assert.deepEqual(read('{"a":1} garbage {"b":2}'), ['{"a":1}', 'invalid_json: garbage', '{"b":2}']);
    assert.deepEqual(read('{"a":\n{"b":2}\n{"c":3}'), ['invalid_json: {"a":\n{"b":2}', '{"c":3}']);
    assert.deepEqual(read('{"a":"cut\n{"b":2}'), ['invalid_json: {"a":"cut', '{"b":2}']);
    assert.deepEqual(read('{bad} 5 [{worse} {"b":2}]'), [
      'invalid_json: {bad}',
      '5',
      'invalid_json: {worse}',
      '{"b":2}',
    ]);
    assert.deepEqual(read('this is {no} JSON at all'), ['invalid_json: this is {no} JSON at all']);
  });

  test('a body that is cut short says so', () => {
    assert.deepEqual(read('[{"a":1},{"b":'), ['invalid_json: [', '{"a":1}', 'invalid_json: {"b":']);
    assert.deepEqual(read('[{"a":1}'), ['invalid_json: [', '{"a":1}']);
    assert.deepEqual(read('{"a":1}{"b":{"c":"d'), ['{"a":1}', 'invalid_json: {"b":{"c":"d']);
  });

  test('bytes that are not UTF-8 cost only their own record', () => {
    const body = Buffer.concat([Buffer.from('[{"a":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"},{"b":"é"}]')]);
    assert.deepEqual(
      splitJson(body).map(({ problem }) => problem),
      ['not_utf8', undefined],
    );
    assert.deepEqual(read(Buffer.from([0xff, 0xfe, 0x7b, 0x00])).length, 1);
  });

  test('the fault is told by its byte, counted from the start of the record', () => {
    const [, broken] = splitJson(Buffer.from('[{"a":1},{"b" 2}]'));
    assert.equal(broken?.detail, 'byte 5: expected a colon');
    const [cut] = splitJson(Buffer.from('{"a":1'));
    assert.equal(cut?.detail, 'byte 6: expected a comma or a closing bracket, found the end of the data');
  });
});

describe('newline-delimited JSON is split by lines', () => {
  test('LF or CRLF, blank lines passed over, the last line with or without its end', () => {
    assert.deepEqual(read('{"a":1}\r\n\n  \t\r\n {"b":2} \n{"c":3}', splitLines), ['{"a":1}', '{"b":2}', '{"c":3}']);
    assert.deepEqual(read('\ufeff{"a":1}\n', splitLines), ['{"a":1}']);
    assert.deepEqual(read('', splitLines), []);
    assert.deepEqual(read('\n\n', splitLines), []);
  });

  test('a broken line is a record of its own', () => {
    assert.deepEqual(read('{"a":1}\n{"b":\n{"c":3}\n', splitLines), ['{"a":1}', '{"b":', '{"c":3}']);
  });

  test('bytes that are not UTF-8 cost only their line', () => {
    const body = Buffer.concat([Buffer.from('{"a":1}\n{"b":"'), Buffer.from([0x80]), Buffer.from('"}\n{"c":"ü"}\n')]);
    assert.deepEqual(
      splitLines(body).map(({ problem }) => problem),
      [undefined, 'not_utf8', undefined],
    );
  });

  test('a line that is an EventList gives its items', () => {
    const body = '{"a":1}\n{"kind":"EventList","items":[{"b":2},{"c":3}]}\n{"d":4}\n';
    assert.deepEqual(read(body, splitLines), ['{"a":1}', '{"b":2}', '{"c":3}', '{"d":4}']);
  });

  test('JSON printed over many lines is recognised by its lone first bracket', () => {
    assert.deepEqual(read('{\n  "a": 1\n}\n{\n  "b": 2\n}\n', splitLines), ['{\n  "a": 1\n}', '{\n  "b": 2\n}']);
    assert.deepEqual(read('{\n{"b":2}\n{"c":3}\n', splitLines), ['invalid_json: {', '{"b":2}', '{"c":3}']);
  });
});

describe('for any input', () => {
  const json = fc.json({ maxDepth: 5 });
  const space = fc.constantFrom('', ' ', '\n', '\r\n\t', '\n\n');

  test('arrays and sequences of any values come apart as they were put together', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(json, space)), (parts) => {
        const values = parts.map(([value]) => value.trim());
        const array = `[${parts.map(([value, gap]) => gap + value + gap).join(',')}]`;
        assert.deepEqual(read(array), values);
        // At top level an array's elements are records, and numbers need white space between them.
        const objects = values.map((value, index) => `{"v${index}":${value}}`);
        assert.deepEqual(read(objects.join(parts[0]?.[1] ?? '')), objects);
        assert.deepEqual(read(objects.join('\n'), splitLines), objects);
      }),
    );
  });

  test('a body is one good span exactly when JSON.parse takes it', () => {
    const almost = json.chain((text) =>
      fc
        .tuple(fc.nat(text.length), fc.constantFrom('', '{', '}', '"', '\\', ',', ':', '1', '\u0001', 'é'), fc.nat(2))
        .map(([at, insert, cut]) => `{"v":${text.slice(0, at)}${insert}${text.slice(at + cut)}}`),
    );
    fc.assert(
      fc.property(almost, (text) => {
        const spans = splitJson(Buffer.from(text));
        const whole = spans.length === 1 && spans[0]?.problem === undefined;
        assert.equal(whole, parses(text), JSON.stringify(spans));
        assert.equal(findSyntaxError(Buffer.from(text)) === null, parses(text));
      }),
      { numRuns: 2000 },
    );
  });

  test('no byte between spans is anything but structure, and a good span is JSON', () => {
    const fragments = fc.array(
      fc.oneof(
        json,
        fc.constantFrom(...'{}[]",:\\ \n'.split('')),
        fc.string({ maxLength: 4 }),
        fc.constant('{"a":"b"}'),
      ),
      { maxLength: 12 },
    );
    const bodies = fc.oneof(
      fragments.map((parts) => Buffer.from(parts.join(''))),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(bodies, (body) => {
        const spans = splitJson(body);
        assertWellFormed(body, spans, structure);
        for (const { start, end, problem } of spans) {
          if (problem === undefined) assert.equal(parses(body.subarray(start, end).toString('utf8')), true);
        }
        assertWellFormed(body, splitLines(body), structure);
      }),
      { numRuns: 3000 },
    );
  });

  test('one damaged element of an array leaves all others', () => {
    const element = fc.dictionary(fc.string(), fc.string()).map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(
        fc.array(element),
        fc.array(element),
        fc.constantFrom('{bad}', '{"a":}', '[1', 'x', '{"a":"\\q"}'),
        (before, after, bad) => {
          const closed = bad === '[1' ? '{"a":[1}' : bad;
          const found = read(`[${[...before, closed, ...after].join(',')}]`);
          assert.deepEqual(found, [...before, `invalid_json: ${closed}`, ...after]);
        },
      ),
    );
  });
});

test('time to split grows with the size of a broken body, not with its square', () => {
  const opening = Buffer.from('{"a":[{"b":"x"},\n'.repeat(200_000));
  const started = process.cpuUsage();
  splitJson(opening);
  splitJson(Buffer.from(`[${'{bad},'.repeat(300_000)}`));
  const { user } = process.cpuUsage(started);
  assert.ok(user < 10_000_000, `took ${user} µs`);
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
