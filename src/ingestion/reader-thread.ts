import { parentPort } from 'node:worker_threads';
import { RowSlabs } from '../log/binary-copy.js';
import { memoryOf, packEntries } from './packed-entries.js';
import { readPrepared, type Sent } from './read-records.js';
import { packedRecords } from './packed-records.js';
import type { HandedOver, ReadAnswer, ReadRequest } from './record-readers.js';

/* The program of a reader thread: takes bodies, gives back their records ready for the log. */

const port = parentPort;
if (port === null) throw new Error('this file is the program of a thread and does nothing by itself');

port.on('message', ({ sent, reading }: ReadRequest) => {
  try {
    const { entries, rejections } = readPrepared(received(sent), reading, slabsFor(sent));
    const packed = packEntries(entries, [...rejections]);
    const answer: ReadAnswer = { ok: true, packed };
    port.postMessage(answer, memoryOf(packed));
  } catch (error) {
    const answer: ReadAnswer = { ok: false, message: error instanceof Error ? error.message : String(error) };
    port.postMessage(answer);
  }
});

const largestSlab = 4 * 1024 * 1024;

/** A record of the usual size is stored in somewhat more bytes than it was sent in, so that most bodies need one slab. */
function slabsFor(sent: HandedOver): RowSlabs {
  const { length } = 'body' in sent ? sent.body : sent.packed.bytes;
  return new RowSlabs(Math.min(Math.ceil(length * 1.3), largestSlab));
}

function received(sent: HandedOver): Sent {
  return 'body' in sent ? { ...sent, body: Buffer.from(sent.body.buffer) } : { records: packedRecords(sent.packed) };
}
