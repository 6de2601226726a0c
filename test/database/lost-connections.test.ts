import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import pg from 'pg';
import { Database } from '../../src/database/database.js';
import { surviveLostConnections } from '../../src/database/lost-connections.js';

/** A message of the PostgreSQL protocol, version 3: type, length, body. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const field = (type: string, text: string): Buffer => Buffer.from(`${type}${text}\0`);
const authenticated = message('R', Buffer.alloc(4));
const ready = message('Z', Buffer.from('I'));
const dying = message(
  'E',
  Buffer.concat([
    field('S', 'FATAL'),
    field('V', 'FATAL'),
    field('C', '57P01'),
    field('M', 'terminating connection due to unexpected postmaster exit'),
    Buffer.from('\0'),
  ]),
);

/** A server that lets everybody in and dies in the same breath, as one whose postmaster is killed at that moment. */
async function dyingServer(t: { after(work: () => Promise<void>): void }): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => socket.end(Buffer.concat([authenticated, ready, dying])));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `postgres://somebody:x@127.0.0.1:${(server.address() as AddressInfo).port}/none`; // a listening TCP server has one
}

test('a connection lost before anybody listens does not end the process, and whoever takes it is told', async (t) => {
  const connectionString = await dyingServer(t);
  surviveLostConnections();
  surviveLostConnections();
  const client = new pg.Client({ connectionString });
  await client.connect();
  const errors: Error[] = [];
  client.on('error', (error) => errors.push(error));
  await new Promise<void>((resolve) => client.once('end', resolve));
  assert.match(errors[0]?.message ?? '', /unexpected postmaster exit/u);
  assert.equal(errors.filter(({ message: text }) => /postmaster/u.test(text)).length, 1);
});

test('the service’s own pool survives it as well', async (t) => {
  const serviceUrl = await dyingServer(t);
  for (let attempt = 0; attempt < 20; attempt++) {
    await assert.rejects(Database.connect(serviceUrl, { poolSize: 2, applicationName: 'segproof-test' }));
  }
});
