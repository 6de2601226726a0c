import { setTimeout as sleep } from 'node:timers/promises';
import { IngestAnswer } from '../../src/ingestion/ingest.js';
import { flowRecord } from '../log/sample-records.js';
import { faultSource } from './fault-log.js';

/** A batch that was acknowledged: what was sent, and what was answered. */
export interface Acknowledged {
  readonly lines: readonly string[];
  readonly answer: IngestAnswer;
}

/** Clients that send batches of records with native ids, each again and again until it is acknowledged. */
export interface Senders {
  readonly acknowledged: readonly Acknowledged[];
  /** Attempts that were not answered, or refused with 5xx. */
  readonly failed: number;
  /** Resolves after that many more batches were acknowledged; rejects when it takes too long. */
  acknowledge(batches: number): Promise<void>;
  /** Sends what is under way until it is acknowledged, and no more; rejects when that takes too long. */
  finish(): Promise<void>;
  /** Sends no more, acknowledged or not. */
  abandon(): void;
}

const clients = 8;
const pauseMilliseconds = 35;
const retryMilliseconds = 120;
const finishMilliseconds = 60_000;

export function startSenders(url: string, token: string): Senders {
  const acknowledged: Acknowledged[] = [];
  let failed = 0;
  let sending = true;
  let deadline = Infinity;
  let abandoned = false;

  const attempt = async (body: string): Promise<IngestAnswer | null> => {
    let response: Response;
    try {
      response = await fetch(`${url}/ingest/v1/${faultSource}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
        body,
        signal: AbortSignal.timeout(15_000),
      });
      if (response.status < 500) {
        const text = await response.text();
        if (response.status !== 200) throw new Refusal(`${response.status} ${text}`);
        return IngestAnswer.parse(JSON.parse(text));
      }
      await response.body?.cancel();
    } catch (error) {
      if (error instanceof Refusal) throw error;
    }
    failed++;
    return null;
  };

  const send = async (client: number): Promise<void> => {
    for (let batch = 0; sending; batch++) {
      // Now and then a body large enough to be read in a thread of its own.
      const size = batch % 20 === 19 ? 120 : 1 + ((batch * 5) % 16);
      const lines = Array.from({ length: size }, (_, at) => flowRecord(batch * 16 + at, `${client}-${batch}-${at}`));
      for (;;) {
        const answer = await attempt(lines.join('\n'));
        if (answer !== null) {
          acknowledged.push({ lines, answer });
          break;
        }
        if (abandoned) return;
        if (Date.now() > deadline) throw new Error('expected every batch to be acknowledged after the last fault');
        await sleep(retryMilliseconds);
      }
      await sleep(pauseMilliseconds);
    }
  };

  const all = Promise.all(Array.from({ length: clients }, (_, client) => send(client)));
  all.catch(() => (sending = false));
  return {
    acknowledged,
    get failed() {
      return failed;
    },
    acknowledge: async (batches) => {
      const wanted = acknowledged.length + batches;
      const limit = Date.now() + finishMilliseconds;
      while (acknowledged.length < wanted) {
        if (Date.now() > limit)
          throw new Error(`expected ${batches} batches to be acknowledged, but the service takes none`);
        await Promise.race([all, sleep(10)]);
      }
    },
    finish: async () => {
      sending = false;
      deadline = Date.now() + finishMilliseconds;
      await all;
    },
    abandon: () => {
      sending = false;
      abandoned = true;
    },
  };
}

/** An answer that no retry would change: the test is wrong, or the service. */
class Refusal extends Error {
  override readonly name = 'Refusal';
}
