/** What a test context does for us here. */
export interface Ending {
  after(work: () => void | Promise<void>): void;
}

/**
 * Work for the end of a test, done last registered first: node:test does it in the order of registration, which would
 * take the database away before the service that uses it.
 */
export function lastFirst(t: Ending): Ending {
  const all: (() => void | Promise<void>)[] = [];
  t.after(async () => {
    for (const work of all.toReversed()) await work();
  });
  return { after: (work) => void all.push(work) };
}
