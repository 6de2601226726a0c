import pg from 'pg';

/** What is used here of a client: where its errors come out. */
type Emitter = Pick<pg.Client, 'on' | 'emit' | 'listenerCount'>;

const known = new WeakSet<object>();

/**
 * Keeps this process alive when a database connection is lost while nobody listens to it. A client tells of that by an `error` event, which
 * ends the process if there is no listener; pools, TypeORM and BullMQ all have moments without one, between a connection's
 * readiness and the turn in which they take it. An error of such a moment is told again in the next turn, to whoever has the client by then.
 *
 * Applies to every client of this process, also those that libraries make; calling it again does nothing.
 */
export function surviveLostConnections(): void {
  const prototype = pg.Client.prototype as unknown as { connect: (this: Emitter, ...given: unknown[]) => unknown };
  const { connect } = prototype;
  if (known.has(prototype)) return;
  known.add(prototype);
  prototype.connect = function connectWatched(this: Emitter, ...given: unknown[]): unknown {
    if (!known.has(this)) {
      known.add(this);
      let told = false;
      this.on('error', (error) => {
        if (told || this.listenerCount('error') > 1) return;
        told = true;
        setImmediate(() => this.emit('error', error));
      });
    }
    return connect.apply(this, given);
  };
}
