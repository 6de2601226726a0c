import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { cosign, cosignatureVerifierFor, cosignerFor } from '../../src/log/core/cosignature.js';
import { NoteError, signerFor, signNote } from '../../src/log/core/note.js';
import {
  isQuorum,
  parseWitnessPolicy,
  witnessesOf,
  WitnessPolicyError,
  type WitnessPolicy,
} from '../../src/log/core/witness-policy.js';

const log = signerFor('example.com/log', generateKeyPairSync('ed25519').privateKey);
const cosigners = Array.from({ length: 6 }, (_, at) =>
  cosignerFor(`witness.example/${at + 1}`, generateKeyPairSync('ed25519').privateKey),
);
const [k1 = '', k2 = '', k3 = '', k4 = '', k5 = '', k6 = ''] = cosigners.map(({ verifier }) => verifier.text);
const logKey = log.verifier.text;

function parse(text: string): WitnessPolicy {
  return parseWitnessPolicy(Buffer.from(text));
}

/** The shape of the specification's example. */
const example = `log ${logKey}

witness X1 ${k1}
witness X2 ${k2}
witness X3 ${k3}
group X-witnesses 2 X1 X2 X3

witness Y1 ${k4}
witness Y2 ${k5}
witness Y3 ${k6}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`;

test('two of one group and any of another are the quorum, and nothing less', () => {
  const policy = parse(example);
  const names = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'];
  for (let set = 0; set < 64; set++) {
    const chosen = names.filter((_, at) => (set & (1 << at)) !== 0);
    const [x, y] = ['X', 'Y'].map((letter) => chosen.filter((name) => name.startsWith(letter)).length);
    assert.equal(isQuorum(policy, new Set(chosen)), (x ?? 0) >= 2 && (y ?? 0) >= 1, chosen.join(' '));
  }
});

test('the smallest policies', () => {
  assert.deepEqual(parse('quorum none\n'), { logs: [], witnesses: [], groups: new Map(), quorum: null });
  assert.ok(isQuorum(parse('quorum none'), new Set()));
  const one = parse(`witness w1 ${k1} https://w1.example.com/\nquorum w1\n`);
  assert.equal(isQuorum(one, new Set()), false);
  assert.equal(isQuorum(one, new Set(['w1'])), true);
  assert.equal(one.witnesses[0]?.url, 'https://w1.example.com/');
});

test('white space, comments and odd names', () => {
  const spaced = parse(
    `\n# comment\n\t # another comment\n\twitness \t w1  ${k1}   https://w1.example.com/  \n\n  quorum\tw1`,
  );
  assert.equal(spaced.quorum, 'w1');
  assert.equal(spaced.witnesses[0]?.verifier.text, k1);
  const keywords = parse(`witness all ${k1}\nwitness any ${k2}\ngroup group 2 all any\nquorum group\n`);
  assert.equal(isQuorum(keywords, new Set(['all', 'any'])), true);
  // A Kelvin sign is no K, and an octet that is no UTF-8 is a name like others.
  const kelvin = parseWitnessPolicy(
    Buffer.concat([
      Buffer.from(`witness K ${k1}\nwitness \u212a ${k2}\nwitness `),
      Buffer.of(0x80),
      Buffer.from(` ${k3}\nquorum K\n`),
    ]),
  );
  assert.equal(new Set(kelvin.witnesses.map(({ name }) => name)).size, 3);
  const { publicKey } = generateKeyPairSync('ed25519');
  const unicode = cosignatureVerifierFor('zeuge.example/ä', publicKey);
  assert.equal(parse(`witness ä ${unicode.text}\nquorum ä\n`).witnesses[0]?.verifier.name, 'zeuge.example/ä');
});

