import assert from 'node:assert/strict';
import { Database } from '../../src/database/database.js';
import { encodeLeaf } from '../../src/log/core/leaf.js';
import { fsck } from '../../src/log/fsck.js';
import { leafOf, LogReader } from '../../src/log/read.js';
import {
  checkInclusion,
  GrowingTree,
  leafHash,
  readCheckpoint,
  readPublicKey,
} from '../independent-verifier/verifier.js';
import { faultSource, type FaultLog } from './fault-log.js';
import type { Acknowledged } from './senders.js';

export interface Kept {
  readonly entries: number;
  readonly records: number;
  readonly duplicates: number;
  /** Batches that were stored, but whose checkpoint could not be checked a second time because the fault came between. */
  readonly unsigned: number;
}

/**
 * Judges the log by what the outside was given: every acknowledged record is there, at the index it was told, once;
 * every proof verifies; every checkpoint that was ever given out is a state the log went through; no fault stopped the signer; fsck finds nothing.
 */
export async function assertKept(
  serviceUrl: string,
  log: FaultLog,
  acknowledged: readonly Acknowledged[],
): Promise<Kept> {
  const database = await Database.connect(serviceUrl, { poolSize: 2, applicationName: 'segproof-fault-test' });
  try {
    const entries = await new LogReader(database).entries(0, Number.MAX_SAFE_INTEGER);
    const tree = new GrowingTree();
    const roots = [tree.root()];
    const hashes: Buffer[] = [];
    const bytes = new Map<string, number>();
    let records = 0;
    for (const entry of entries) {
      assert.equal(entry.index, hashes.length, 'the indices have a gap or a fork');
      const hash = leafHash(encodeLeaf(leafOf(entry)));
      hashes.push(hash);
      tree.add(hash);
      roots.push(tree.root());
      if (entry.source !== faultSource) continue;
      const text = entry.payload?.toString() ?? '';
      assert.equal(bytes.get(text), undefined, `a record stands at ${bytes.get(text)} and again at ${entry.index}`);
      bytes.set(text, entry.index);
      records++;
    }

    const key = readPublicKey(log.verifierKey);
    const checkpoints = new Set<string>();
    let duplicates = 0;
    let unsigned = 0;
    for (const { lines, answer } of acknowledged) {
      assert.equal(answer.receipts.length, lines.length);
      assert.equal(answer.conflict + answer.rejected, 0);
      duplicates += answer.duplicate;
      const head = answer.checkpoint === null ? null : readCheckpoint(Buffer.from(answer.checkpoint), key);
      if (answer.checkpoint !== null) checkpoints.add(answer.checkpoint);
      else {
        assert.match(answer.signing ?? '', /could not be checked a second time/);
        unsigned++;
      }
      for (const [at, receipt] of answer.receipts.entries()) {
        assert.equal(
          bytes.get(lines[at] ?? ''),
          receipt.index,
          `what was acknowledged at ${receipt.index} is not there`,
        );
        assert.equal(receipt.leafHash, hashes[receipt.index]?.toString('hex'));
        const path = (receipt.proof ?? []).map((hash) => Buffer.from(hash, 'base64'));
        if (head !== null)
          checkInclusion(head, BigInt(receipt.index), Buffer.from(receipt.leafHash ?? '', 'hex'), path);
      }
    }
    for (const note of checkpoints) {
      const head = readCheckpoint(Buffer.from(note), key);
      assert.deepEqual(head.root, roots[Number(head.size)], `the checkpoint of size ${head.size} is of another log`);
    }
    assert.deepEqual(await database.query('SELECT stop FROM log_signing_event'), [], 'a fault was taken for tampering');
    const result = await fsck(database, { verifiers: [log.verifier], checkpoints: [...checkpoints] });
    assert.deepEqual(result.problems, []);
    assert.equal(result.size, entries.length);
    return { entries: entries.length, records, duplicates, unsigned };
  } finally {
    await database.close();
  }
}
