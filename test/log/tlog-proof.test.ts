import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { CheckpointError, signCheckpoint } from '../../src/log/core/checkpoint.js';
import { cosign, cosignerFor } from '../../src/log/core/cosignature.js';
import { NoteError, parseNote, signerFor } from '../../src/log/core/note.js';
import { inclusionProof, ProofError } from '../../src/log/core/proof.js';
import { formatTlogProof, parseTlogProof, TlogProofError, verifyTlogProof } from '../../src/log/core/tlog-proof.js';
import { hashLeaf } from '../../src/log/core/tree.js';
import { parseWitnessPolicy } from '../../src/log/core/witness-policy.js';
import { checkInclusion, leafHash, readCheckpoint, readPublicKey } from '../independent-verifier/verifier.js';
import { startTestService, type TestService } from '../support/service.js';
import { plainEntry } from './sample-entries.js';
import { TreeInMemory } from './tree-in-memory.js';

const origin = 'log.example/segproof';
const log = signerFor(origin, generateKeyPairSync('ed25519').privateKey);
const other = signerFor('log.example/other', generateKeyPairSync('ed25519').privateKey);
const tree = new TreeInMemory();
const leaves = Array.from({ length: 300 }, (_, at) => Buffer.from(`leaf ${at}`));
tree.append(leaves.map((leaf) => hashLeaf(leaf)));
const checkpoint = signCheckpoint({ origin, size: 300, root: tree.root }, log);

function proofOf(index: number, extra: Buffer | null = leaves[index] ?? null, note = checkpoint): string {
  return formatTlogProof({ index, hashes: inclusionProof(index, 300, tree.read), checkpoint: note, extra });
}

const trust = { logs: [log.verifier], policy: null };

describe('the text', () => {
  const [h1, h2] = [randomBytes(32), randomBytes(32)];
  const minimal = signCheckpoint({ origin, size: 1, root: h1 }, log);

  test('is header, extra line, index, hashes, empty line and checkpoint', () => {
    assert.equal(
      formatTlogProof({ index: 5, hashes: [h1, h2], checkpoint: minimal, extra: null }),
      `c2sp.org/tlog-proof@v1\nindex 5\n${h1.toString('base64')}\n${h2.toString('base64')}\n\n${minimal}`,
    );
    assert.equal(
      formatTlogProof({ index: 10, hashes: [h1], checkpoint: minimal, extra: Buffer.from('extra information') }),
      `c2sp.org/tlog-proof@v1\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n${h1.toString('base64')}\n\n${minimal}`,
    );
    assert.equal(
      formatTlogProof({ index: 0, hashes: [], checkpoint: minimal, extra: null }),
      `c2sp.org/tlog-proof@v1\nindex 0\n\n${minimal}`,
    );
  });

  test('comes back as it was', () => {
    const bytes = (length: number): fc.Arbitrary<Buffer> =>
      fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));
    const proof = fc.record(
      {
        index: fc.maxSafeNat(),
        hashes: fc.array(bytes(32), { maxLength: 63 }),
        checkpoint: fc.constant(checkpoint),
        extra: fc.option(fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array))),
      },
      { noNullPrototype: true },
    );
    fc.assert(fc.property(proof, (given) => assert.deepEqual(parseTlogProof(formatTlogProof(given)), given)));
  });

  const good = formatTlogProof({ index: 5, hashes: [h1], checkpoint: minimal, extra: Buffer.from('x') });
  const h = h1.toString('base64');
  for (const [what, text] of Object.entries({
    nothing: '',
    'another header': good.replace('@v1', '@v2'),
    'a header of its own': good.replace('c2sp.org/tlog-proof@v1\n', ''),
    'an extra line that is no base64': good.replace('eA==', '!!notbase64!!'),
    'an extra line with loose bits': good.replace('eA==', 'eB=='),
    'two extra lines': good.replace('index', 'extra eA==\nindex'),
    'no index': good.replace('index 5\n', ''),
    'an index in words': good.replace('index 5', 'index notanumber'),
    'a negative index': good.replace('index 5', 'index -5'),
    'a leading zero': good.replace('index 5', 'index 05'),
    'an index above 2^53': good.replace('index 5', 'index 9007199254740993'),
    'the extra line behind the index': good.replace('extra eA==\nindex 5', 'index 5\nextra eA=='),
    'a hash that is no base64': good.replace(h, '!!notbase64!!'),
    'a hash that is too long': good.replace(h, Buffer.alloc(64).toString('base64')),
    'a hash that is too short': good.replace(h, Buffer.alloc(31).toString('base64')),
    'sixty-four hashes': good.replace(`${h}\n`, `${h}\n`.repeat(64)),
    'no empty line before the checkpoint': good.replace(`${h}\n\n`, `${h}\n`),
    'no checkpoint': good.slice(0, good.indexOf('\n\n') + 2),
    'a carriage return': good.replaceAll('\n', '\r\n'),
  })) {
    test(`${what} is refused`, () => {
      assert.notEqual(text, good);
      assert.throws(
        () => parseTlogProof(text),
        (error) => [TlogProofError, NoteError, CheckpointError].some((type) => error instanceof type),
      );
    });
  }
});

