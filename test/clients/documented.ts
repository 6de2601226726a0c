import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Target } from './client.js';

const folder = resolve(import.meta.dirname, '../../../docs/connect');

/**
 * A configuration as the documentation gives it: the fenced block of a page with this text in it, with the address, the token and the folder
 * of a test in place of the examples. What users are told is what is tested.
 */
export function documented(
  page: string,
  containing: string,
  target: Target,
  also: Readonly<Record<string, string>> = {},
): string {
  const text = readFileSync(resolve(folder, page), 'utf8');
  const blocks = [...text.matchAll(/^```\w*\n(?<block>.*?)^```$/gmsu)].map(({ groups }) => groups?.['block'] ?? '');
  const found = blocks.filter((block) => block.includes(containing));
  assert.equal(found.length, 1, `one block of ${page} with ${containing}`);
  let block = found[0] ?? '';
  const changes = { 'https://segproof.example.com': target.url, 'sgt_…': target.token, ...also };
  for (const [from, to] of Object.entries(changes)) {
    if (from in also) assert.ok(block.includes(from), `${page} says ${from}`);
    block = block.replaceAll(from, to);
  }
  assert.ok(!block.includes('segproof.example.com'), `an address was left in ${block}`);
  return block;
}