describe('what is no policy is refused with the line', () => {
  const retyped = (type: number): string =>
    `${k1.split('+').slice(0, 2).join('+')}+${Buffer.concat([Buffer.of(type), Buffer.from(k1.split('+').slice(2).join('+'), 'base64').subarray(1)]).toString('base64')}`;
  const impostor = cosignatureVerifierFor(
    'impostor.example',
    createPublicKey(cosigners[0]?.privateKey ?? assert.fail('there are six')),
  ).text;
  const cases: Record<string, [string, RegExp]> = {
    'a control octet': ['quorum none\n\u0001', /octet 1 /u],
    'a carriage return': ['quorum none\r\n', /octet 13 /u],
    'a delete octet': ['quorum none\n\u007f', /octet 127 /u],
    'an unknown keyword': ['quibble w1\nquorum none\n', /line 1: "quibble"/u],
    'a comment behind a witness': [
      `witness w1 ${k1} https://w1.example.com/ # comment\nquorum w1\n`,
      /line 1: a witness line/u,
    ],
    'a log without key': ['log\nquorum none\n', /a log line/u],
    'a log with a broken key': ['log garbage\nquorum none\n', /line 1: a verifier key/u],
    "a log with a witness's key": [`log ${k1}\nquorum none\n`, /type 4/u],
    'a log twice': [`log ${logKey}\nlog ${logKey} https://log.example.com/\nquorum none\n`, /line 2: the public key/u],
    'a witness without key': ['witness w1\nquorum none\n', /a witness line/u],
    "a witness with a log's key": [`witness w1 ${logKey}\nquorum w1\n`, /type 1/u],
    'a witness with a key of an unknown type': [`witness w1 ${retyped(2)}\nquorum w1\n`, /type 2/u],
    'a witness named none': [`witness none ${k1}\nquorum none\n`, /name none/u],
    'a witness name twice': [`witness w1 ${k1}\nwitness w1 ${k2}\nquorum w1\n`, /line 2: the name "w1"/u],
    'a witness key twice': [`witness w1 ${k1}\nwitness w2 ${impostor}\nquorum w1\n`, /line 2: the public key/u],
    'a group named like a witness': [`witness w1 ${k1}\ngroup w1 any w1\nquorum w1\n`, /line 2: the name "w1"/u],
    'a group in itself': [`witness w1 ${k1}\ngroup g1 any g1\nquorum g1\n`, /"g1" is no witness/u],
    'a group without members': [`witness w1 ${k1}\ngroup g1 1\nquorum w1\n`, /a group line/u],
    'a group named none': [`witness w1 ${k1}\ngroup none any w1\nquorum none\n`, /name none/u],
    'a threshold of zero': [`witness w1 ${k1}\ngroup g1 0 w1\nquorum g1\n`, /from 1 to 1/u],
    'a negative threshold': [`witness w1 ${k1}\ngroup g1 -1 w1\nquorum g1\n`, /from 1 to 1/u],
    'a threshold with a leading zero': [`witness w1 ${k1}\ngroup g1 01 w1\nquorum g1\n`, /from 1 to 1/u],
    'a threshold above the members': [`witness w1 ${k1}\ngroup g1 2 w1\nquorum g1\n`, /from 1 to 1/u],
    'an unknown member': [`witness w1 ${k1}\ngroup g1 any w2\nquorum g1\n`, /"w2" is no witness/u],
    'a member defined later': [`group g1 any w1\nwitness w1 ${k1}\nquorum g1\n`, /line 1: "w1" is no witness/u],
    'none as a member': [`witness w1 ${k1}\ngroup g1 any none w1\nquorum g1\n`, /"none" is no witness/u],
    'a member twice in a group': [`witness w1 ${k1}\ngroup g1 all w1 w1\nquorum g1\n`, /only once/u],
    'a member of two groups': [
      `witness w1 ${k1}\nwitness w2 ${k2}\ngroup g1 any w1 w2\ngroup g2 any w1\nquorum g1\n`,
      /line 4: "w1" is a member already/u,
    ],
    'no quorum': [`witness w1 ${k1}\n`, /one quorum line/u],
    'two quorums': [`witness w1 ${k1}\nquorum w1\nquorum w1\n`, /line 3: .*only/u],
    'a quorum of an unknown name': ['quorum unknown\n', /"unknown" is no witness/u],
    'a quorum of a name defined later': [`quorum w1\nwitness w1 ${k1}\n`, /line 1: "w1" is no witness/u],
    'a quorum without name': ['quorum\n', /a quorum line/u],
  };
  for (const [what, [text, message]] of Object.entries(cases)) {
    test(what, () => {
      assert.throws(
        () => parse(text),
        (error) => error instanceof WitnessPolicyError && message.test(error.message),
      );
    });
  }
});

test('thirty-two of everything is no strain', () => {
  const many = Array.from({ length: 32 }, (_, at) => {
    const signer = signerFor(`log.example/${at}`, generateKeyPairSync('ed25519').privateKey);
    const cosigner = cosignerFor(`w.example/${at}`, generateKeyPairSync('ed25519').privateKey);
    return `log ${signer.verifier.text}\nwitness w${at} ${cosigner.verifier.text}\ngroup g${at} any w${at}\n`;
  });
  const members = many.map((_, at) => `g${at}`).join(' ');
  const policy = parse(`${many.join('')}group all 17 ${members}\nquorum all\n`);
  const sixteen = Array.from({ length: 16 }, (_, at) => `w${at}`);
  assert.equal(isQuorum(policy, new Set(sixteen)), false);
  assert.equal(isQuorum(policy, new Set([...sixteen, 'w31'])), true);
});

test('the witnesses that have cosigned a note are named, others are not', () => {
  const policy = parse(example);
  const body = 'example.com/log\n3\nRcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=\n';
  const stranger = cosignerFor('witness.example/7', generateKeyPairSync('ed25519').privateKey);
  const lines = [cosigners[4], stranger, cosigners[0]].map((cosigner) => cosign(body, cosigner ?? stranger, 1));
  const note = signNote(body, log) + lines.join('');
  assert.deepEqual(witnessesOf(policy, note), new Set(['X1', 'Y2']));
  assert.throws(() => witnessesOf(policy, note.replace('\n3\n', '\n4\n')), NoteError);
});
