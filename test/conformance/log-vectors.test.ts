import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canonicalJson, CanonicalJsonError } from '../../src/log/core/canonical-json.js';
import { openCheckpoint, parseCheckpoint } from '../../src/log/core/checkpoint.js';
import {
  NoteError,
  openNote,
  parseNote,
  parseVerifierKey,
  signerFromSeed,
  signNote,
  type NoteSignature,
} from '../../src/log/core/note.js';
import { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from '../../src/log/core/proof.js';
import { emptyRoot, hashLeaf, hashNode } from '../../src/log/core/tree.js';
import { uuidText, uuidv7Bytes } from '../../src/log/uuid.js';
import { readCheckpoint, readPublicKey } from '../independent-verifier/verifier.js';
import { TreeInMemory } from '../log/tree-in-memory.js';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

describe('the eight-leaf tree of Certificate Transparency', () => {
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const roots = [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  const leaf1 = '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7';
  const leaf4 = 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b';
  const leaves2to3 = '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e';
  const leaves4to5 = '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a';
  const leaves6to7 = 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0';
  const leaves4to7 = '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4';
  const [, leaf0 = '', leaves0to1 = '', , leaves0to3 = ''] = roots;
  const root = (size: number): Buffer => hex(roots[size] ?? '');

  const tree = new TreeInMemory();

  test('roots', () => {
    assert.deepEqual(emptyRoot, root(0));
    inputs.forEach((input, index) => {
      tree.append([hashLeaf(hex(input))]);
      assert.deepEqual(tree.root, root(index + 1));
    });
  });

  for (const { index, size, path } of [
    { index: 0, size: 1, path: [] },
    { index: 0, size: 8, path: [leaf1, leaves2to3, leaves4to7] },
    { index: 5, size: 8, path: [leaf4, leaves6to7, leaves0to3] },
    { index: 2, size: 3, path: [leaves0to1] },
    { index: 1, size: 5, path: [leaf0, leaves2to3, leaf4] },
  ]) {
    test(`inclusion of leaf ${index} in size ${size}`, () => {
      const proof = inclusionProof(index, size, tree.read);
      assert.deepEqual(proof, path.map(hex));
      verifyInclusion({ index, size, leafHash: hashLeaf(hex(inputs[index] ?? '')), proof, root: root(size) });
    });
  }

  for (const { first, second, proof } of [
    { first: 1, second: 1, proof: [] },
    { first: 1, second: 8, proof: [leaf1, leaves2to3, leaves4to7] },
    { first: 6, second: 8, proof: [leaves4to5, leaves6to7, leaves0to3] },
    { first: 2, second: 5, proof: [leaves2to3, leaf4] },
  ]) {
    test(`consistency of size ${first} with size ${second}`, () => {
      const hashes = consistencyProof(first, second, tree.read);
      assert.deepEqual(hashes, proof.map(hex));
      verifyConsistency({ first, second, firstRoot: root(first), secondRoot: root(second), proof: hashes });
    });
  }
});

test('the seven-leaf example of RFC 6962 section 2.1.3 and RFC 9162 section 2.1.5', () => {
  const leaves = Array.from({ length: 7 }, (_, index) => hashLeaf(Buffer.from(`d${index}`)));
  const [a, b, c, d, e, f, j] = leaves as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer]; // seven, as made
  const [g, h, i] = [hashNode(a, b), hashNode(c, d), hashNode(e, f)];
  const [k, l] = [hashNode(g, h), hashNode(i, j)];
  const tree = new TreeInMemory();
  tree.append(leaves);
  assert.deepEqual(tree.root, hashNode(k, l));
  assert.deepEqual(inclusionProof(0, 7, tree.read), [b, h, l]);
  assert.deepEqual(inclusionProof(3, 7, tree.read), [c, g, l]);
  assert.deepEqual(inclusionProof(4, 7, tree.read), [f, j, k]);
  assert.deepEqual(inclusionProof(6, 7, tree.read), [i, k]);
  assert.deepEqual(consistencyProof(3, 7, tree.read), [c, d, g, l]);
  assert.deepEqual(consistencyProof(4, 7, tree.read), [l]);
  assert.deepEqual(consistencyProof(6, 7, tree.read), [i, j, k]);
});

describe('the notes of golang.org/x/mod/sumdb/note', () => {
  const peterKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  const peterSecret = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
  const enochKey = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop';
  const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const peterBase64 = 'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=';
  const enochBase64 = 'rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=';
  const peterLine = `\u2014 PeterNeumann ${peterBase64}\n`;
  const enochLine = `\u2014 EnochRoot ${enochBase64}\n`;
  const [peter, enoch] = [parseVerifierKey(peterKey), parseVerifierKey(enochKey)];
  const names = (signatures: readonly NoteSignature[]): string[] => signatures.map(({ name }) => name);

  test('signing gives the published bytes', () => {
    const seed = Buffer.from(peterSecret.split('+').slice(4).join('+'), 'base64').subarray(1);
    const signer = signerFromSeed('PeterNeumann', seed);
    assert.equal(signer.verifier.text, peterKey);
    assert.equal(signNote(text, signer), `${text}\n${peterLine}`);
  });

  test('one or both signatures are verified, as the keys given allow', () => {
    const both = `${text}\n${peterLine}${enochLine}`;
    assert.equal(openNote(both, [peter]).body, text);
    assert.deepEqual(names(openNote(both, [peter]).signatures), ['PeterNeumann']);
    assert.deepEqual(names(openNote(both, [peter, enoch]).signatures), ['PeterNeumann', 'EnochRoot']);
    assert.throws(() => openNote(both, []), NoteError);
  });

  test('changed signatures and malformed notes are refused', () => {
    const cut = Buffer.from(peterLine);
    const spliced = Buffer.concat([cut.subarray(0, 60), Buffer.from('ABCD'), cut.subarray(60)]).toString();
    const wrong = [
      `${text}\n${spliced}`,
      `${text}\n${peterLine.repeat(101)}`,
      text,
      `${text}\n`,
      `${text}\n${peterLine.slice(0, -1)}`,
      `\u0001${text}\n${peterLine}`,
      `\ufffd${text}\n${peterLine}`,
      `${text}\n\u2014 Bad Name ${peterBase64}`,
      `${text}\n\u2014 Bad Name ${peterBase64}\n`,
      `${text}\n${peterLine}Unexpected line.\n`,
    ];
    for (const note of wrong) assert.throws(() => openNote(note, [peter]), NoteError, JSON.stringify(note));
  });

  test('no part of a verifier key, and no key with one character changed, is a verifier key', () => {
    for (let begin = 0; begin <= peterKey.length; begin++) {
      for (let end = begin + 1; end <= peterKey.length; end++) {
        if (end - begin === peterKey.length) continue;
        assert.throws(() => parseVerifierKey(peterKey.slice(begin, end)), NoteError, peterKey.slice(begin, end));
      }
    }
    for (let at = 0; at < peterKey.length; at++) {
      const next = String.fromCharCode(peterKey.charCodeAt(at) + 1);
      const changed = peterKey.slice(0, at) + next + peterKey.slice(at + 1);
      assert.throws(() => parseVerifierKey(changed), NoteError, changed);
    }
    for (const key of [
      'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==',
      'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    ]) {
      assert.throws(() => parseVerifierKey(key), NoteError, key);
    }
  });
});

describe('the examples of C2SP', () => {
  test('signed-note: the signature line', () => {
    const note =
      'a text\n\nwith an empty line in it\n\n' +
      '\u2014 quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n';
    const { body, signatures } = parseNote(note);
    assert.equal(body, 'a text\n\nwith an empty line in it\n');
    assert.deepEqual(
      signatures.map(({ name, keyId, signature }) => [name, keyId, signature.length]),
      [['quasimodo.example/salvatore', '367ba04b', 64]],
    );
  });

  test('signed-note: the id of a key', () => {
    const key = hex('01e932791ae6e7a840a46164c904786426d5e7821dd8b29a00d61cae72afdd4da4').toString('base64');
    assert.equal(parseVerifierKey(`example.com/foo+530d903a+${key}`).keyId, '530d903a');
  });

  test('tlog-checkpoint', () => {
    const note =
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n' +
      '\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n';
    assert.deepEqual(parseCheckpoint(parseNote(note).body), {
      origin: 'example.com/behind-the-sofa',
      size: 20_852_163,
      root: hex('0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62'),
    });
  });
});

describe('checkpoints that the checksum database of Go has published', () => {
  const key = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8';
  for (const [size, root, signature] of [
    [
      20_852_163,
      'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=',
      'Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=',
    ],
    [
      31_700_353,
      'qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=',
      'Az3grnmrIUEDFqHzAElIQCPNoRFRAAdFo47fooyWKMHb89k11GJh5zHIfNCOBmwn/C3YI8oW9/C8DJ87F61QqspBYwM=',
    ],
    [
      65_209_736,
      '5+uGFjx6xBZG8ip1+wi77v+grwbhhukIrxEUS8PXvRo=',
      'Az3grnbssgK7ubgFX36gVETtNv0U23qxyAhAMai2QUfeGa3nB/akvkMdlUErfcZz7l/R3cVtYspg3dxXABkGZZKdsQ8=',
    ],
  ] as const) {
    const note = `go.sum database tree\n${size}\n${root}\n\n\u2014 sum.golang.org ${signature}\n`;
    test(`size ${size} opens, here and in the independent verifier, and not when changed`, () => {
      const wanted = { origin: 'go.sum database tree', size, root: Buffer.from(root, 'base64') };
      assert.deepEqual(openCheckpoint(note, [parseVerifierKey(key)]), wanted);
      assert.deepEqual(readCheckpoint(Buffer.from(note), readPublicKey(key)), { ...wanted, size: BigInt(size) });
      const changed = note.replace(String(size), String(size + 1));
      assert.throws(() => openCheckpoint(changed, [parseVerifierKey(key)]), NoteError);
    });
  }
});

describe('RFC 8785', () => {
  test('numbers of appendix B', () => {
    const numbers: Record<string, string> = {
      '0000000000000000': '0',
      '8000000000000000': '0',
      '0000000000000001': '5e-324',
      '8000000000000001': '-5e-324',
      '7fefffffffffffff': '1.7976931348623157e+308',
      ffefffffffffffff: '-1.7976931348623157e+308',
      '4340000000000000': '9007199254740992',
      c340000000000000: '-9007199254740992',
      '4430000000000000': '295147905179352830000',
      '44b52d02c7e14af5': '9.999999999999997e+22',
      '44b52d02c7e14af6': '1e+23',
      '44b52d02c7e14af7': '1.0000000000000001e+23',
      '444b1ae4d6e2ef4e': '999999999999999700000',
      '444b1ae4d6e2ef4f': '999999999999999900000',
      '444b1ae4d6e2ef50': '1e+21',
      '3eb0c6f7a0b5ed8c': '9.999999999999997e-7',
      '3eb0c6f7a0b5ed8d': '0.000001',
      '41b3de4355555553': '333333333.3333332',
      '41b3de4355555554': '333333333.33333325',
      '41b3de4355555555': '333333333.3333333',
      '41b3de4355555556': '333333333.3333334',
      '41b3de4355555557': '333333333.33333343',
      becbf647612f3696: '-0.0000033333333333333333',
      '43143ff3c1cb0959': '1424953923781206.2',
    };
    for (const [bits, wanted] of Object.entries(numbers)) assert.equal(canonicalJson(hex(bits).readDoubleBE()), wanted);
    for (const bits of ['7fffffffffffffff', '7ff0000000000000']) {
      assert.throws(() => canonicalJson(hex(bits).readDoubleBE()), CanonicalJsonError);
    }
  });

  test('the sample object of section 3.2', () => {
    const sample = String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
      "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`;
    assert.equal(
      canonicalJson(JSON.parse(sample)),
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test('the order of keys of section 3.2.3', () => {
    const sample = String.raw`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}`;
    const order = Object.values(JSON.parse(canonicalJson(JSON.parse(sample)).replace('"1":', '"one":')) as object);
    assert.deepEqual(order, [2, 4, 6, 7, 1, 5, 3]);
  });
});

test('the example of UUIDv7 in RFC 9562 appendix A.6', () => {
  const text = uuidText(uuidv7Bytes(Date.parse('2022-02-22T19:22:22Z')));
  assert.equal(text.slice(0, 15), '017f22e2-79b0-7cc3'.slice(0, 15));
});
