import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Book, markedLine, type RunningClient } from './client.js';
import type { RunningProgram } from './program.js';
import { booked } from './splunk.js';

/**
 * A shipper that runs by itself, with the configuration of docs/connect, and a device that sends to it over TCP. Shippers are told to try
 * for ever, so what they have taken they deliver, or the test finds it missing.
 */
export function relay(program: RunningProgram, socket: Socket): RunningClient {
  const book = new Book();
  return {
    ...booked(book),
    send: (mark) => {
      const time = new Date().toISOString();
      socket.write(`<134>1 ${time} fw1 firewall 7 - - ${markedLine(mark)}\n`);
      book.deliver([mark]);
    },
    stop: async () => {
      socket.end();
      if (!socket.closed) await once(socket, 'close');
      await program.stop();
    },
  };
}