describe('what it proves', () => {
  test('every entry, to a verifier of another make as well', () => {
    const key = readPublicKey(log.verifier.text);
    for (let index = 0; index < 300; index++) {
      const proof = proofOf(index);
      assert.deepEqual(verifyTlogProof(proof, null, trust).leaf, leaves[index]);
      const [lines = '', ...note] = proof.split('\n\n');
      const path = lines
        .split('\n')
        .slice(3)
        .map((line) => Buffer.from(line, 'base64'));
      checkInclusion(
        readCheckpoint(Buffer.from(note.join('\n\n')), key),
        BigInt(index),
        leafHash(leaves[index] ?? Buffer.alloc(0)),
        path,
      );
    }
  });

  test('leaf data that is given counts, not that in the file', () => {
    const [own = Buffer.alloc(0), foreign = Buffer.alloc(0)] = [leaves[7], leaves[8]];
    assert.equal(verifyTlogProof(proofOf(7, null), own, trust).index, 7);
    assert.equal(verifyTlogProof(proofOf(7, foreign), own, trust).index, 7);
    assert.throws(() => verifyTlogProof(proofOf(7, own), foreign, trust), ProofError);
    assert.throws(() => verifyTlogProof(proofOf(7, foreign), null, trust), ProofError);
    assert.throws(() => verifyTlogProof(proofOf(7, null), null, trust), /no leaf data/u);
  });

  test('a changed character anywhere makes it fail', () => {
    const proof = proofOf(41);
    for (let at = 0; at < proof.length; at++) {
      const changed = proof.slice(0, at) + (proof[at] === 'x' ? 'y' : 'x') + proof.slice(at + 1);
      assert.throws(() => verifyTlogProof(changed, null, trust), `character ${at}`);
    }
  });

  test('only the log whose name the key bears', () => {
    assert.throws(
      () => verifyTlogProof(proofOf(3), null, { logs: [other.verifier], policy: null }),
      /none of the keys/u,
    );
    const signedByOther = signCheckpoint({ origin, size: 300, root: tree.root }, other);
    const both = { logs: [log.verifier, other.verifier], policy: null };
    assert.throws(() => verifyTlogProof(proofOf(3, leaves[3], signedByOther), null, both), NoteError);
    const sameName = signerFor(origin, generateKeyPairSync('ed25519').privateKey);
    assert.throws(
      () => verifyTlogProof(proofOf(3), null, { logs: [sameName.verifier], policy: null }),
      (error) => error instanceof NoteError && error.code === 'unknown_key',
    );
  });

  test('with a policy, that its quorum has cosigned', () => {
    const witnesses = [1, 2, 3].map((at) => cosignerFor(`w.example/${at}`, generateKeyPairSync('ed25519').privateKey));
    const lines = witnesses.map(({ verifier }, at) => `witness w${at} ${verifier.text}\n`).join('');
    const policy = parseWitnessPolicy(Buffer.from(`${lines}group two 2 w0 w1 w2\nquorum two\n`));
    const { body } = parseNote(checkpoint);
    const signed = (...by: typeof witnesses): string =>
      proofOf(9, leaves[9], checkpoint + by.map((witness) => cosign(body, witness, 1)).join(''));
    const [w0, w1, w2] = witnesses;
    assert.ok(w0 && w1 && w2);
    assert.deepEqual(verifyTlogProof(signed(w2, w0), null, { ...trust, policy }).witnesses, ['w0', 'w2']);
    for (const proof of [signed(), signed(w1), signed(w1, w1)]) {
      assert.throws(() => verifyTlogProof(proof, null, { ...trust, policy }), /quorum/u);
    }
  });
});

