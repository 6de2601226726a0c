import { Client as Elasticsearch } from '@elastic/elasticsearch';
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs';
import { createRequire } from 'node:module';
import { Book, markedFlow, markedLine, marksIn, type Client } from './client.js';
import { booked } from './splunk.js';

const batchMilliseconds = 500;

/** The bulk helper, called with what has gathered since the last call, with its own retries and no others. */
export function elasticsearch(compression: boolean): Client {
  return {
    name: compression ? 'elasticsearch-bulk-gzip' : 'elasticsearch-bulk',
    belief: 'answered',
    route: 'own',
    missing: null,
    start: async ({ url, token }) => {
      const book = new Book();
      const client = new Elasticsearch({ node: url, auth: { apiKey: token }, compression });
      let waiting: string[] = [];
      const flush = async (): Promise<void> => {
        const marks = waiting;
        waiting = [];
        if (marks.length === 0) return;
        const dropped: string[] = [];
        try {
          await client.helpers.bulk({
            datasource: marks.map(markedFlow),
            onDocument: (document) => [{ create: { _index: 'logs-flows-default' } }, document],
            onDrop: ({ document, error }) => {
              const lost = [...marksIn(JSON.stringify(document))];
              dropped.push(...lost);
              book.giveUp(lost, error);
            },
          });
          book.deliver(marks.filter((mark) => !dropped.includes(mark)));
        } catch (error) {
          book.giveUp(marks, error);
        }
      };
      const timer = setInterval(() => void flush(), batchMilliseconds);
      return await Promise.resolve({
        ...booked(book),
        send: (mark: string) => void waiting.push(mark),
        flush: () => void flush(),
        stop: async () => {
          clearInterval(timer);
          await client.close();
        },
      });
    },
  };
}

/** The exporters of OpenTelemetry behind the batching that its SDK has. */
export function openTelemetry(encoding: 'json' | 'protobuf'): Client {
  return {
    name: `opentelemetry-${encoding}`,
    belief: 'answered',
    route: 'own',
    missing: null,
    start: async ({ url, token }) => {
      const book = new Book();
      const options = {
        url: `${url}/v1/logs`,
        headers: { authorization: `Bearer ${token}` },
        compression: encoding === 'json' ? CompressionAlgorithm.NONE : CompressionAlgorithm.GZIP,
      };
      const exporter = encoding === 'json' ? new JsonExporter(options) : new ProtobufExporter(options);
      const heard: LogRecordExporter = {
        export: (records, done) => {
          exporter.export(records, (result) => {
            const marks = marksIn(records.map(({ body }) => JSON.stringify(body)).join());
            if (result.error === undefined) book.deliver(marks);
            else book.giveUp(marks, result.error);
            done(result);
          });
        },
        forceFlush: async () => await exporter.forceFlush(),
        shutdown: async () => await exporter.shutdown(),
      };
      const processor = new BatchLogRecordProcessor({ exporter: heard, scheduledDelayMillis: batchMilliseconds });
      const provider = new LoggerProvider({ processors: [processor] });
      const logger = provider.getLogger('flows');
      return await Promise.resolve({
        ...booked(book),
        send: (mark: string) => logger.emit({ body: JSON.stringify(markedFlow(mark)) }),
        stop: async () => await provider.shutdown(),
      });
    },
  };
}

/** What is used of syslog-client, which comes without types. */
interface SyslogClient {
  readonly Transport: { readonly Tcp: number };
  createClient(
    host: string,
    options: object,
  ): {
    on(event: 'error', listener: (error: Error) => void): void;
    log(message: string, options: object, done: (error: Error | null | undefined) => void): void;
    close(): void;
  };
}

export const syslogClient: Client = {
  name: 'syslog-client',
  belief: 'written',
  route: 'syslog',
  missing: null,
  start: async ({ syslog }) => {
    const book = new Book();
    const library = createRequire(import.meta.url)('syslog-client') as SyslogClient; // see above
    const client = library.createClient('127.0.0.1', {
      port: syslog.tcp,
      transport: library.Transport.Tcp,
      rfc3164: false,
    });
    client.on('error', (error) => book.complain(error));
    return await Promise.resolve({
      ...booked(book),
      send: (mark: string) => {
        client.log(markedLine(mark), {}, (error) => {
          if (error) book.giveUp([mark], error);
          else book.deliver([mark]);
        });
      },
      stop: async () => await Promise.resolve(client.close()),
    });
  },
};
