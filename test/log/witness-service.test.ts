import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { parseCheckpoint, signCheckpoint } from '../../src/log/core/checkpoint.js';
import { readCosignatures, parseCosignatureKey } from '../../src/log/core/cosignature.js';
import { openNote, parseVerifierKey } from '../../src/log/core/note.js';
import { loadSigningKey } from '../../src/log/signing-key.js';
import { Checkpoints } from '../../src/log/checkpoints.js';
import { Contradictions } from '../../src/log/witness/contradictions.js';
import { Witnessing } from '../../src/log/witness/witnessing.js';
import { startTestService, type TestService } from '../support/service.js';
import { plainEntry } from './sample-entries.js';
import { startWitnessProcess, type WitnessProcess } from './witness-process.js';

const origin = 'log.example/witnessed';

/** A port that is free now, so that a witness can come back under its URL. */
async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function eventually<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within 20 seconds`);
    await pause(50);
  }
}

describe('a service with two of three witnesses in its policy', () => {
  const directory = mkdtempSync(join(tmpdir(), 'segproof-witnessed-'));
  const keyFile = join(directory, 'log.pem');
  const logKey = loadSigningKey(keyFile, origin, true).verifier.text;
  const witnesses: WitnessProcess[] = [];
  const ports: number[] = [];
  let service: TestService;

  const startOne = async (at: number): Promise<WitnessProcess> =>
    await startWitnessProcess({
      directory: join(directory, `witness-${at}`),
      logs: [logKey],
      port: ports[at] ?? 0,
      more: ['--name', `witness.example/${at}`],
    });

  before(async () => {
    for (let at = 0; at < 3; at++) {
      ports.push(await freePort());
      witnesses.push(await startOne(at));
    }
    const lines = witnesses.map(({ key, url }, at) => `witness w${at} ${key} ${url}`);
    const policyFile = join(directory, 'policy');
    writeFileSync(policyFile, `log ${logKey}\n${lines.join('\n')}\ngroup two 2 w0 w1 w2\nquorum two\n`);
    service = await startTestService({
      env: {
        LOG_ORIGIN: origin,
        SIGNING_KEY_FILE: keyFile,
        WITNESS_POLICY_FILE: policyFile,
        LOG_READ_PUBLIC: 'true',
      },
    });
  });
  after(async () => {
    await service.stop();
    await Promise.all(witnesses.map(async (witness) => await witness.kill()));
    rmSync(directory, { recursive: true, force: true });
  });

  const cosigners = (): ReturnType<typeof parseCosignatureKey>[] =>
    witnesses.map(({ key }) => parseCosignatureKey(key));

  async function grow(entries: number): Promise<number> {
    const { log } = service.ground;
    await log.append(Array.from({ length: entries }, (_, at) => plainEntry(`record ${at}`)));
    return (await log.head()).size;
  }

  /** The witnessed checkpoint once it covers a size. */
  async function witnessedAt(size: number): Promise<{ note: string; size: number }> {
    return await eventually(`a quorum for ${size} entries`, async () => {
      const response = await fetch(`${service.url}/log/checkpoint/witnessed`);
      const note = await response.text();
      if (response.status !== 200) return null;
      const checkpoint = parseCheckpoint(openNote(note, [parseVerifierKey(logKey)]).body);
      return checkpoint.size >= size ? { note, size: checkpoint.size } : null;
    });
  }

  async function metric(name: string): Promise<string | undefined> {
    const { token } = await service.signedIn('auditor');
    const response = await fetch(`${service.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    const line = (await response.text()).split('\n').find((text) => text.startsWith(name));
    return line?.slice(name.length).trim();
  }

  test('checkpoints are cosigned by a quorum soon after they are kept, and served with the cosignatures', async () => {
    const size = await grow(300);
    const witnessed = await witnessedAt(size);
    assert.ok(readCosignatures(witnessed.note, cosigners()).length >= 2);
    const current = await eventually('cosignatures on the current checkpoint', async () => {
      const note = await (await fetch(`${service.url}/log/checkpoint`)).text();
      return readCosignatures(note, cosigners()).length >= 2 ? note : null;
    });
    assert.ok(parseCheckpoint(openNote(current, [parseVerifierKey(logKey)]).body).size >= size);
    assert.ok(Number(await metric('segproof_log_witnessed_checkpoint_age_seconds')) < 10);
  });

  test('one witness killed is no matter; it catches up when it is back', async () => {
    await witnesses[0]?.kill();
    const size = await grow(20);
    const { note } = await witnessedAt(size);
    assert.deepEqual(
      readCosignatures(note, cosigners())
        .map(({ name }) => name)
        .sort(),
      ['witness.example/1', 'witness.example/2'],
    );
    witnesses[0] = await startOne(0);
    const later = await grow(20);
    await eventually('the cosignature of the witness that is back', async () => {
      const { note: newest } = await witnessedAt(later);
      await grow(1);
      return readCosignatures(newest, cosigners()).some(({ name }) => name === 'witness.example/0') || null;
    });
  });

  test('without a quorum the log goes on, the last witnessed checkpoint stays, and the metrics say so', async () => {
    const earlier = await witnessedAt(await grow(5));
    await witnesses[0]?.kill();
    await witnesses[1]?.kill();
    await pause(100);
    const size = await grow(50);
    const note = await eventually('the new checkpoint', async () => {
      const text = await (await fetch(`${service.url}/log/checkpoint`)).text();
      return parseCheckpoint(openNote(text, [parseVerifierKey(logKey)]).body).size >= size ? text : null;
    });
    assert.ok(readCosignatures(note, cosigners()).length < 2);
    const still = await witnessedAt(earlier.size);
    assert.ok(still.size < size);
    assert.ok(Number(await metric('segproof_log_unwitnessed_entries')) >= 50);
    for (const at of [0, 1]) witnesses[at] = await startOne(at);
    assert.ok((await witnessedAt(size)).size >= size);
  });

  test('a witness that has seen more than the log has, or something else, is told of', async () => {
    // The same key signs a longer and another history for one witness: what a restored copy or a split view looks like.
    const { size } = await service.ground.log.head();
    const forged = signCheckpoint(
      { origin, size: size + 1000, root: Buffer.alloc(32, 1) },
      loadSigningKey(keyFile, origin, false),
    );
    const url = witnesses[2]?.url ?? '';
    const known = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: `old 0\n\n${forged}` });
    assert.equal(known.status, 409, 'it has cosigned the log already');
    // It will not: without a proof it cosigns nothing else.
    const refused = await fetch(`${url}/add-checkpoint`, {
      method: 'POST',
      body: `old ${(await known.text()).trim()}\n\n${forged}`,
    });
    assert.equal(refused.status, 422);
    // So it has to be one that never saw the log.
    await witnesses[2]?.kill();
    rmSync(join(directory, 'witness-2', 'state'), { recursive: true });
    witnesses[2] = await startWitnessProcess({
      directory: join(directory, 'witness-2'),
      logs: [logKey],
      port: ports[2] ?? 0,
      more: ['--name', 'witness.example/2', '--new-state'],
    });
    const misled = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: `old 0\n\n${forged}` });
    assert.equal(misled.status, 200);
    await grow(3);
    await eventually('the contradiction', async () => {
      await grow(1);
      return (await metric('segproof_log_witness_contradiction{witness="w2"}')) === '1' || null;
    });
    assert.ok(Number(await metric('segproof_log_witness_replies_total{witness="w2",outcome="ahead"}')) > 0);
    const contradictions = service.app.get(Contradictions);
    assert.deepEqual(
      (await contradictions.active()).map(({ witness, kind }) => [witness, kind]),
      [['w2', 'ahead']],
    );
    const { token } = await service.signedIn('auditor');
    const home = await fetch(`${service.url}/`, {
      headers: { cookie: `segproof_session=${token}`, accept: 'text/html' },
    });
    assert.match(await home.text(), /The witness w2 has seen another log/u);
    // The others are still a quorum.
    const now = await grow(3);
    assert.ok((await witnessedAt(now)).size >= now);
    await grow(1100);
    await service.app.get(Witnessing).round(await service.app.get(Checkpoints).keep());
    await eventually('the inconsistency', async () => {
      await grow(1);
      const replies = await metric('segproof_log_witness_replies_total{witness="w2",outcome="inconsistent"}');
      return Number(replies ?? 0) > 0 || null;
    });
    // Each is told of once, however often the witness is asked.
    assert.deepEqual(
      (await contradictions.active()).map(({ witness, kind }) => [witness, kind]),
      [['w2', 'inconsistent']],
    );
    const entries = await service.ground.database.query(
      `SELECT 1 FROM log_entry WHERE kind = 'log.witness_contradicts'`,
    );
    assert.equal(entries.length, 2);
  });
});
