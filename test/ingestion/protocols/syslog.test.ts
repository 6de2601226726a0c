import fc from 'fast-check';
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { SyslogListener, type SyslogTransport } from '../../../src/ingestion/protocols/syslog-listener.js';
import { SyslogFrames } from '../../../src/ingestion/syslog-frames.js';
import { issueCertificates } from '../../support/certificates.js';
import { temporaryDirectory } from '../../support/server.js';
import { startTestService, type TestService } from '../../support/service.js';
import { capture, storedOf, type StoredRecord, withoutCaptures } from './sending.js';

/** What the test uses of syslog-client, which comes without types. */
interface SyslogClient {
  readonly Transport: { readonly Tcp: number };
  createClient(
    host: string,
    options: object,
  ): { log(message: string, options: object, done: (error: Error | null) => void): void; close(): void };
}
const syslog = createRequire(import.meta.url)('syslog-client') as SyslogClient; // see above

let service: TestService;
const folder = temporaryDirectory();
const { authority, server, client } = issueCertificates(folder.directory);

const listening = {
  SYSLOG_SOURCE: 'firewalls',
  SYSLOG_HOST: '127.0.0.1',
  SYSLOG_TCP_PORT: '0',
  SYSLOG_UDP_PORT: '0',
  SYSLOG_TLS_PORT: '0',
  SYSLOG_TLS_CERT_FILE: server.cert,
  SYSLOG_TLS_KEY_FILE: server.key,
  INGEST_MAX_RECORD_BYTES: '10000',
};

before(async () => {
  service = await startTestService({ env: listening });
  await service.newSource({ name: 'firewalls' });
});

after(async () => {
  await service.stop();
  folder.removeDirectory();
});

function port(transport: SyslogTransport): number {
  const found = service.app.get(SyslogListener).port(transport);
  assert.ok(found);
  return found;
}

/** The next messages, as they are stored. */
async function next(count: number, seen: number): Promise<StoredRecord[]> {
  for (let i = 0; i < 200; i++) {
    const stored = await storedOf(service, 'firewalls');
    if (stored.length >= seen + count) return stored.slice(seen);
    await delay(25);
  }
  assert.fail(`expected ${count} messages`);
}

const stored = async (): Promise<number> => (await storedOf(service, 'firewalls')).length;

async function send(socket: Socket, data: string): Promise<void> {
  socket.end(data);
  await once(socket, 'close');
}

test('over TCP: lines and counted messages, told apart by how the connection begins', async () => {
  const seen = await stored();
  const first = '<134>1 2026-11-20T10:00:00Z fw1 app - - - one';
  const second = '<134>1 2026-11-20T10:00:00Z fw1 app - - - two\nwith a line';
  await send(connect(port('tcp'), '127.0.0.1'), `${first}\n\r\n${first}\r\nlast`);
  assert.deepEqual(
    (await next(3, seen)).map(({ raw }) => raw),
    [first, first, 'last'],
    'equal messages are two',
  );
  await send(connect(port('tcp'), '127.0.0.1'), `${first.length} ${first}${second.length} ${second}`);
  const [counted, lines] = await next(2, seen + 3);
  assert.deepEqual([counted?.raw, lines?.raw], [first, second]);
  assert.equal(counted?.context.attributes?.peer, '127.0.0.1');
});

test('over TLS and UDP', async () => {
  const seen = await stored();
  const secure = connectTls({ port: port('tls'), host: '127.0.0.1', rejectUnauthorized: false });
  await send(secure, '<13>Nov 20 10:00:00 host app: over tls\n');
  assert.equal((await next(1, seen))[0]?.raw, '<13>Nov 20 10:00:00 host app: over tls');
  const socket = createSocket('udp4');
  socket.send('<13>Nov 20 10:00:00 host app: over udp\n\0', port('udp'), '127.0.0.1', () => socket.close());
  const [datagram] = await next(1, seen + 1);
  assert.deepEqual(
    [datagram?.raw, datagram?.context.attributes?.transport],
    ['<13>Nov 20 10:00:00 host app: over udp', 'udp'],
  );
});

test('with authorities, a sender without a certificate of theirs is not heard, and one with it is', async (t) => {
  const strict = await startTestService({ env: { ...listening, SYSLOG_TLS_CA_FILE: authority } });
  t.after(() => strict.stop());
  await strict.newSource({ name: 'firewalls' });
  const address = { host: 'localhost', port: strict.app.get(SyslogListener).port('tls') };
  const ca = readFileSync(authority);
  const others = temporaryDirectory();
  t.after(others.removeDirectory);
  const foreign = issueCertificates(others.directory).client;
  for (const identity of [null, foreign, client]) {
    const shown = identity === null ? {} : { cert: readFileSync(identity.cert), key: readFileSync(identity.key) };
    const socket = connectTls({ ...address, ca, ...shown });
    // Its own handshake succeeds (TLS 1.3): that it is refused, it hears when it reads.
    socket.on('error', () => {});
    socket.resume();
    socket.write(`<13>Nov 20 10:00:00 host app: shows ${identity?.cert ?? 'nothing'}\n`);
    if (identity === client) socket.end();
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  }
  const heard = async (): Promise<string[]> => (await storedOf(strict, 'firewalls')).map(({ raw }) => raw);
  for (let i = 0; i < 200 && (await heard()).length === 0; i++) await delay(25);
  assert.deepEqual(await heard(), [`<13>Nov 20 10:00:00 host app: shows ${client.cert}`]);
});

