import fc from 'fast-check';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { SyslogListener, type SyslogTransport } from '../../../src/ingestion/protocols/syslog-listener.js';
import { SyslogFrames } from '../../../src/ingestion/syslog-frames.js';
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
const key = join(folder.directory, 'key.pem');
const cert = join(folder.directory, 'cert.pem');

before(async () => {
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '1',
      '-subj',
      '/CN=localhost',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  );
  service = await startTestService({
    env: {
      SYSLOG_SOURCE: 'firewalls',
      SYSLOG_HOST: '127.0.0.1',
      SYSLOG_TCP_PORT: '0',
      SYSLOG_UDP_PORT: '0',
      SYSLOG_TLS_PORT: '0',
      SYSLOG_TLS_CERT_FILE: cert,
      SYSLOG_TLS_KEY_FILE: key,
      INGEST_MAX_RECORD_BYTES: '10000',
    },
  });
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
