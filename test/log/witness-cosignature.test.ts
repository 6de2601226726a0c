import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCheckpoint } from '../../src/log/core/checkpoint.js';
import {
  cosign,
  cosignerFor,
  parseCosignatureKey,
  readCosignatures,
  withSignatureLines,
} from '../../src/log/core/cosignature.js';
import { NoteError, openNote, parseNote, parseVerifierKey, signerFor, signNote } from '../../src/log/core/note.js';

const { privateKey } = generateKeyPairSync('ed25519');
const witness = cosignerFor('witness.example/one', privateKey);
const other = cosignerFor('witness.example/two', generateKeyPairSync('ed25519').privateKey);
const log = signerFor('log.example/segproof', generateKeyPairSync('ed25519').privateKey);
const body = `log.example/segproof\n12\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n`;

function refused(code: NoteError['code']): (error: unknown) => boolean {
  return (error) => error instanceof NoteError && error.code === code;
}

/** A checkpoint of a public log, as five witnesses have cosigned it. */
const published = `arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
`;
const publishedKeys = [
  'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2',
  'transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM',
  'witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO',
].map(parseCosignatureKey);

test('cosignatures of public witnesses on a public log verify, and so does its own beside them', () => {
  const found = readCosignatures(published, publishedKeys);
  assert.deepEqual(
    found.map(({ name, time }) => ({ name, time })),
    ['transparency.dev/DEV:witness-little-garden', 'witness1.smartit.nu/witness1', 'remora.n621.de'].map((name) => ({
      name,
      time: 1_779_573_024,
    })),
  );
  for (const { line } of found) assert.ok(published.includes(`\n${line}`));
  const key = parseVerifierKey(
    'arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f',
  );
  assert.equal(parseCheckpoint(openNote(published, [key]).body).size, 1_432_088_532);
  const [remora] = publishedKeys;
  assert.throws(
    () => readCosignatures(published.replace('1432088532', '1432088531'), remora === undefined ? [] : [remora]),
    refused('bad_signature'),
  );
});

test('a cosignature is the key id, the time and a signature over header, time and text', () => {
  const [, , , encoded = ''] = /^(—) (witness\.example\/one) (.+)\n$/u.exec(cosign(body, witness, 1_679_315_147)) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  assert.equal(bytes.length, 4 + 8 + 64);
  assert.equal(bytes.toString('hex', 0, 4), witness.verifier.keyId);
  assert.equal(bytes.readBigUInt64BE(4), 1_679_315_147n);
  // The log's key and the witness's are of different types, so neither can pass for the other.
  assert.throws(() => parseVerifierKey(witness.verifier.text), refused('bad_key'));
  assert.throws(() => parseCosignatureKey(log.verifier.text), refused('bad_key'));
});

test('what is cosigned is read back with its time, beside the log and other witnesses', () => {
  const time = fc.oneof(fc.nat(2 ** 31), fc.constantFrom(0, Number.MAX_SAFE_INTEGER));
  fc.assert(
    fc.property(time, (seconds) => {
      const lines = [cosign(body, other, 1), cosign(body, witness, seconds), cosign(body, witness, seconds)];
      const note = withSignatureLines(signNote(body, log), lines);
      assert.deepEqual(readCosignatures(note, [witness.verifier]), [
        { name: 'witness.example/one', keyId: witness.verifier.keyId, time: seconds, line: lines[1] },
      ]);
      assert.equal(openNote(note, [log.verifier]).body, body);
    }),
    { numRuns: 30 },
  );
  assert.deepEqual(readCosignatures(signNote(body, log), [witness.verifier]), []);
});

test('a changed text, time or signature is refused', () => {
  const note = signNote(body, log) + cosign(body, witness, 1_700_000_000);
  const { signatures } = parseNote(note);
  const given = signatures.at(-1)?.signature ?? Buffer.alloc(0);
  const withBytes = (bytes: Buffer): string =>
    `${signNote(body, log)}— ${witness.verifier.name} ${Buffer.concat([Buffer.from(witness.verifier.keyId, 'hex'), bytes]).toString('base64')}\n`;
  assert.equal(readCosignatures(withBytes(given), [witness.verifier]).length, 1);
  for (let at = 0; at < given.length; at++) {
    const changed = Buffer.from(given);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(
      () => readCosignatures(withBytes(changed), [witness.verifier]),
      refused('bad_signature'),
      `byte ${at}`,
    );
  }
  for (const wrong of [given.subarray(0, -1), Buffer.concat([given, Buffer.of(0)]), given.subarray(8)]) {
    assert.throws(() => readCosignatures(withBytes(wrong), [witness.verifier]), refused('bad_signature'));
  }
  // A plain signature of the text by the witness's key is no cosignature.
  const plain = parseNote(signNote(body, signerFor(witness.verifier.name, privateKey))).signatures[0]?.signature;
  assert.throws(
    () => readCosignatures(withBytes(plain ?? Buffer.alloc(0)), [witness.verifier]),
    refused('bad_signature'),
  );
  // Extension lines are signed as well.
  const extended = `${body}an extension\n`;
  const line = cosign(extended, witness, 5);
  assert.equal(readCosignatures(signNote(extended, log) + line, [witness.verifier]).length, 1);
  assert.throws(
    () => readCosignatures(signNote(`${body}another\n`, log) + line, [witness.verifier]),
    refused('bad_signature'),
  );
});

test('witness keys are read strictly', () => {
  const { text, name, keyId } = witness.verifier;
  assert.equal(parseCosignatureKey(`${text}\n`).text, text);
  const key = text.split('+').slice(2).join('+');
  const typed = (type: number): string =>
    Buffer.concat([Buffer.of(type), Buffer.from(key, 'base64').subarray(1)]).toString('base64');
  for (const wrong of [
    '',
    name,
    `${name}+${keyId}`,
    `${name}+00000000+${key}`,
    `other+${keyId}+${key}`,
    `a b+${keyId}+${key}`,
    `${name}+${keyId}+${key}AAAA`,
    `${name}+${keyId}+${key.slice(0, -1)}`,
    `${name}+${keyId}+${typed(1)}`,
    `${name}+${keyId}+${typed(6)}`,
  ]) {
    assert.throws(() => parseCosignatureKey(wrong), refused('bad_key'), wrong);
  }
});
