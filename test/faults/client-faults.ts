import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { mostHeldBytes, syslogSource, type LiveService } from '../clients/live-service.js';

/** Something that goes wrong while clients send. */
export interface ClientFault {
  readonly name: string;
  /** Makes it, and resolves when it is over and the service takes records again. */
  make(service: LiveService): Promise<void>;
  /** May what was only written into a connection be lost around it, as no program can prevent? */
  readonly losesConnections: boolean;
  /** May datagrams be lost while it lasts? */
  readonly losesDatagrams: boolean;
}

const harmless = { losesConnections: false, losesDatagrams: false };

export function databaseAway(seconds: number): ClientFault {
  return {
    name: `database away ${seconds} s`,
    ...harmless,
    make: async ({ link }) => {
      link.refuse(true);
      await sleep(seconds * 1000);
      link.refuse(false);
    },
  };
}

export function slowCommits(delaySeconds: number, seconds: number): ClientFault {
  return {
    name: `commits ${delaySeconds} s slow for ${seconds} s`,
    ...harmless,
    make: async ({ link }) => {
      link.delayCommits(delaySeconds * 1000);
      await sleep(seconds * 1000);
      link.delayCommits(0);
    },
  };
}

/** How long it took from each SIGTERM until the service had ended, and until it was ready again, in milliseconds. */
export const restarts: { readonly ended: number; readonly ready: number; readonly processorSeconds: number | null }[] =
  [];

export const stopped: ClientFault = {
  name: 'restart (SIGTERM)',
  losesConnections: false,
  losesDatagrams: true,
  make: async (service) => {
    const from = Date.now();
    await service.end('SIGTERM');
    const ended = Date.now() - from;
    const processorSeconds = await service.start();
    restarts.push({ ended, ready: Date.now() - from, processorSeconds });
  },
};

export const killed: ClientFault = {
  name: 'restart (SIGKILL)',
  losesConnections: true,
  losesDatagrams: true,
  make: async (service) => {
    await service.end('SIGKILL');
    await service.start();
  },
};

/** Slow uploads hold all the memory that bodies may have, so that everybody else is told to come again. */
export function overload(seconds: number): ClientFault {
  return {
    name: `overload ${seconds} s`,
    ...harmless,
    make: async ({ url, token }) => {
      const until = Date.now() + seconds * 1000;
      // A large one and many small ones: one that finds no room is refused as a whole, and tried again.
      const sizes = [
        mostHeldBytes - smallHolders * smallHoldBytes,
        ...Array<number>(smallHolders).fill(smallHoldBytes),
      ];
      const held: (Socket | null)[] = sizes.map(() => null);
      const probes = { refused: 0, taken: 0 };
      while (Date.now() < until) {
        for (const [at, size] of sizes.entries()) {
          if (held[at] == null || held[at].closed) held[at] = hold(url, token, size);
        }
        await sleep(100);
        probes[(await isTaken(url, token)) ? 'taken' : 'refused']++;
      }
      for (const socket of held) socket?.destroy();
      while (!(await isTaken(url, token))) await sleep(20);
      if (probes.refused === 0) throw new Error(`expected an overload, but ${probes.taken} requests were taken`);
    },
  };
}

const smallHolders = 64;
const smallHoldBytes = 256;

/** A body without records, which is refused where there is no room for it. */
async function isTaken(url: string, token: string): Promise<boolean> {
  const response = await fetch(`${url}/ingest/v1/${syslogSource}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: ' '.repeat(2 * smallHoldBytes),
  });
  await response.body?.cancel();
  return response.ok;
}

/** An upload of all but its last byte. */
function hold(url: string, token: string, bytes: number): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head = [
    `POST /ingest/v1/${syslogSource} HTTP/1.1`,
    `Host: ${hostname}`,
    `Authorization: Bearer ${token}`,
    `Content-Length: ${bytes + 1}`,
  ];
  socket.on('error', () => {});
  socket.resume();
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(Buffer.alloc(bytes, 0x20));
  return socket;
}
