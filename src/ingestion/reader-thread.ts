import { parentPort } from 'node:worker_threads';
import { memoryOf } from './packed-entries.js';
import { readPacked, type Sent } from './read-records.js';
import { packedRecords } from './packed-records.js';
import type { HandedOver, ReadAnswer, ReadRequest } from './record-readers.js';

/* The program of a reader thread: takes bodies, gives back their records ready for the log. */

const port = parentPort;
if (port === null) throw new Error('this file is the program of a thread and does nothing by itself');

port.on('message', ({ sent, reading }: ReadRequest) => {
  try {
    const packed = readPacked(received(sent), reading);
    const answer: ReadAnswer = { ok: true, packed };
    port.postMessage(answer, memoryOf(packed));
  } catch (error) {
    const answer: ReadAnswer = { ok: false, message: error instanceof Error ? error.message : String(error) };
    port.postMessage(answer);
  }
});

function received(sent: HandedOver): Sent {
  return 'body' in sent ? { ...sent, body: Buffer.from(sent.body.buffer) } : { records: packedRecords(sent.packed) };
}
