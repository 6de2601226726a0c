import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { signCheckpoint } from '../../src/log/core/checkpoint.js';
import { cosign, cosignerFor, readCosignatures, type Cosigner } from '../../src/log/core/cosignature.js';
import { parseVerifierKey, signerFor, type Signer, type Verifier } from '../../src/log/core/note.js';
import { consistencyProof } from '../../src/log/core/proof.js';
import { emptyRoot, hashLeaf } from '../../src/log/core/tree.js';
import { formatAddCheckpoint } from '../../src/log/witness/add-checkpoint.js';
import { startWitnessServer, type WitnessServer } from '../../src/log/witness/server.js';
import { beginWitnessState, WitnessState, WitnessStateError } from '../../src/log/witness/state.js';
import { TreeInMemory } from './tree-in-memory.js';
import { vectorLogKey, vectorOrigin, witnessVectors } from './witness-vectors.js';

const origin = 'log.example/segproof';
const log = signerFor(origin, generateKeyPairSync('ed25519').privateKey);
const cosigner = cosignerFor('witness.example/one', generateKeyPairSync('ed25519').privateKey);
const plain = 'text/plain; charset=utf-8';

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'segproof-witness-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  beginWitnessState(directory);
  return directory;
}

async function startWitness(
  t: TestContext,
  options: { readonly logs?: readonly Verifier[]; readonly directory?: string; readonly as?: Cosigner } = {},
): Promise<WitnessServer> {
  const server = await startWitnessServer({
    cosigner: options.as ?? cosigner,
    logs: options.logs ?? [log.verifier],
    state: WitnessState.open(options.directory ?? folder(t), (options.as ?? cosigner).verifier),
    host: '127.0.0.1',
    port: 0,
    now: () => new Date(1_700_000_000_000),
    onError: () => {},
  });
  t.after(() => server.close());
  return server;
}

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
}

async function post(witness: WitnessServer, body: string | Uint8Array<ArrayBuffer>): Promise<Answer> {
  const response = await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}

/** A log that can be at any size it once had. */
class GrowingLog {
  readonly tree = new TreeInMemory();
  readonly roots: Buffer[] = [emptyRoot];
  private readonly signer: Signer;

  constructor(signer: Signer = log) {
    this.signer = signer;
  }

  grow(...leaves: string[]): this {
    for (const leaf of leaves) {
      this.tree.append([hashLeaf(Buffer.from(leaf))]);
      this.roots.push(this.tree.root);
    }
    return this;
  }

  get size(): number {
    return this.roots.length - 1;
  }

  checkpoint(size: number): string {
    const root = this.roots[size] ?? assert.fail(`never had size ${size}`);
    return signCheckpoint({ origin: this.signer.verifier.name, size, root }, this.signer);
  }

  request(oldSize: number, size: number): string {
    const proof = oldSize === 0 || oldSize > size ? [] : consistencyProof(oldSize, size, this.tree.read);
    return formatAddCheckpoint({ oldSize, proof, note: this.checkpoint(size) });
  }
}

