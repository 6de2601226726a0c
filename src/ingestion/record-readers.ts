import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { EntryToAppend } from '../log/entry.js';
import { keepFreedMemory } from './kept-memory.js';
import { packedEntries, type PackedEntries } from './packed-entries.js';
import { bytesOf, readPacked, type Reading, type Sent, type Split } from './read-records.js';
import { packRecords, type PackedRecords } from './packed-records.js';
import type { Rejection } from './received-record.js';
import type { RecordContext } from './normal-form.js';

/** The records of a body, hashed and ready for the log. */
export interface ReadBody {
  readonly entries: readonly EntryToAppend[];
  /** Why a record could not be read, by its place. */
  readonly rejections: ReadonlyMap<number, Rejection>;
}

/** What a reader thread is asked. */
export interface ReadRequest {
  readonly sent: HandedOver;
  readonly reading: Reading;
}

/** What was sent, in a form that passes to a thread without being copied. */
export type HandedOver =
  | { readonly body: Uint8Array<ArrayBuffer>; readonly split: Split; readonly context: RecordContext }
  | { readonly packed: PackedRecords };

export type ReadAnswer =
  | { readonly ok: true; readonly packed: PackedEntries }
  | { readonly ok: false; readonly message: string };

/** Bodies from this size on are read beside the thread that answers requests. */
const bytesWorthAThread = 48 * 1024;

/**
 * Reads what was sent: small bodies at once, large ones in threads of their own, so that a flood of records neither holds up
 * other requests nor stops at one processor.
 */
@Injectable()
export class RecordReaders implements OnModuleDestroy {
  private readonly threads: ReaderThread[] = [];

  constructor() {
    keepFreedMemory();
  }

  async read(sent: Sent, reading: Reading): Promise<ReadBody> {
    const packed =
      bytesOf(sent) < bytesWorthAThread
        ? readPacked(sent, reading)
        : await this.leastBusy().read({ sent: handedOver(sent), reading });
    return { entries: packedEntries(packed), rejections: new Map(packed.rejections) };
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.threads.splice(0).map((thread) => thread.close()));
  }

  private leastBusy(): ReaderThread {
    const idle = this.threads.find((thread) => thread.waiting === 0);
    if (idle !== undefined) return idle;
    if (this.threads.length < availableParallelism()) {
      const thread = new ReaderThread();
      this.threads.push(thread);
      return thread;
    }
    return this.threads.reduce((least, thread) => (thread.waiting < least.waiting ? thread : least));
  }
}

function handedOver(sent: Sent): HandedOver {
  return 'body' in sent
    ? { body: ownedBytes(sent.body), split: sent.split, context: sent.context ?? {} }
    : { packed: packRecords(sent.records) };
}

/** The bytes in a buffer of their own, which can be handed to a thread without a copy. */
function ownedBytes(body: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = body;
  return buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength
    ? new Uint8Array(buffer)
    : new Uint8Array(body);
}

/** Everything a record is taken apart into is gone a moment later: with room for some bodies it is never copied about (a fifth of the time of reading). */
const youngMegabytes = 96;

/** A thread that reads bodies one after another; one that dies is replaced at the next body. */
class ReaderThread {
  private worker: Worker | null = null;
  private readonly pending: {
    readonly resolve: (packed: PackedEntries) => void;
    readonly reject: (error: Error) => void;
  }[] = [];

  get waiting(): number {
    return this.pending.length;
  }

  async read(request: ReadRequest): Promise<PackedEntries> {
    this.worker ??= this.start();
    const { worker } = this;
    return await new Promise<PackedEntries>((resolve, reject) => {
      this.pending.push({ resolve, reject });
      worker.ref();
      const { sent } = request;
      worker.postMessage(request, 'body' in sent ? [sent.body.buffer] : [sent.packed.bytes.buffer]);
    });
  }

  async close(): Promise<void> {
    await this.worker?.terminate();
  }

  private start(): Worker {
    const worker = new Worker(new URL('./reader-thread.js', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
    });
    // Answers come in the order of the requests.
    worker.on('message', (answer: ReadAnswer) => {
      const request = this.pending.shift();
      // An idle thread does not keep the process alive; one that works does.
      if (this.pending.length === 0) worker.unref();
      if (answer.ok) request?.resolve(answer.packed);
      else request?.reject(new Error(answer.message));
    });
    const fail = (error: Error): void => {
      this.worker = null;
      for (const request of this.pending.splice(0)) request.reject(error);
    };
    worker.on('error', fail);
    worker.on('exit', () => fail(new Error('the thread that read the records ended')));
    worker.unref();
    return worker;
  }
}
