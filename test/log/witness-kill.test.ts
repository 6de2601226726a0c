import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { signCheckpoint } from '../../src/log/core/checkpoint.js';
import { parseCosignatureKey, readCosignatures } from '../../src/log/core/cosignature.js';
import { signerFor } from '../../src/log/core/note.js';
import { consistencyProof } from '../../src/log/core/proof.js';
import { emptyRoot, hashLeaf } from '../../src/log/core/tree.js';
import { formatAddCheckpoint } from '../../src/log/witness/add-checkpoint.js';
import { startWitnessProcess } from './witness-process.js';
import { TreeInMemory } from './tree-in-memory.js';

const origin = 'log.example/killed';
const log = signerFor(origin, generateKeyPairSync('ed25519').privateKey);

const rounds = Number(process.env['SEGPROOF_WITNESS_KILLS'] ?? 25);

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'segproof-witness-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** One of the two histories that a dishonest log would show; they part at `parting`. */
class History {
  readonly tree = new TreeInMemory();
  readonly roots: Buffer[] = [emptyRoot];
  private readonly name: string;
  private readonly parting: number;

  constructor(name: string, parting: number) {
    this.name = name;
    this.parting = parting;
  }

  growTo(size: number): void {
    while (this.roots.length <= size) {
      const at = this.roots.length - 1;
      this.tree.append([hashLeaf(Buffer.from(at < this.parting ? `both ${at}` : `${this.name} ${at}`))]);
      this.roots.push(this.tree.root);
    }
  }

  /** Signs the history's tree of a size, with the proof that it continues that of the old size. */
  request(oldSize: number, size: number): { note: string; body: string } {
    this.growTo(size);
    const note = signCheckpoint({ origin, size, root: this.roots[size] ?? emptyRoot }, log);
    const proof = oldSize === 0 ? [] : consistencyProof(oldSize, size, this.tree.read);
    return { note, body: formatAddCheckpoint({ oldSize, proof, note }) };
  }
}

interface Cosigned {
  readonly history: History;
  readonly size: number;
}

function promiseWithResolve(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** Sends a checkpoint as a log's client does, with the size the witness tells. */
async function offer(url: string, key: string, history: History, size: number): Promise<Cosigned | 'refused' | 'dead'> {
  let oldSize = 0;
  for (let attempt = 0; attempt < 3; attempt++) {
    const { note, body } = history.request(oldSize, size);
    let response: Response;
    let answer: string;
    try {
      response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body, signal: AbortSignal.timeout(5000) });
      answer = await response.text();
    } catch {
      return 'dead';
    }
    if (response.status === 200) {
      assert.equal(readCosignatures(note + answer, [parseCosignatureKey(key)]).length, 1);
      return { history, size };
    }
    if (response.headers.get('content-type') !== 'text/x.tlog.size') return 'refused';
    oldSize = Number(answer);
    if (oldSize > size) return 'refused';
  }
  return 'refused';
}

test(`a witness killed ${rounds} times at any moment never cosigns two views`, async (t) => {
  const directory = folder(t);
  // Keeps the test going while nothing but a request's time limit is left to wait for.
  const awake = setInterval(() => {}, 1000);
  t.after(() => clearInterval(awake));
  const parting = 10;
  const histories = [new History('honest', parting), new History('fork', parting)];
  const cosigned: Cosigned[] = [];
  let key: string | null = null;
  let cutOff = 0;
  for (let round = 0; round < rounds; round++) {
    const witness = await startWitnessProcess({ directory, logs: [log.verifier.text] });
    key ??= witness.key;
    assert.equal(witness.key, key, 'the key stays');
    const from = Math.max(0, ...cosigned.map((one) => one.size));
    if (from > 0) {
      const probe = histories[0]?.request(0, from + 1).body ?? '';
      const answer = await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body: probe });
      assert.equal(answer.status, 409);
      assert.ok(Number(await answer.text()) >= from, 'what was answered is remembered');
    }
    // The process is killed some time after it has answered a few requests, however fast it is.
    let answers = Math.ceil(Math.random() * 12);
    const { promise: enough, resolve: sayEnough } = promiseWithResolve();
    const killed = enough.then(async () => {
      await pause(Math.random() * 20);
      await witness.kill();
    });
    const inTurn = round % 2 === 0 ? histories : histories.toReversed();
    const offers = inTurn.map(async (history) => {
      for (let step = 1; step <= 100; step++) {
        const outcome = await offer(witness.url, witness.key, history, from + step);
        if (--answers <= 0 || outcome === 'dead') sayEnough();
        if (outcome === 'dead') cutOff++;
        if (outcome === 'dead') return;
        if (outcome !== 'refused') cosigned.push(outcome);
      }
    });
    await Promise.all([...offers, killed]);
  }
  assert.ok(cutOff >= rounds, `only ${cutOff} requests were cut off`);
  const parted = cosigned.filter((one) => one.size > parting);
  assert.ok(parted.length > rounds, 'the histories parted early on');
  assert.equal(new Set(parted.map((one) => one.history)).size, 1, 'both histories were cosigned');
  t.diagnostic(`${cosigned.length} cosignatures, ${cutOff} requests cut off`);
});

test('the key is made once, for its owner alone, and the process ends in order', async (t) => {
  const directory = folder(t);
  const witness = await startWitnessProcess({ directory, logs: [log.verifier.text], whole: true });
  assert.match(witness.key, /^localhost\/segproof-witness\/[0-9a-f]{8}\+/u);
  assert.equal(statSync(join(directory, 'witness.pem')).mode & 0o777, 0o600);
  const history = new History('honest', 1);
  assert.notEqual(await offer(witness.url, witness.key, history, 3), 'refused');
  assert.equal(await witness.stop(), 0);
  const named = await startWitnessProcess({
    directory: folder(t),
    logs: [log.verifier.text],
    more: ['--name', 'w.example/one'],
  });
  assert.match(named.key, /^w\.example\/one\+/u);
  assert.equal(await named.stop(), 0);
});

test('a second process on the same state, a lost state and the key of a log are refused', async (t) => {
  const directory = folder(t);
  const options = { directory, logs: [log.verifier.text] };
  const witness = await startWitnessProcess(options);
  await assert.rejects(startWitnessProcess(options), /running process/u);
  await witness.kill();
  await assert.rejects(
    startWitnessProcess({ ...options, more: ['--name', 'another.example/name'] }),
    /is the state of the witness/u,
  );
  rmSync(join(directory, 'state'), { recursive: true });
  await assert.rejects(startWitnessProcess(options), /given up/u);
  const again = await startWitnessProcess({ ...options, more: ['--new-state'] });
  assert.equal(again.key, witness.key);
  await again.kill();
  // The log's key, given to the witness as its own.
  const pem = readFileSync(join(directory, 'witness.pem'));
  const asLog = signerFor(origin, createPrivateKey(pem)).verifier.text;
  await assert.rejects(startWitnessProcess({ ...options, logs: [asLog] }), /also that of the log/u);
});
