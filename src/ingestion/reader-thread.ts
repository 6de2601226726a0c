import { parentPort } from 'node:worker_threads';
import { packEntries } from './packed-entries.js';
import { readPrepared, type Sent } from './read-records.js';
import { packedRecords } from './packed-records.js';
import type { HandedOver, ReadAnswer, ReadRequest } from './record-readers.js';

/* The program of a reader thread: takes bodies, gives back their records ready for the log. */

const port = parentPort;
if (port === null) throw new Error('this file is the program of a thread and does nothing by itself');

port.on('message', ({ sent, reading }: ReadRequest) => {
  try {
    const { entries, rejections } = readPrepared(received(sent), reading);
    const packed = packEntries(entries, [...rejections]);
    const answer: ReadAnswer = { ok: true, packed };
    port.postMessage(answer, [packed.rows.buffer, packed.fixed.buffer, packed.ends.buffer]);
  } catch (error) {
    const answer: ReadAnswer = { ok: false, message: error instanceof Error ? error.message : String(error) };
    port.postMessage(answer);
  }
});

function received(sent: HandedOver): Sent {
  return 'body' in sent ? { ...sent, body: Buffer.from(sent.body.buffer) } : { records: packedRecords(sent.packed) };
}
