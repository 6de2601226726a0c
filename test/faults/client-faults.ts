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

/** Somebody's slow upload holds all the memory that bodies may have, so that everybody else is told to come again. */
export function overload(seconds: number): ClientFault {
  return {
    name: `overload ${seconds} s`,
    ...harmless,
    make: async ({ url, token }) => {
      const until = Date.now() + seconds * 1000;
      let held: Socket | null = null;
      while (Date.now() < until) {
        if (held === null || held.closed) held = holdAll(url, token);
        await sleep(20);
      }
      held?.destroy();
      for (;;) {
        const response = await fetch(`${url}/services/collector/health`);
        await response.body?.cancel();
        if (response.ok) return;
        await sleep(20);
      }
    },
  };
}

/** An upload of all but its last byte; it is ended by the service when somebody else held a part of the memory. */
function holdAll(url: string, token: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head = [
    `POST /ingest/v1/${syslogSource} HTTP/1.1`,
    `Host: ${hostname}`,
    `Authorization: Bearer ${token}`,
    `Content-Length: ${mostHeldBytes + 1}`,
  ];
  socket.on('error', () => {});
  socket.resume();
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(Buffer.alloc(mostHeldBytes, 0x20));
  return socket;
}
