import { Book, markedFlow, markedLine, type Client, type Target } from './client.js';
import { documented } from './documented.js';
import { findProgram, missingProgram, runProgram, type ProgramCall } from './program.js';
import { booked } from './splunk.js';

/* Commands that are started for each record; what they believe is their exit code. */

function command(
  client: Pick<Client, 'name' | 'belief' | 'route' | 'missing'>,
  program: string,
  make: (mark: string, target: Target) => ProgramCall,
): Client {
  return {
    ...client,
    pace: 1000,
    start: async (target) => {
      const book = new Book();
      const path = findProgram(program) ?? program;
      return await Promise.resolve({
        ...booked(book),
        send: (mark: string) => {
          void runProgram(path, make(mark, target)).then(({ code, output }) => {
            if (code === 0) book.deliver([mark]);
            else book.giveUp([mark], `exit code ${code}: ${output}`);
          });
        },
        stop: async () => {},
      });
    },
  };
}

/** The command of docs/connect/http.md. */
export const curl = command(
  { name: 'curl', belief: 'answered', route: 'own', missing: missingProgram('curl', 'curl') },
  'sh',
  (mark, target) => ({
    args: ['-c', `exec ${documented('http.md', '--retry-all-errors', target, { 'staging-hubble': target.source })}`],
    env: { URL: target.url, TOKEN: target.token },
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
        ...`--server 127.0.0.1 --port ${syslog[transport]} --${transport} --${rfc} --tag firewall`.split(' '),
        ...(counted ? ['--octet-count'] : []),
        markedLine(mark),
      ],
    }),
  );
}
