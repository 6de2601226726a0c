import { connect, createServer, type Socket } from 'node:net';

/** Where in the life of a commit its connection is cut. */
export type Cut = 'before' | 'within' | 'after';

/**
 * A way to PostgreSQL on 127.0.0.1 that can be cut: the same address over all restarts of the server behind it, and
 * faults at the moment that matters, the COMMIT.
 */
export interface DatabaseLink {
  /** The URL of the server behind it, with this link's port in it. */
  through(url: string): string;
  /** Connects further connections to another port. */
  lead(port: number): void;
  /** Asked at each message with a COMMIT in it: whether to cut its connection, and where. */
  cutCommits(choose: () => Cut | null): void;
  /** Cuts all connections at once. */
  cutAll(): void;
  /** While true, connections are cut and new ones are refused, as of a database that is away. */
  refuse(away: boolean): void;
  /** Keeps each message with a COMMIT in it back for this long; 0 ends that. */
  delayCommits(milliseconds: number): void;
  /** How many commits were cut, by where. */
  readonly cuts: Readonly<Record<Cut, number>>;
  close(): Promise<void>;
}

const commit = Buffer.from('COMMIT');

export async function openDatabaseLink(port: number): Promise<DatabaseLink> {
  let target = port;
  let choose: () => Cut | null = () => null;
  const cuts = { before: 0, within: 0, after: 0 };
  let away = false;
  let delay = 0;
  const open = new Set<() => void>();

  const server = createServer((client) => {
    if (away) {
      client.destroy();
      return;
    }
    const database = connect(target, '127.0.0.1');
    let dropAnswers = false;
    const end = (): void => {
      open.delete(end);
      client.destroy();
      database.destroy();
    };
    open.add(end);
    for (const socket of [client, database]) socket.setNoDelay(true).on('error', end).on('close', end);
    database.on('data', (chunk: Buffer) => {
      // The server has answered, so it has taken all of it.
      if (dropAnswers) end();
      else pass(chunk, client, database);
    });
    client.on('data', (chunk: Buffer) => {
      const cut = chunk.includes(commit) ? choose() : null;
      if (cut !== null) cuts[cut]++;
      if (cut === 'before') return end();
      if (cut === 'within') {
        const part = chunk.subarray(0, Math.floor(Math.random() * chunk.length));
        database.write(part, end);
        return;
      }
      dropAnswers ||= cut === 'after';
      if (delay > 0 && chunk.includes(commit)) {
        client.pause();
        setTimeout(() => {
          client.resume();
          pass(chunk, database, client);
        }, delay);
      } else pass(chunk, database, client);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the link to the database has no port');
  return {
    through: (url) => {
      const changed = new URL(url);
      changed.hostname = '127.0.0.1';
      changed.port = String(address.port);
      return changed.href;
    },
    lead: (to) => (target = to),
    cutCommits: (by) => (choose = by),
    refuse: (now) => {
      away = now;
      if (away) open.forEach((end) => end());
    },
    delayCommits: (milliseconds) => (delay = milliseconds),
    cutAll: () => open.forEach((end) => end()),
    cuts,
    close: async () => {
      open.forEach((end) => end());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pass(chunk: Buffer, to: Socket, from: Socket): void {
  if (to.write(chunk)) return;
  from.pause();
  to.once('drain', () => from.resume());
}
