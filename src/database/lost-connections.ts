import pg from 'pg';

const known = new WeakSet<object>();

/**
 * Keeps this process alive when a database connection is lost while nobody listens to it. A client tells of that by an `error` event, which
 * ends the process if there is no listener; pools, TypeORM and BullMQ all have moments without one, between a connection's
 * readiness and the turn in which they take it. An error of such a moment is told again in the next turn, to whoever has the client by then.
 *
 * Applies to every client of this process, also those that libraries make; calling it again does nothing.
 */
export function surviveLostConnections(): void {
  const { prototype } = pg.Client;
  if (known.has(prototype)) return;
  known.add(prototype);
  const connect: unknown = Reflect.get(prototype, 'connect');
  if (typeof connect !== 'function')
    throw new TypeError('pg.Client has no method connect; this version of pg is not known');
  Reflect.set(prototype, 'connect', function connectWatched(this: pg.Client, ...given: unknown[]): unknown {
    watch(this);
    const answer: unknown = Reflect.apply(connect, this, given);
    return answer;
  });
}

function watch(client: pg.Client): void {
  if (known.has(client)) return;
  known.add(client);
  let told = false;
  client.on('error', (error) => {
    if (told || client.listenerCount('error') > 1) return;
    told = true;
    setImmediate(() => client.emit('error', error));
  });
}
