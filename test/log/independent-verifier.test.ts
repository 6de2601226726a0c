import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeLeaf } from '../../src/log/core/leaf.js';
import { leafOf } from '../../src/log/read.js';
import { GrowingTree, leafHash } from '../independent-verifier/verifier.js';
import { plainEntry } from './sample-entries.js';
import { openTestLog, type TestLog } from './test-log.js';

const folder = join(import.meta.dirname, '../independent-verifier');
const base64 = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('base64'));

/** A real log's checkpoint with entries and older checkpoints that are to be proven against it. */
async function makeBundle({ log, reader, open }: TestLog) {
  const checkpoints: string[] = [];
  for (const size of [1, 2, 4, 249, 1, 44]) {
    const entries = Array.from({ length: size }, (_, at) => plainEntry(`{"record":${at}}`));
    checkpoints.push((await log.append(entries)).checkpoint ?? '');
  }
  const checkpoint = checkpoints.at(-1) ?? '';
  const { size } = open(checkpoint);
  assert.equal(size, 301);
  const indices = [0, 1, 6, 7, 255, 256, 299, 300];
  const paths = await reader.inclusionProofs(indices, size);
  const entries = (await reader.entriesAt(indices)).map((entry, at) => ({
    index: entry.index,
    leaf: encodeLeaf(leafOf(entry)).toString(),
    salt: entry.salt?.toString('base64') ?? '',
    payload: entry.payload?.toString('base64') ?? '',
    path: base64(paths[at] ?? []),
  }));
  const older = await Promise.all(
    checkpoints.map(async (note) => ({
      checkpoint: note,
      proof: base64(await reader.consistencyProof(open(note).size, size)),
    })),
  );
  return { key: log.verifierKey, checkpoint, entries, older };
}

type Bundle = Awaited<ReturnType<typeof makeBundle>>;

function verify(bundle: Bundle): { status: number | null; said: string } {
  const run = spawnSync(process.execPath, [join(folder, 'main.js')], {
    input: JSON.stringify(bundle),
    encoding: 'utf8',
  });
  return { status: run.status, said: run.stdout + run.stderr };
}

test('a verifier that shares no code with the log accepts what it gives out, and nothing changed', async (t) => {
  const log = await openTestLog(t);
  const bundle = await makeBundle(log);
  assert.deepEqual(verify(bundle), {
    status: 0,
    said: `holds: 8 entries and 6 older checkpoints of ${log.log.origin}\n`,
  });

  const changes: Record<string, (changed: Bundle) => void> = {
    'another size': (changed) => (changed.checkpoint = changed.checkpoint.replace('\n301\n', '\n302\n')),
    'another signature': (changed) => (changed.checkpoint = flipBase64(changed.checkpoint, -10)),
    'another key': (changed) => (changed.key = flipBase64(changed.key, -5)),
    'another leaf': (changed) => change(changed.entries[3], 'leaf', (leaf) => leaf.replace('"flow"', '"glow"')),
    'another payload': (changed) => change(changed.entries[4], 'payload', (payload) => flipBase64(payload, 3)),
    'another salt': (changed) => change(changed.entries[5], 'salt', (salt) => flipBase64(salt, 3)),
    'another index': (changed) => change(changed.entries[2], 'index', (index) => index + 1),
    'another path': (changed) =>
      change(changed.entries[6], 'path', ([first = '', ...rest]) => [flipBase64(first, 9), ...rest]),
    'a shorter path': (changed) => change(changed.entries[0], 'path', (path) => path.slice(1)),
    'a longer path': (changed) => change(changed.entries[0], 'path', (path) => [...path, path[0] ?? '']),
    'an older checkpoint of another size': (changed) =>
      change(changed.older[3], 'checkpoint', (note) => note.replace('\n256\n', '\n255\n')),
    'another consistency proof': (changed) =>
      change(changed.older[2], 'proof', ([first = '', ...rest]) => [flipBase64(first, 9), ...rest]),
    'the proof of another checkpoint': (changed) =>
      change(changed.older[2], 'proof', () => changed.older[1]?.proof ?? []),
  };
  for (const [what, make] of Object.entries(changes)) {
    const changed = structuredClone(bundle);
    make(changed);
    assert.notDeepEqual(changed, bundle, what);
    const { status, said } = verify(changed);
    assert.equal(status, 1, `${what}: ${said}`);
    assert.match(said, /^refused: /, what);
  }
});

test('it computes the same root from the leaves at every size', async (t) => {
  const { log, reader, open } = await openTestLog(t);
  const tree = new GrowingTree();
  for (const size of [1, 1, 1, 5, 100, 148, 1, 30]) {
    const { checkpoint } = await log.append(Array.from({ length: size }, (_, at) => plainEntry(String(at))));
    const head = open(checkpoint);
    for (const entry of await reader.entries(tree.size, head.size)) tree.add(leafHash(encodeLeaf(leafOf(entry))));
    assert.deepEqual(tree.root(), head.root);
  }
});

test('its program imports nothing but itself and Node', () => {
  const imports = ['main.js', 'verifier.js'].flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/^(?:import|export)\b.*\bfrom '([^']+)'/gmu)].map(
      ([, name]) => name,
    ),
  );
  assert.deepEqual(new Set(imports), new Set(['node:stream/consumers', './verifier.js', 'node:crypto']));
});

function change<Part extends object, Name extends keyof Part>(
  part: Part | undefined,
  name: Name,
  to: (before: Part[Name]) => Part[Name],
): void {
  if (part === undefined) assert.fail('the bundle has no such part');
  part[name] = to(part[name]);
}

/** Another letter in the place of one; never the last, of which not all bits count. */
function flipBase64(text: string, at: number): string {
  const place = at < 0 ? text.length + at : at;
  return text.slice(0, place) + (text[place] === 'A' ? 'B' : 'A') + text.slice(place + 1);
}
