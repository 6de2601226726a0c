import { Book, markedFlow, markedLine, type Client, type Target } from './client.js';
import { findProgram, missingProgram, runProgram } from './program.js';
import { booked } from './splunk.js';

/* Commands that are started for each record; what they believe is their exit code. */

function command(
  client: Pick<Client, 'name' | 'belief' | 'route' | 'missing'>,
  program: string,
  args: (mark: string, target: Target) => { readonly args: readonly string[]; readonly input?: string },
): Client {
  return {
    ...client,
    pace: 700,
    start: async (target) => {
      const book = new Book();
      const path = findProgram(program) ?? program;
      return await Promise.resolve({
        ...booked(book),
        send: (mark: string) => {
          const { args: given, input } = args(mark, target);
          void runProgram(path, given, input).then(({ code, output }) => {
            if (code === 0) book.deliver([mark]);
            else book.giveUp([mark], `exit code ${code}: ${output}`);
          });
        },
        stop: async () => {},
      });
    },
  };
}

/** With the retries that docs/connect/http.md gives it. */
export const curl = command(
  { name: 'curl', belief: 'answered', route: 'own', missing: missingProgram('curl', 'curl') },
  'curl',
  (mark, { url, source, token }) => ({
    args: [
      ...['-fsS', `${url}/ingest/v1/${source}?receipt=index`],
      ...['--retry', '60', '--retry-delay', '1', '--retry-all-errors', '--max-time', '20'],
      ...['-H', `Authorization: Bearer ${token}`, '-H', 'Content-Type: application/x-ndjson', '--data-binary', '@-'],
    ],
    input: JSON.stringify(markedFlow(mark)),
  }),
);

/** logger(1) of util-linux; its messages are of either standard. */
export function logger(transport: 'tcp' | 'udp', rfc: 'rfc3164' | 'rfc5424', counted = false): Client {
  return command(
    {
      name: `logger-${transport}-${rfc}${counted ? '-counted' : ''}`,
      belief: transport === 'tcp' ? 'written' : 'datagram',
      route: 'syslog',
      missing: missingProgram('logger', 'bsdutils'),
    },
    'logger',
    (mark, { syslog }) => ({
      args: [
        ...['--server', '127.0.0.1', '--port', String(syslog[transport]), `--${transport}`, `--${rfc}`],
        ...(counted ? ['--octet-count'] : []),
        ...['--tag', 'firewall', markedLine(mark)],
      ],
    }),
  );
}
