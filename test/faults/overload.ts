import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { markOf } from '../clients/client.js';
import { mostHeldBytes, syslogSource, type LiveService } from '../clients/live-service.js';

/** What keeps the service from taking more, from a test's own process to 127.0.0.1; what is left of it ends with that process. */
export interface Load {
  /** Resolves when nothing more is taken; rejects when that takes too long. */
  felt(): Promise<void>;
  /** Ends it; resolves when the service has all that it is to have of it. */
  end(): Promise<void>;
}

const feltWithinMilliseconds = 60_000;

/* HTTP: uploads that never end hold all the memory that bodies may have, so that every other is told to come again. */

/** A few large and many small ones, since each is refused as a whole where it finds no room; together exactly what may be held. */
const uploadBytes = [
  { bytes: 256 * 1024, times: 15 },
  { bytes: 16 * 1024, times: 15 },
  { bytes: 1024, times: 15 },
  { bytes: 64, times: 16 },
].flatMap(({ bytes, times }) => Array<number>(times).fill(bytes));

const retryMilliseconds = 50;

export function unfinishedUploads({ url, token }: LiveService): Load {
  const sum = uploadBytes.reduce((total, bytes) => total + bytes, 0);
  if (sum !== mostHeldBytes) throw new Error(`expected uploads of ${mostHeldBytes} bytes in all, got ${sum}`);
  const open = new Set<Socket>();
  let ended = false;
  const upload = (bytes: number): void => {
    if (ended) return;
    const socket = startUpload(url, token, bytes);
    open.add(socket);
    // An answer before the last byte is a refusal.
    socket.once('data', () => socket.destroy());
    socket.once('close', () => {
      open.delete(socket);
      setTimeout(() => upload(bytes), retryMilliseconds);
    });
  };
  for (const bytes of uploadBytes) upload(bytes);
  return {
    felt: async () => {
      for (const deadline = Date.now() + feltWithinMilliseconds; await hasRoom({ url, token });) {
        if (Date.now() > deadline) throw new Error('expected uploads to take all room for bodies');
        await sleep(retryMilliseconds);
      }
    },
    end: async () => {
      ended = true;
      for (const socket of open) socket.destroy();
      while (!(await hasRoom({ url, token }))) await sleep(20);
    },
  };
}

/** Would the service take a body of one byte? It holds no record. */
export async function hasRoom({ url, token }: Pick<LiveService, 'url' | 'token'>): Promise<boolean> {
  const response = await fetch(`${url}/ingest/v1/${syslogSource}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: ' ',
  });
  await response.body?.cancel();
  if (!response.ok && response.status !== 503) throw new Error(`expected 200 or 503, got ${response.status}`);
  return response.ok;
}

/** An upload of all but its last byte. */
function startUpload(url: string, token: string, bytes: number): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head = [
    `POST /ingest/v1/${syslogSource} HTTP/1.1`,
    `Host: ${hostname}`,
    `Authorization: Bearer ${token}`,
    `Content-Length: ${bytes + 1}`,
  ];
  socket.on('error', () => {});
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(Buffer.alloc(bytes, 0x20));
  return socket;
}

/* Syslog: more messages than commits can keep up with. The service stops reading, of everybody. */

const messageBytes = 4096;
const commitMilliseconds = 3000;
/** A connection that takes nothing for so long is not read. */
export const stallMilliseconds = 1000;

let floods = 0;

export function syslogFlood({ link, syslog, stored }: LiveService): Load {
  const name = `flood-${++floods}`;
  link.delayCommits(commitMilliseconds);
  const socket = connect(syslog.tcp, '127.0.0.1');
  let broken: Error | null = null;
  socket.on('error', (error) => (broken = error));
  let written = 0;
  let takenAt = Date.now();
  let ended = false;
  const write = (): void => {
    takenAt = Date.now();
    while (!ended && !socket.writableNeedDrain) {
      const line = `<134>1 - ${name} app - - - ${markOf(name, written++)} `;
      socket.write(`${line.padEnd(messageBytes - 1, '.')}\n`);
    }
  };
  socket.on('connect', write).on('drain', write);
  return {
    felt: async () => {
      for (const deadline = Date.now() + feltWithinMilliseconds; Date.now() - takenAt < stallMilliseconds;) {
        if (broken !== null || Date.now() > deadline)
          throw new Error('expected the syslog connection not to be read', { cause: broken });
        await sleep(50);
      }
    },
    end: async () => {
      ended = true;
      link.delayCommits(0);
      const closed = once(socket, 'close');
      socket.end();
      await closed;
      for (const deadline = Date.now() + feltWithinMilliseconds; ;) {
        const found = (await stored()).filter(({ mark }) => mark.startsWith(`mark-${name}-`)).length;
        if (found === written) break;
        if (Date.now() > deadline) throw new Error(`expected ${written} messages of the flood, got ${found}`);
        await sleep(200);
      }
    },
  };
}