test('a sender that has not noticed the end is told at its first write after it', async (t) => {
  const stopping = await startTestService({ env: listening });
  t.after(() => stopping.stop());
  await stopping.newSource({ name: 'firewalls' });
  const listener = stopping.app.get(SyslogListener);
  const secure = {
    port: listener.port('tls'),
    host: 'localhost',
    ca: readFileSync(authority),
    // It is in the types of connections without TLS only.
    allowHalfOpen: true,
  };
  const senders = {
    tcp: connect({ port: listener.port('tcp') ?? 0, host: '127.0.0.1', allowHalfOpen: true }),
    tls: connectTls(secure),
  };
  for (const [name, socket] of Object.entries(senders)) {
    socket.on('error', () => {});
    socket.write(`<13>Nov 20 10:00:00 host app: ${name}\n`);
  }
  const heard = async (): Promise<string[]> => (await storedOf(stopping, 'firewalls')).map(({ raw }) => raw.slice(-3));
  for (let i = 0; i < 200 && (await heard()).length < 2; i++) await delay(25);
  await listener.beforeApplicationShutdown();
  for (const [name, socket] of Object.entries(senders)) {
    const failed = await new Promise((resolve) => socket.write('<13>Nov 20 10:00:00 host app: late\n', resolve));
    assert.ok(failed instanceof Error, `over ${name} it seemed to succeed`);
  }
  assert.deepEqual((await heard()).toSorted(), ['tcp', 'tls']);
});

test('syslog-client sends over TCP', async () => {
  const seen = await stored();
  const client = syslog.createClient('127.0.0.1', {
    port: port('tcp'),
    transport: syslog.Transport.Tcp,
    rfc3164: false,
  });
  await new Promise<void>((resolve, reject) => {
    client.log('denied by policy', {}, (error) => (error ? reject(error) : resolve()));
  });
  assert.match((await next(1, seen))[0]?.raw ?? '', /denied by policy$/);
  client.close();
});

test('a flood is stored whole', { timeout: 60_000 }, async () => {
  const seen = await stored();
  const socket = connect(port('tcp'), '127.0.0.1');
  for (let i = 0; i < 5000; i++) {
    if (!socket.write(`<13>Nov 20 10:00:00 host app: message ${i}\n`)) await once(socket, 'drain');
  }
  await send(socket, '');
  const found = await next(5000, seen);
  assert.equal(new Set(found.map(({ raw }) => raw)).size, 5000);
});

test('the datagrams of logger(1)', { skip: withoutCaptures }, async () => {
  const seen = await stored();
  const datagrams = capture('syslog-udp-rfc3164-rfc5424.bin')
    .toString('latin1')
    .split('\n--datagram--\n')
    .filter((text) => text.trim() !== '');
  assert.equal(datagrams.length, 2);
  for (const datagram of datagrams) {
    const socket = createSocket('udp4');
    socket.send(Buffer.from(datagram, 'latin1'), port('udp'), '127.0.0.1', () => socket.close());
    await once(socket, 'close');
  }
  assert.equal((await next(2, seen)).length, 2);
});

test('frames are the same wherever the chunks end; nothing is lost when a count is wrong', () => {
  const message = fc
    .string({ minLength: 1, maxLength: 20 })
    .filter((text) => !/[\r\n\0]/.test(text) && !/^\d*(?: |$)/.test(text));
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      fc.array(fc.nat(20)),
      (texts, counted, cuts) => {
        const bytes = Buffer.from(
          texts.map((text) => (counted ? `${Buffer.byteLength(text)} ${text}` : `${text}\n`)).join(''),
        );
        const frames = new SyslogFrames(1000);
        const found: string[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          for (const { raw } of frames.push(bytes.subarray(at, at + cut))) found.push(raw.toString());
          at += cut;
        }
        assert.deepEqual([...found, ...frames.end().map(({ raw }) => raw.toString())], texts);
      },
    ),
  );
  const long = new SyslogFrames(10);
  const cut = long.push(Buffer.from('<1>0123456789abc'));
  assert.deepEqual([cut[0]?.raw.toString(), cut[0]?.problem?.reason], ['<1>0123456', 'too_large']);
  assert.deepEqual(
    long.push(Buffer.from('def\n<1>next\n')).map(({ raw }) => raw.toString()),
    ['<1>next'],
  );
  const wrong = new SyslogFrames(100);
  const found = wrong.push(Buffer.from('3 <1>x <1>y\n<1>z\n')).map(({ raw }) => raw.toString());
  assert.deepEqual(found.join('|'), '<1>|x <1>y|<1>z');
});
