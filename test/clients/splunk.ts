import { createRequire } from 'node:module';
import { createLogger, type transport } from 'winston';
import { Book, markedFlow, marksIn, type Client } from './client.js';

/** What is used of splunk-logging, which comes without types. */
interface SplunkLogger {
  error: (error: unknown, context: { readonly message: string }) => void;
  send(context: { readonly message: unknown }): void;
  flush(done: (error: unknown, response: unknown, body: unknown) => void): void;
}

/** The same of winston-splunk-httplogger; its `server` is the logger that it sends with. */
interface SplunkTransport extends transport {
  readonly server: SplunkLogger;
}

const require = createRequire(import.meta.url);
const { Logger } = require('splunk-logging') as { readonly Logger: new (config: object) => SplunkLogger }; // see above
const SplunkStreamEvent = require('winston-splunk-httplogger') as new (config: object) => SplunkTransport; // see above

const flushMilliseconds = 400;

export const splunkLogging: Client = {
  name: 'splunk-logging',
  belief: 'answered',
  route: 'own',
  missing: null,
  start: async ({ url, token }) => {
    const book = new Book();
    const logger = new Logger({ url, token, maxBatchCount: 0, maxRetries: 5 });
    logger.error = (error, { message }) => book.giveUp(marksIn(message), error);
    let waiting: string[] = [];
    const flush = (): void => {
      const marks = waiting.splice(0);
      if (marks.length === 0) return;
      // What it was told to be wrong has gone to `error` before; of everything else it says nothing, so it was delivered.
      logger.flush(() => book.deliver(marks.filter((mark) => !book.gaveUp.has(mark))));
    };
    const timer = setInterval(flush, flushMilliseconds);
    return await Promise.resolve({
      ...booked(book),
      send: (mark: string) => {
        logger.send({ message: markedFlow(mark) });
        waiting.push(mark);
      },
      flush,
      stop: async () => {
        clearInterval(timer);
        waiting = [];
        await Promise.resolve();
      },
    });
  },
};

export const winstonSplunk: Client = {
  name: 'winston-splunk-httplogger',
  belief: 'answered',
  route: 'own',
  missing: null,
  start: async ({ url, token }) => {
    const book = new Book();
    const stream = new SplunkStreamEvent({ splunk: { url, token, maxRetries: 5 }, exitOnError: false });
    stream.server.error = (error, { message }) => book.giveUp(marksIn(message), error);
    const waiting: string[] = [];
    let logged = 0;
    // It says so after each, refused or not, but not after which one.
    stream.on('logged', () => {
      logged++;
      if (logged === waiting.length) book.deliver(waiting.filter((mark) => !book.gaveUp.has(mark)));
    });
    const logger = createLogger({ transports: [stream] });
    return await Promise.resolve({
      ...booked(book),
      send: (mark: string) => {
        waiting.push(mark);
        logger.info('flow dropped', markedFlow(mark));
      },
      stop: async () => {
        logger.close();
        await Promise.resolve();
      },
    });
  },
};

export function booked({ delivered, gaveUp, complaints }: Book): Pick<Book, 'delivered' | 'gaveUp' | 'complaints'> {
  return { delivered, gaveUp, complaints };
}
