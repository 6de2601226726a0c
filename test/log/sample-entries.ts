import { hash } from 'node:crypto';
import type { NewEntry } from '../../src/log/entry.js';

export const testOrigin = 'log.example/test';

/** A record without a deduplication key. */
export function plainEntry(text: string, kind = 'flow'): NewEntry {
  return { kind, source: 'cluster-a', occurredAt: null, payload: Buffer.from(text) };
}

/** A record that is the same fact whenever the name is, and the same bytes whenever the text is as well. */
export function namedEntry(name: string, text = name): NewEntry {
  return { ...plainEntry(text), dedupe: { key: digest16(name), content: digest16(text) } };
}

function digest16(text: string): Buffer {
  return hash('sha256', text, 'buffer').subarray(0, 16);
}
