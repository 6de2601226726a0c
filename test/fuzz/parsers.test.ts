import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { describe, test } from 'node:test';
import { formats, normaliseRecord } from '../../src/ingestion/formats/registry.js';
import { Chance, mutation } from './mutator.js';
import { parsers, type Parser } from './parsers.js';
import { formatSeeds } from './seeds.js';

/*
 * Whatever is sent, a parser reads or refuses it: it throws nothing but what it documents, takes time in proportion to the
 * input, and leaves the prototypes of others alone. SEGPROOF_LONG_FUZZ=1 tries 100,000 inputs on each, another number as
 * many; SEGPROOF_FUZZ_SEED begins elsewhere.
 */

const long = Number(process.env['SEGPROOF_LONG_FUZZ'] ?? 0);
const inputs = long === 0 ? 300 : long === 1 ? 100_000 : long;
const firstSeed = Number(process.env['SEGPROOF_FUZZ_SEED'] ?? 1);
/** No input of a few kilobytes may take longer of the processor. */
const mostMilliseconds = 500;

const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Number.prototype];
const pristine = prototypes.map((prototype) => Reflect.ownKeys(prototype).length);

function assertUnpolluted(): void {
  assert.deepEqual(
    prototypes.map((prototype) => Reflect.ownKeys(prototype).length),
    pristine,
  );
  assert.equal('polluted' in {}, false);
}

/** Real records of other people's systems where they are present: text files no larger than a record may be. */
const samples = resolve(import.meta.dirname, '../../..', '../shared/samples');
function sampleSeeds(): Buffer[] {
  if (!existsSync(samples)) return [];
  return readdirSync(samples, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(?:json|jsonl|ndjson|log|raw|http|bin)$/u.test(path))
    .map((path) => readFileSync(join(samples, path)).subarray(0, 4000));
}
const shared = sampleSeeds();

async function attempt(parser: Parser, seed: number): Promise<void> {
  const chance = new Chance(seed);
  const seeds = shared.length > 0 && chance.below(4) === 0 ? shared : parser.seeds;
  const input = mutation(seeds, chance);
  const begun = performance.now();
  try {
    await parser.run(input, long === 0 || seed % 16 === 0);
    if (performance.now() - begun > mostMilliseconds) {
      const took = await timeOf(parser, input, 3);
      assert.ok(took < mostMilliseconds, `${Math.round(took)} ms for ${input.length} bytes`);
    }
  } catch (error) {
    const file = process.env['SEGPROOF_FUZZ_KEEP'];
    if (file !== undefined) writeFileSync(file, input);
    assert.fail(`seed ${seed} of ${parser.name}: ${error instanceof Error ? error.stack : String(error)}
input (base64): ${input.toString('base64').slice(0, 20_000)}`);
  }
}

test('every format has records that are recognised as its own', () => {
  for (const { name } of formats) {
    assert.ok(formatSeeds[name].length > 0);
    for (const text of formatSeeds[name]) {
      const result = normaliseRecord(Buffer.from(text), {}, new Date('2026-11-01T00:00:00Z'));
      if (!result.ok) assert.fail(`${name}: ${result.detail}: ${text}`);
      assert.equal(result.records[0].format, name, text);
    }
  }
});

describe(`${inputs} inputs`, () => {
  for (const parser of parsers) {
    test(parser.name, async () => {
      for (let seed = firstSeed; seed < firstSeed + inputs; seed++) {
        await attempt(parser, seed);
        if (seed % 1000 === 0) assertUnpolluted();
      }
      assertUnpolluted();
    });
  }
});

/** What backtracking, looking back, and copying the rest each time are slow on. */
const runs = [
  '"',
  '\\',
  ' ',
  '=',
  '|',
  '[',
  ']',
  '{',
  '}',
  '(',
  '<',
  '>',
  ',',
  ':',
  ';',
  '.',
  '-',
  '/',
  '%',
  '#',
  "'",
  '0',
  '9',
  'a',
  '\n',
  '\t',
  '\\"',
  '\\=',
  'a=',
  ' a=b',
  'a="',
  '"a":',
  '{"a":',
  '[[',
  '[a b="c"]',
  ' a',
  ',a',
  '1:',
  '1.',
  '::',
  'a|',
  '<1>',
  '1 ',
  '\\u0041',
  'CEF:0|',
  'LEEF:1.0|',
  'IN= ',
  '[3 packets in ',
  '->',
  'token=',
  'https://a:',
  'Bearer ',
  ' - ',
  '"",',
  'a@',
  '\u00e9',
  '\0',
];

/** Milliseconds that the processor worked on one reading; the best of some, since waste of others may be cleared away in one. */
async function timeOf(parser: Parser, input: Buffer, tries = 1): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < tries; i++) {
    const begun = process.cpuUsage();
    await parser.run(input, false);
    const { user, system } = process.cpuUsage(begun);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

/** Where runs are put: in the middle, at both ends, and behind what begins a value. */
function places(seed: Buffer): number[] {
  const text = seed.toString('latin1').slice(0, 3000);
  const values = [...text.matchAll(/[=:|"]+/g)].map(({ index, 0: mark }) => index + mark.length);
  const step = Math.max(1, Math.ceil(values.length / 5));
  return [...new Set([0, seed.length, ...values.filter((_, at) => at % step === 0)])];
}

const growthBytes = long === 0 ? 16_000 : 64_000;

describe('ten times the input takes at most about ten times as long', () => {
  for (const parser of parsers) {
    test(parser.name, async () => {
      // Warm: the first readings are slower than all others.
      for (const seed of parser.seeds) for (let i = 0; i < 20; i++) await parser.run(seed, false);
      const seeds = long === 0 ? parser.seeds.slice(0, 2) : parser.seeds;
      for (const seed of seeds) {
        const all = places(seed);
        for (const [number, run] of runs.entries()) {
          for (const at of long === 0 ? all.filter((_, place) => (place + number) % 4 === 0) : all) {
            const grown = (bytes: number): Buffer =>
              Buffer.concat([seed.subarray(0, at), Buffer.from(run.repeat(bytes / run.length)), seed.subarray(at)]);
            const large = await timeOf(parser, grown(growthBytes));
            if (large < growthBytes / 800) continue;
            const [small, again] = [
              await timeOf(parser, grown(growthBytes / 10), 5),
              await timeOf(parser, grown(growthBytes), 5),
            ];
            assert.ok(
              again < 20 * Math.max(small, 0.2),
              `${JSON.stringify(run)} at ${at} of ${seed.toString('latin1').slice(0, 300)}: ${small.toFixed(1)} ms, ten times longer ${again.toFixed(1)} ms`,
            );
          }
        }
      }
    });
  }
});
