import { Database } from '../../src/database/database.js';
import { signerFromSeed } from '../../src/log/core/note.js';
import type { NewEntry } from '../../src/log/entry.js';
import { Log } from '../../src/log/log.js';
import { namedEntry, plainEntry, testOrigin } from './sample-entries.js';

/*
 * A process that appends to a log which others append to as well: takes what to do as JSON in its argument, begins when
 * it is told to on standard input, and prints every answer it got as a line of JSON.
 */

export interface Work {
  readonly serviceUrl: string;
  readonly seed: string;
  readonly name: string;
  readonly requests: number;
  /** Facts that every process knows and appends. */
  readonly facts: number;
}

export interface Told {
  readonly payload: string;
  readonly index: number;
  readonly outcome: string;
  readonly leafHash: string | null;
}

export interface Answer {
  readonly told: readonly Told[];
  readonly checkpoint: string | null;
}

const work = JSON.parse(process.argv[2] ?? '') as Work; // given by the test
const database = await Database.connect(work.serviceUrl, { poolSize: 3, applicationName: `segproof-${work.name}` });
const log = new Log(database, signerFromSeed(testOrigin, Buffer.from(work.seed, 'hex')), () => new Date());

function entriesOf(request: number): NewEntry[] {
  const size = 1 + ((request * 7) % 30);
  return Array.from({ length: size }, (_, at) => {
    const fact = (request * 13 + at * 5) % (work.facts * 3);
    return fact < work.facts ? namedEntry(`fact ${fact}`) : plainEntry(`${work.name} ${request}/${at}`);
  });
}

async function appendRequest(request: number): Promise<void> {
  if (request % 10 === 9) {
    const payload = `${work.name} act ${request}`;
    const index = await log.transact(async ({ append }) => await append(plainEntry(payload, 'log.started')));
    say({ told: [{ payload, index, outcome: 'appended', leafHash: null }], checkpoint: null });
    return;
  }
  const entries = entriesOf(request);
  const { receipts, checkpoint } = await log.append(entries);
  const told = receipts.map(({ index, outcome, leafHash }, at) => {
    return { payload: entries[at]?.payload.toString() ?? '', index, outcome, leafHash };
  });
  say({ told, checkpoint });
}

function say(answer: Answer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

await database.query('SELECT 1');
process.stdout.write('ready\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
let next = 0;
const lanes = Array.from({ length: 4 }, async () => {
  while (next < work.requests) await appendRequest(next++);
});
await Promise.all(lanes);
await database.close();
process.stdin.unref();
