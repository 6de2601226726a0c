import { setTimeout as sleep } from 'node:timers/promises';
import type { LiveService, ProcessorUse } from '../clients/live-service.js';
import { hasRoom, syslogFlood, unfinishedUploads, type Load } from './overload.js';

/** Something that goes wrong while clients send. */
export interface ClientFault {
  readonly name: string;
  /** Makes it, and resolves when it is over and the service takes records again. */
  make(service: LiveService): Promise<void>;
  /** May what was only written into a connection be lost around it, as no program can prevent? */
  readonly losesConnections: boolean;
  /** May datagrams be lost while it lasts? */
  readonly losesDatagrams: boolean;
  /** Is every client refused while it lasts, or not read, as its protocol has it? What is lost of datagrams is counted then. */
  readonly refuses: boolean;
}

const harmless = { losesConnections: false, losesDatagrams: false, refuses: false };

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
export const restarts: { readonly ended: number; readonly ready: number; readonly processor: ProcessorUse | null }[] =
  [];

export const stopped: ClientFault = {
  name: 'restart (SIGTERM)',
  ...harmless,
  losesDatagrams: true,
  make: async (service) => {
    const from = Date.now();
    await service.end('SIGTERM');
    const ended = Date.now() - from;
    const processor = await service.start();
    restarts.push({ ended, ready: Date.now() - from, processor });
  },
};

export const killed: ClientFault = {
  name: 'restart (SIGKILL)',
  ...harmless,
  losesConnections: true,
  losesDatagrams: true,
  make: async (service) => {
    await service.end('SIGKILL');
    await service.start();
  },
};

/** No room for bodies, so that everybody is told to come again, and syslog messages faster than they can be stored, so that nobody is read. */
export function overload(seconds: number): ClientFault {
  return {
    name: `overload ${seconds} s`,
    losesConnections: false,
    losesDatagrams: true,
    refuses: true,
    make: async (service) => {
      const loads: Load[] = [];
      try {
        for (const start of [unfinishedUploads, syslogFlood]) {
          const load = start(service);
          loads.push(load);
          await load.felt();
        }
        for (const until = Date.now() + seconds * 1000; Date.now() < until; await sleep(200)) {
          if (await hasRoom(service)) throw new Error('expected an overload without a gap, but a body was taken');
        }
      } finally {
        for (const load of loads) await load.end();
      }
    },
  };
}