describe('from the service to the command line', () => {
  const directory = mkdtempSync(join(tmpdir(), 'segproof-proof-'));
  let service: TestService;
  before(async () => {
    service = await startTestService({ env: { LOG_READ_PUBLIC: 'true' } });
  });
  after(async () => {
    await service.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const command = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

  async function run(...parts: string[]): Promise<{ code: number; output: string }> {
    return await new Promise((resolve) => {
      execFile(process.execPath, [command, 'proof', 'verify', ...parts], (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
      });
    });
  }

  async function download(index: number): Promise<string> {
    const response = await fetch(`${service.url}/log/proofs/inclusion/${index}.tlog-proof`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.equal(response.headers.get('content-disposition'), `attachment; filename="${index}.tlog-proof"`);
    const file = join(directory, `${index}.tlog-proof`);
    writeFileSync(file, await response.text());
    return file;
  }

  test('an entry just appended can be proved at once, and verified offline', async () => {
    const { log: ownLog } = service.ground;
    const { receipts } = await ownLog.append(Array.from({ length: 10 }, (_, at) => plainEntry(`record ${at}`)));
    const index = receipts.at(-1)?.index ?? 0;
    const file = await download(index);
    const good = await run(file, '--key', ownLog.verifierKey, '--json');
    assert.equal(good.code, 0, good.output);
    const result = JSON.parse(good.output) as { ok: boolean; index: number; leaf: string; origin: string };
    assert.deepEqual([result.ok, result.index, result.origin], [true, index, ownLog.origin]);
    assert.equal((JSON.parse(result.leaf) as { kind: string }).kind, 'flow');
    writeFileSync(join(directory, 'leaf'), result.leaf);
    writeFileSync(join(directory, 'wrong'), `${result.leaf} `);
    writeFileSync(join(directory, 'key'), `${ownLog.verifierKey}\n`);
    assert.equal((await run(file, '--key', join(directory, 'key'), '--leaf', join(directory, 'leaf'))).code, 0);
    const wrong = await run(file, '--key', ownLog.verifierKey, '--leaf', join(directory, 'wrong'));
    assert.equal(wrong.code, 1);
    assert.match(wrong.output, /leads to another root[\s\S]*verified: no/u);
  });

  test("a key that is not the log's cannot verify, and no key is a wrong call", async () => {
    const file = await download(0);
    const stranger = await run(file, '--key', other.verifier.text);
    assert.equal(stranger.code, 1);
    assert.match(stranger.output, /cannot verify/u);
    assert.equal((await run(file)).code, 2);
    assert.equal((await run(join(directory, 'absent'), '--key', other.verifier.text)).code, 3);
  });

  test('there is no proof of what is not there', async () => {
    for (const [index, status] of [
      ['999999', 404],
      ['-1', 400],
      ['x', 400],
      ['', 404],
    ] as const) {
      const answer = await fetch(`${service.url}/log/proofs/inclusion/${index}.tlog-proof`);
      assert.equal(answer.status, status, index);
    }
  });
});
