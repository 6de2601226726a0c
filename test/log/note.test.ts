import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  NoteError,
  openNote,
  parseNote,
  parseVerifierKey,
  signerFor,
  signerFromSeed,
  signNote,
  verifierFor,
} from '../../src/log/core/note.js';

const alice = signerFromSeed('log.example/alice', randomBytes(32));
const bob = signerFromSeed('log.example/bob', randomBytes(32));
const body = 'log.example/alice\n12\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';

const noteText = fc
  .array(fc.string({ unit: 'binary', maxLength: 30 }), { minLength: 1, maxLength: 6 })
  // eslint-disable-next-line no-control-regex -- control characters are what a note may not hold
  .map((lines) => lines.map((line) => `${line.replaceAll(/[\u0000-\u001f]/gu, ' ')}\n`).join(''));

function refused(code: NoteError['code']): (error: unknown) => boolean {
  return (error) => error instanceof NoteError && error.code === code;
}

test('any text can be signed and opened again, empty lines and all', () => {
  fc.assert(
    fc.property(noteText, (text) => {
      const note = signNote(text, alice);
      const opened = openNote(note, [bob.verifier, alice.verifier]);
      assert.equal(opened.body, text);
      assert.deepEqual(
        opened.signatures.map(({ name, keyId }) => `${name}+${keyId}`),
        [`${alice.verifier.name}+${alice.verifier.keyId}`],
      );
    }),
    { numRuns: 200 },
  );
});

test('every single character changed makes a note fail', () => {
  const note = signNote(body, alice);
  for (let at = 0; at < note.length; at++) {
    const instead = note[at] === 'x' ? 'y' : 'x';
    const changed = note.slice(0, at) + instead + note.slice(at + 1);
    assert.throws(() => openNote(changed, [alice.verifier]), NoteError, `character ${at}: ${JSON.stringify(changed)}`);
  }
});

test('a note of several keys opens with any of them, and shows the known ones', () => {
  const note = signNote(body, alice, bob);
  assert.equal(openNote(note, [alice.verifier]).signatures.length, 1);
  assert.equal(openNote(note, [bob.verifier]).signatures.length, 1);
  assert.deepEqual(
    openNote(note, [bob.verifier, alice.verifier]).signatures.map(({ name }) => name),
    ['log.example/alice', 'log.example/bob'],
  );
});

test('a known key whose signature does not fit refuses the note, whatever the others say', () => {
  const other = parseNote(signNote('another text\n', bob)).signatures[0];
  const line = `\u2014 ${bob.verifier.name} ${Buffer.concat([Buffer.from(bob.verifier.keyId, 'hex'), other?.signature ?? Buffer.alloc(0)]).toString('base64')}\n`;
  const note = signNote(body, alice) + line;
  assert.equal(openNote(note, [alice.verifier]).body, body);
  assert.throws(() => openNote(note, [alice.verifier, bob.verifier]), refused('bad_signature'));
});

test('a key is known by name and id together', () => {
  const note = signNote(body, alice);
  const sameName = signerFromSeed(alice.verifier.name, randomBytes(32));
  const { publicKey } = alice.verifier;
  assert.throws(() => openNote(note, []), refused('unknown_key'));
  assert.throws(() => openNote(note, [bob.verifier]), refused('unknown_key'));
  assert.throws(() => openNote(note, [sameName.verifier]), refused('unknown_key'));
  assert.throws(() => openNote(note, [verifierFor('log.example/alias', publicKey)]), refused('unknown_key'));
  // Somebody who makes a key with the same id fails at the signature.
  const forger = { ...bob.verifier, name: alice.verifier.name, keyId: alice.verifier.keyId };
  assert.throws(() => openNote(note, [forger]), refused('bad_signature'));
});

test('malformed notes are refused', () => {
  const note = signNote(body, alice);
  const [line = ''] = note.split('\n\n').slice(-1);
  const base64 = line.trim().split(' ')[2] ?? '';
  const wrong: Record<string, string> = {
    nothing: '',
    'a text alone': body,
    'no signatures': `${body}\n`,
    'no newline at the end': note.slice(0, -1),
    'no empty line': body + line,
    'a line that is no signature': `${note}Unexpected line.\n`,
    'a hyphen for the dash': note.replace('\u2014', '-'),
    'an en dash': note.replace('\u2014', '\u2013'),
    'two spaces': note.replace('\u2014 ', '\u2014  '),
    'a name with a space': note.replace('/alice ', '/ alice '),
    'a name with a no-break space': `${body}\n\u2014 a\u00a0b ${base64}\n`,
    'a name with a next line character': `${body}\n\u2014 a\u0085b ${base64}\n`,
    'a name with a plus': `${body}\n\u2014 a+b ${base64}\n`,
    'a name with a control character': `${body}\n\u2014 a\u0001b ${base64}\n`,
    'a text with a control character': `\u0001${note}`,
    'a text with a tab': `\t${note}`,
    'a carriage return': note.replaceAll('\n', '\r\n'),
    'base64 without its end': note.replace(base64, base64.slice(0, -2)),
    'base64 with loose bits': `${body}\n\u2014 a ${'A'.repeat(10)}B=\n`,
    base64url: `${body}\n\u2014 a -_-_-_-_\n`,
    'a key id without a signature': `${body}\n\u2014 a AAAAAA==\n`,
    'more than a hundred signatures': `${body}\n${line.repeat(101)}`,
  };
  for (const [what, text] of Object.entries(wrong)) {
    if (text === note) assert.fail(`${what}: the note was not changed`);
    assert.throws(() => parseNote(text), refused('malformed'), what);
  }
  assert.equal(parseNote(`${body}\n${line.repeat(100)}`).signatures.length, 100);
});

test('texts that are no notes are not signed', () => {
  for (const text of ['', 'no newline', 'a\u0000b\n', 'a\r\n', 'a\tb\n']) {
    assert.throws(() => signNote(text, alice), refused('malformed'), JSON.stringify(text));
  }
});

test('verifier keys are read strictly', () => {
  const { text, name, keyId } = alice.verifier;
  assert.equal(parseVerifierKey(text).text, text);
  assert.equal(parseVerifierKey(`${text}\n`).text, text, 'as read from a file');
  const key = text.split('+').slice(2).join('+');
  for (const wrong of [
    '',
    name,
    `${name}+${keyId}`,
    `${name}+${keyId}+`,
    `${name}+${keyId.toUpperCase().replaceAll(/[0-9]/gu, 'A')}+${key}`,
    `other+${keyId}+${key}`,
    `a b+${keyId}+${key}`,
    `${name}+00000000+${key}`,
    `${name}+${keyId}+${key}=`,
    `${name}+${keyId}+${key.slice(0, -1)}`,
    `${name}+${keyId}+${key}AAAA`,
    `${name}+${keyId}+${Buffer.concat([Buffer.of(4), Buffer.from(key, 'base64').subarray(1)]).toString('base64')}`,
  ]) {
    assert.throws(() => parseVerifierKey(wrong), refused('bad_key'), wrong);
  }
});

test('only Ed25519 keys with a proper name sign', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  assert.equal(signerFor('a', privateKey).verifier.name, 'a');
  for (const name of ['', 'a b', 'a+b', 'a\nb', 'a\u3000b']) {
    assert.throws(() => signerFor(name, privateKey), refused('bad_key'), JSON.stringify(name));
  }
  assert.throws(() => signerFor('a', generateKeyPairSync('ed448').privateKey), refused('bad_key'));
  assert.throws(() => signerFromSeed('a', randomBytes(31)), refused('bad_key'));
});
