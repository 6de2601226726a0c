import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CheckpointError,
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../src/log/core/checkpoint.js';
import { NoteError, signerFromSeed, signNote } from '../../src/log/core/note.js';

const origin = 'log.example/segproof';
const signer = signerFromSeed(origin, randomBytes(32));
const root = randomBytes(32);
const encoded = root.toString('base64');

test('checkpoints of any size are read back as written', () => {
  const checkpoint = fc.record(
    {
      origin: fc.stringMatching(/^[!-~]{1,60}$/u),
      size: fc.oneof(fc.maxSafeNat(), fc.nat(100), fc.constantFrom(0, Number.MAX_SAFE_INTEGER)),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(checkpoint, (given) => {
      assert.deepEqual(parseCheckpoint(formatCheckpoint(given)), given);
      assert.deepEqual(openCheckpoint(signCheckpoint(given, signer), [signer.verifier]), given);
    }),
    { numRuns: 200 },
  );
});

test('extension lines are skipped, and covered by the signature', () => {
  const body = `${origin}\n7\n${encoded}\nan extension\nanother\n`;
  assert.deepEqual(parseCheckpoint(body), { origin, size: 7, root });
  const note = signNote(body, signer);
  assert.equal(openCheckpoint(note, [signer.verifier]).size, 7);
  assert.throws(() => openCheckpoint(note.replace('another', 'changed'), [signer.verifier]), NoteError);
});

test('what is no checkpoint is refused', () => {
  const wrong: Record<string, string> = {
    nothing: '',
    'an empty origin': `\n7\n${encoded}\n`,
    'no root': `${origin}\n7\n`,
    'no newline at the end': `${origin}\n7\n${encoded}`,
    'a leading zero': `${origin}\n07\n${encoded}\n`,
    'a sign': `${origin}\n+7\n${encoded}\n`,
    'a negative size': `${origin}\n-7\n${encoded}\n`,
    'no size': `${origin}\n\n${encoded}\n`,
    hex: `${origin}\n0x7\n${encoded}\n`,
    'a fraction': `${origin}\n7.0\n${encoded}\n`,
    'an exponent': `${origin}\n7e2\n${encoded}\n`,
    'a space after the size': `${origin}\n7 \n${encoded}\n`,
    'other digits': `${origin}\n\u0667\n${encoded}\n`,
    'a size that a number cannot hold exactly': `${origin}\n9007199254740993\n${encoded}\n`,
    'a size beyond 64 bits': `${origin}\n99999999999999999999\n${encoded}\n`,
    'a short root': `${origin}\n7\n${root.subarray(1).toString('base64')}\n`,
    'a long root': `${origin}\n7\n${Buffer.concat([root, Buffer.of(0)]).toString('base64')}\n`,
    'a root in base64url': `${origin}\n7\n${Buffer.alloc(32, 0xff).toString('base64url')}=\n`,
    'a root without padding': `${origin}\n7\n${encoded.slice(0, -1)}\n`,
    'a root with loose bits': `${origin}\n7\n${'A'.repeat(42)}B=\n`,
    'a root with white space': `${origin}\n7\n ${encoded}\n`,
    'an empty extension line': `${origin}\n7\n${encoded}\n\n`,
    'an empty line among extensions': `${origin}\n7\n${encoded}\na\n\nb\n`,
  };
  for (const [what, body] of Object.entries(wrong)) {
    assert.throws(() => parseCheckpoint(body), CheckpointError, what);
  }
});

test('a signed text of another kind is no checkpoint', () => {
  const note = signNote('segproof/manifest v1\nsha256 of something\n', signer);
  assert.throws(() => openCheckpoint(note, [signer.verifier]), CheckpointError);
});
