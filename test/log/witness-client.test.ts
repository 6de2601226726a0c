import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { cosign, cosignerFor } from '../../src/log/core/cosignature.js';
import { signerFor, signNote } from '../../src/log/core/note.js';
import { askWitness, type WitnessReply } from '../../src/log/witness/client.js';

const cosigner = cosignerFor('witness.example/one', generateKeyPairSync('ed25519').privateKey);
const stranger = cosignerFor('witness.example/two', generateKeyPairSync('ed25519').privateKey);
const log = signerFor('log.example/segproof', generateKeyPairSync('ed25519').privateKey);
const body = 'log.example/segproof\n5\nQrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=\n';
const note = signNote(body, log);

async function ask(t: TestContext, listener: RequestListener, limit = 5000): Promise<WitnessReply> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  const url = `http://127.0.0.1:${port}/prefix/`;
  const witness = { name: 'w1', verifier: cosigner.verifier, url };
  return await askWitness(witness, { oldSize: 3, proof: [Buffer.alloc(32, 7)], note }, AbortSignal.timeout(limit));
}

function answering(status: number, text: string, contentType = 'text/plain'): RequestListener {
  return (_request, response) => response.writeHead(status, { 'content-type': contentType }).end(text);
}

test('the request is what the specification says, below the submission prefix', async (t) => {
  let seen = '';
  const reply = await ask(t, (request, response) => {
    seen = `${request.method} ${request.url}\n`;
    request.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    request.on('end', () => response.end(cosign(body, cosigner, 1_700_000_000)));
  });
  assert.equal(seen, `POST /prefix/add-checkpoint\nold 3\n${Buffer.alloc(32, 7).toString('base64')}\n\n${note}`);
  assert.ok(reply.outcome === 'cosigned' && reply.cosignature.time === 1_700_000_000);
  assert.equal(reply.cosignature.line.endsWith('\n'), true);
});

test('the witness is found among the lines of others', async (t) => {
  const line = cosign(body, cosigner, 5);
  const reply = await ask(t, answering(200, cosign(body, stranger, 6) + line));
  assert.ok(reply.outcome === 'cosigned' && reply.cosignature.line === line);
});

test('what is no cosignature of this checkpoint by this witness is none', async (t) => {
  for (const answer of [
    '',
    'thank you\n',
    cosign(body, stranger, 5),
    cosign(body.replace('\n5\n', '\n6\n'), cosigner, 5),
    cosign(body, cosigner, 0),
    cosign(body, cosigner, 5).trimEnd(),
    note,
    note + cosign(body, cosigner, 5),
  ]) {
    assert.equal((await ask(t, answering(200, answer))).outcome, 'unreachable', JSON.stringify(answer));
  }
});

test('each refusal has its name', async (t) => {
  for (const [status, outcome] of [
    [400, 'malformed'],
    [403, 'refused'],
    [404, 'unknown_log'],
    [422, 'inconsistent'],
    [409, 'inconsistent'],
    [413, 'unreachable'],
    [429, 'unreachable'],
    [500, 'unreachable'],
    [204, 'unreachable'],
  ] as const) {
    assert.equal((await ask(t, answering(status, ''))).outcome, outcome, String(status));
  }
});

test('a conflict tells the size, when it is said in due form', async (t) => {
  for (const [type, text, size] of [
    ['text/x.tlog.size', '50\n', 50],
    ['text/x.tlog.size', '0\n', 0],
    ['text/x.tlog.size', '50', null],
    ['text/x.tlog.size', '050\n', null],
    ['text/x.tlog.size', '-1\n', null],
    ['text/x.tlog.size', '9007199254740992\n', null],
    ['text/x.tlog.size', '', null],
    ['text/plain', '50\n', null],
  ] as const) {
    const reply = await ask(t, answering(409, text, type));
    assert.equal(reply.outcome === 'conflict' ? reply.size : null, size, `${type} ${JSON.stringify(text)}`);
  }
});

test('redirects are not followed', async (t) => {
  let followed = 0;
  for (const status of [301, 302, 303, 307, 308]) {
    const reply = await ask(t, (request, response) => {
      if (request.url !== '/prefix/add-checkpoint') followed++;
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
    assert.equal(reply.outcome, 'unreachable');
  }
  assert.equal(followed, 0);
});

test('silence, endless answers and cut connections end', async (t) => {
  const started = performance.now();
  assert.equal((await ask(t, () => {}, 200)).outcome, 'unreachable');
  assert.ok(performance.now() - started < 3000);
  const endless = await ask(t, (_request, response) => {
    const timer = setInterval(() => response.write('— '.repeat(10_000)), 1);
    response.once('close', () => clearInterval(timer));
  });
  assert.ok(endless.outcome === 'unreachable' && endless.detail.includes('longer than'), JSON.stringify(endless));
  const half = await ask(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '500' });
    response.write(cosign(body, cosigner, 5));
    setTimeout(() => response.destroy(), 20);
  });
  assert.equal(half.outcome, 'unreachable');
  const witness = { name: 'w1', verifier: cosigner.verifier, url: 'http://127.0.0.1:1' };
  assert.equal(
    (await askWitness(witness, { oldSize: 0, proof: [], note }, AbortSignal.timeout(2000))).outcome,
    'unreachable',
  );
});