const letters = (count: number, prefix = 'leaf'): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix} ${at}`);

test('the requests that witnesses share as vectors are answered as the specification says', async (t) => {
  const witness = await startWitness(t, { logs: [parseVerifierKey(vectorLogKey)] });
  for (const { what, request, status, size } of witnessVectors) {
    const answer = await post(witness, request);
    assert.equal(answer.status, status, `${what}: ${answer.body}`);
    if (status === 409) assert.deepEqual(answer, { status, type: 'text/x.tlog.size', body: size }, what);
    else assert.equal(answer.type, plain, what);
    if (status !== 200) continue;
    const note = request.slice(request.indexOf('\n\n') + 2);
    assert.equal(readCosignatures(note + answer.body, [cosigner.verifier])[0]?.time, 1_700_000_000, what);
  }
  assert.ok(witnessVectors[0]?.request.includes(vectorOrigin));
});

describe('requests that are malformed are 400', () => {
  const good = new GrowingLog().grow(...letters(9)).request(0, 9);
  const proof = new GrowingLog().grow(...letters(9)).request(5, 9);
  const cases: Record<string, string> = {
    nothing: '',
    'no old size': good.replace('old 0\n', ''),
    'an old size in words': good.replace('old 0', 'old none'),
    'a leading zero': good.replace('old 0', 'old 00'),
    'a sign': good.replace('old 0', 'old +0'),
    'two spaces': good.replace('old 0', 'old  0'),
    'an old size above 2^53': good.replace('old 0', 'old 9007199254740993'),
    'no empty line': good.replace('old 0\n\n', 'old 0\n'),
    'a carriage return': good.replaceAll('\n', '\r\n'),
    'no checkpoint': 'old 0\n\n',
    'a checkpoint without signature lines': good.slice(0, good.lastIndexOf('\n\n') + 1),
    'a proof line that is too short': good.replace('old 0\n', 'old 0\nAAAA\n'),
    'a proof line that is no base64': good.replace('old 0\n', `old 0\n${'!'.repeat(44)}\n`),
    'a proof line in base64url': good.replace('old 0\n', `old 0\n${'-_'.repeat(21)}8=\n`),
    'sixty-four proof lines': good.replace('old 0\n', `old 0\n${`${randomBytes(32).toString('base64')}\n`.repeat(64)}`),
    'a size that is no number': good.replace('\n9\n', '\nnine\n'),
    'a root that is too short': good.replace(/\n9\n.*\n/u, '\n9\nAAAA\n'),
    'an old size above the checkpoint': proof.replace('old 5', 'old 10'),
  };
  for (const [what, request] of Object.entries(cases)) {
    test(what, async (t) => {
      const answer = await post(await startWitness(t), request);
      assert.deepEqual([answer.status, answer.type], [400, plain], answer.body);
    });
  }
  test('what is not UTF-8', async (t) => {
    const answer = await post(await startWitness(t), Uint8Array.from([...Buffer.from(good), 0xff]));
    assert.equal(answer.status, 400);
  });
});

describe('signatures and logs', () => {
  const growing = new GrowingLog().grow(...letters(3));
  const request = growing.request(0, 3);

  test('an unknown log is 404, whatever else is wrong', async (t) => {
    const stranger = signerFor('log.example/stranger', generateKeyPairSync('ed25519').privateKey);
    const witness = await startWitness(t);
    assert.equal((await post(witness, new GrowingLog(stranger).grow('a').request(0, 1))).status, 404);
    assert.equal((await post(witness, request.replaceAll(origin, `${origin}2`))).status, 404);
  });

  test('a log without a valid signature is 403', async (t) => {
    const witness = await startWitness(t);
    const sameName = signerFor(origin, generateKeyPairSync('ed25519').privateKey);
    assert.equal((await post(witness, new GrowingLog(sameName).grow('a').request(0, 1))).status, 403);
    assert.equal((await post(witness, request.replace('\n3\n', '\n4\n'))).status, 403);
    // The key of one witnessed log is not another's.
    const second = signerFor('log.example/second', generateKeyPairSync('ed25519').privateKey);
    const both = await startWitness(t, { logs: [log.verifier, second.verifier] });
    const { root } = growing.tree;
    const forged = signCheckpoint({ origin, size: 3, root }, second);
    assert.equal((await post(both, formatAddCheckpoint({ oldSize: 0, proof: [], note: forged }))).status, 403);
  });

  test('signatures of others are ignored, and do not reach the record', async (t) => {
    const directory = folder(t);
    const witness = await startWitness(t, { directory });
    const line = `— somebody.example/else ${randomBytes(80).toString('base64')}\n`;
    const earlier = cosign(request.slice(request.indexOf('\n\n') + 2, request.lastIndexOf('\n\n') + 1), cosigner, 5);
    const answer = await post(witness, request + line.repeat(98) + earlier);
    assert.equal(answer.status, 200, answer.body);
    const [file = ''] = readdirSync(directory).filter((name) => name.endsWith('.checkpoint'));
    const note = readFileSync(join(directory, file), 'utf8');
    assert.equal(note, growing.checkpoint(3) + answer.body);
    WitnessState.open(directory, cosigner.verifier);
  });

  test('each log goes its own way, and a log may have several keys', async (t) => {
    const second = signerFor('log.example/second', generateKeyPairSync('ed25519').privateKey);
    const rotated = signerFor(origin, generateKeyPairSync('ed25519').privateKey);
    const witness = await startWitness(t, { logs: [log.verifier, second.verifier, rotated.verifier] });
    assert.equal((await post(witness, request)).status, 200);
    assert.equal((await post(witness, new GrowingLog(second).grow(...letters(2)).request(0, 2))).status, 200);
    assert.equal((await post(witness, new GrowingLog(rotated).grow(...letters(5)).request(3, 5))).status, 200);
    assert.equal((await post(witness, new GrowingLog(second).grow(...letters(5)).request(3, 5))).body, '2\n');
  });
});

describe('growth', () => {
  test('the empty tree can be cosigned, with its one root and no proof, and grows from there', async (t) => {
    const witness = await startWitness(t);
    const growing = new GrowingLog().grow(...letters(5));
    const wrongRoot = signCheckpoint({ origin, size: 0, root: randomBytes(32) }, log);
    assert.equal((await post(witness, formatAddCheckpoint({ oldSize: 0, proof: [], note: wrongRoot }))).status, 422);
    assert.equal((await post(witness, growing.request(0, 0))).status, 200);
    const withProof = formatAddCheckpoint({ oldSize: 0, proof: [randomBytes(32)], note: growing.checkpoint(5) });
    assert.equal((await post(witness, withProof)).status, 422);
    assert.equal((await post(witness, growing.request(0, 5))).status, 200);
    assert.deepEqual(await post(witness, growing.request(0, 5)), {
      status: 409,
      type: 'text/x.tlog.size',
      body: '5\n',
    });
  });

  test('the same tree is cosigned again, another of its size is a conflict', async (t) => {
    const witness = await startWitness(t);
    const growing = new GrowingLog().grow(...letters(4));
    assert.equal((await post(witness, growing.request(0, 4))).status, 200);
    assert.equal((await post(witness, growing.request(4, 4))).status, 200);
    const fork = new GrowingLog().grow(...letters(3), 'forked');
    const answer = await post(witness, fork.request(4, 4));
    assert.deepEqual([answer.status, answer.type], [409, plain]);
    const withProof = formatAddCheckpoint({ oldSize: 4, proof: [randomBytes(32)], note: growing.checkpoint(4) });
    assert.equal((await post(witness, withProof)).status, 422);
  });

  test('a split view, a shrunk log and a proof of something else get nothing', async (t) => {
    const witness = await startWitness(t);
    const growing = new GrowingLog().grow(...letters(20));
    assert.equal((await post(witness, growing.request(0, 10))).status, 200);
    const fork = new GrowingLog().grow(...letters(9), ...letters(11, 'forked'));
    for (let size = 11; size <= 20; size++) {
      assert.equal((await post(witness, fork.request(10, size))).status, 422, `fork at ${size}`);
      const borrowed = consistencyProof(10, size, growing.tree.read);
      const mixed = formatAddCheckpoint({ oldSize: 10, proof: borrowed, note: fork.checkpoint(size) });
      assert.equal((await post(witness, mixed)).status, 422, `fork at ${size} with the proof of the log`);
    }
    for (let size = 0; size < 10; size++) {
      assert.equal((await post(witness, growing.request(size, size))).body, '10\n', `back to ${size}`);
    }
    assert.equal((await post(witness, growing.request(10, 20))).status, 200);
  });

  test('requests at the same time are judged one after the other', async (t) => {
    const witness = await startWitness(t);
    const growing = new GrowingLog().grow(...letters(60));
    const answers = await Promise.all(Array.from({ length: 60 }, (_, at) => post(witness, growing.request(0, at + 1))));
    const cosigned = answers.filter(({ status }) => status === 200);
    assert.equal(cosigned.length, 1);
    const size = 1 + answers.findIndex(({ status }) => status === 200);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      assert.deepEqual(answer, { status: 409, type: 'text/x.tlog.size', body: `${size}\n` });
    }
  });
});

describe('the HTTP side', () => {
  test('other methods and paths', async (t) => {
    const { url } = await startWitness(t);
    const get = await fetch(`${url}/add-checkpoint`);
    assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST']);
    for (const path of ['/', '/checkpoint', '/add-checkpoint/', `/${'0'.repeat(64)}/checkpoint`]) {
      assert.equal((await fetch(`${url}${path}`)).status, 404, path);
    }
  });

  test('a request that is far too long is 413', async (t) => {
    const witness = await startWitness(t);
    assert.equal((await post(witness, 'old 0\n'.padEnd(200_000, 'A'))).status, 413);
    assert.equal((await post(witness, new GrowingLog().grow('a').request(0, 1))).status, 200);
  });

  test('anybody can read what was cosigned last', async (t) => {
    const witness = await startWitness(t);
    const growing = new GrowingLog().grow(...letters(7));
    const url = `${witness.url}/${createHash('sha256').update(origin).digest('hex')}/checkpoint`;
    assert.equal((await fetch(url)).status, 404);
    const { body } = await post(witness, growing.request(0, 7));
    const response = await fetch(url);
    assert.equal(response.headers.get('content-type'), plain);
    assert.equal(await response.text(), growing.checkpoint(7) + body);
    assert.equal((await fetch(url, { method: 'POST' })).status, 405);
  });

  test('what cannot be saved is not cosigned', async (t) => {
    const directory = folder(t);
    const witness = await startWitness(t, { directory });
    const growing = new GrowingLog().grow(...letters(3));
    assert.equal((await post(witness, growing.request(0, 1))).status, 200);
    rmSync(directory, { recursive: true });
    assert.equal((await post(witness, growing.request(1, 2))).status, 500);
    beginWitnessState(directory);
    assert.equal((await post(witness, growing.request(1, 3))).status, 200, 'the refused one was not remembered either');
  });
});

describe('the state', () => {
  async function witnessed(t: TestContext): Promise<{ directory: string; file: string }> {
    const directory = folder(t);
    const witness = await startWitness(t, { directory });
    assert.equal((await post(witness, new GrowingLog().grow(...letters(6)).request(0, 6))).status, 200);
    const [file = ''] = readdirSync(directory).filter((name) => name.endsWith('.checkpoint'));
    return { directory, file: join(directory, file) };
  }

  test('is found again', async (t) => {
    const { directory } = await witnessed(t);
    const again = await startWitness(t, { directory });
    assert.equal((await post(again, new GrowingLog().grow(...letters(8)).request(0, 8))).body, '6\n');
    assert.equal(readdirSync(directory).filter((name) => name.endsWith('.draft')).length, 0);
  });

  test('a draft that a crash left behind is no matter', async (t) => {
    const { directory, file } = await witnessed(t);
    writeFileSync(`${file}.draft`, 'half a chec');
    const again = await startWitness(t, { directory });
    assert.equal((await post(again, new GrowingLog().grow(...letters(8)).request(6, 8))).status, 200);
  });

  test('of another witness, damaged or of nobody is refused', async (t) => {
    const { directory, file } = await witnessed(t);
    const other = cosignerFor('witness.example/two', generateKeyPairSync('ed25519').privateKey);
    const refuses = (place: string, as: Cosigner, message: RegExp): void => {
      assert.throws(
        () => WitnessState.open(place, as.verifier),
        (error) => error instanceof WitnessStateError && message.test(error.message),
      );
    };
    refuses(directory, other, /is the state of the witness witness\.example\/one/u);
    refuses(join(directory, 'elsewhere'), cosigner, /--new-state/u);
    const note = readFileSync(file, 'utf8');
    writeFileSync(file, note.replace('\n6\n', '\n5\n'));
    refuses(directory, cosigner, /damaged/u);
    writeFileSync(file, note.slice(0, 100));
    refuses(directory, cosigner, /damaged/u);
    writeFileSync(file, new GrowingLog().grow(...letters(6)).checkpoint(6));
    refuses(directory, cosigner, /does not carry the cosignature/u);
    writeFileSync(file, note);
    writeFileSync(join(directory, `${'0'.repeat(64)}.checkpoint`), note);
    refuses(directory, cosigner, /the name is wrong/u);
  });
});
