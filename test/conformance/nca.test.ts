import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { answerScheme } from '../../src/policies/hygiene/scheme.js';
import { root, skip } from './netpol-cases.js';

const directory = join(root, 'nca');

function schemes(): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('-scheme.yaml'))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Queries whose number differs, each explained in docs/policies/nca-differences.md. */
const explained: readonly string[] = [];

describe('queries of network-config-analyzer', { skip }, () => {
  test('give the expected numbers', (t) => {
    let right = 0;
    const wrong: string[] = [];
    for (const file of schemes()) {
      const load = (path: string) => {
        const name = join(dirname(file), path);
        return [{ name, text: readFileSync(name, 'utf8') }];
      };
      for (const { name, query, result, expected, message } of answerScheme(
        { name: file, text: readFileSync(file, 'utf8') },
        load,
      )) {
        assert.notEqual(result, null, `${file} ${name}: ${message}`);
        if (expected === null) continue;
        if (expected === result) right++;
        else if (!explained.includes(name)) wrong.push(`${file} ${name} ${query}: ${result}, expected ${expected}`);
      }
    }
    assert.deepEqual(wrong, []);
    t.diagnostic(`${right} queries right`);
    assert.ok(right >= 38, `${right} of 42 and more`);
  });
});
