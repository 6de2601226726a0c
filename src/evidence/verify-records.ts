import { hash } from 'node:crypto';
import type { z } from 'zod';
import { canonicalJson } from '../log/core/canonical-json.js';
import type { Checkpoint } from '../log/core/checkpoint.js';
import { encodeLeaf, hashPayload } from '../log/core/leaf.js';
import { ProofError, verifyInclusion } from '../log/core/proof.js';
import { hashLeaf } from '../log/core/tree.js';
import { ProofLine, RecordLine } from './package-format.js';
import type { CitedRecord } from './report-model.js';
import type { Report } from './verification.js';

/** Verification of records.ndjson and proofs.ndjson, line by line, so that damage is laid to a record. */

/** A line of an NDJSON file. */
interface ReadLine<Line> {
  readonly bytes: Buffer;
  readonly value: Line | null;
  /** Why the line could not be read. */
  readonly fault: string | null;
}

/** A line laid to the record it belongs to. */
interface Placed<Line> {
  readonly value: Line;
  readonly line: Buffer;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readLine<Line extends { readonly index: number }>(bytes: Buffer, schema: z.ZodType<Line>): ReadLine<Line> {
  try {
    const text = utf8.decode(bytes);
    const json: unknown = JSON.parse(text);
    if (canonicalJson(json) !== text) return { bytes, value: null, fault: 'the line is not canonical JSON' };
    const parsed = schema.safeParse(json);
    if (parsed.success) return { bytes, value: parsed.data, fault: null };
    const [issue] = parsed.error.issues;
    const fault = `the line is not as it must be: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim();
    return { bytes, value: null, fault };
  } catch {
    return { bytes, value: null, fault: 'the line is not JSON in UTF-8' };
  }
}

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(0x0a, at);
    const stop = end < 0 ? bytes.length : end;
    lines.push(bytes.subarray(at, stop));
    at = stop + 1;
  }
  return lines;
}

/**
 * Lays lines to records. With as many lines as records, by position, so that a line whose index
 * was changed is still named rightly. Otherwise (a line feed was made or lost) by the index a line
 * gives; an unreadable line belongs to the record that is due.
 */
function placeLines<Line extends { readonly index: number }>(
  file: string,
  bytes: Buffer,
  schema: z.ZodType<Line>,
  expected: readonly number[],
  report: Report,
): Map<number, Placed<Line>> {
  const read = splitLines(bytes).map((line) => readLine(line, schema));
  const placed = new Map<number, Placed<Line>>();
  const faulty = new Set<number>();
  const blame = (index: number | undefined, message: string): void => {
    if (index === undefined) report({ file, message });
    else if (!faulty.has(index)) report({ file, index, message });
    if (index !== undefined) faulty.add(index);
  };
  if (bytes.length > 0 && bytes.at(-1) !== 0x0a) blame(expected.at(-1), 'the last line does not end with a line feed');
  const positions = new Map(expected.map((index, position) => [index, position]));
  const byPosition = read.length === expected.length;
  let due = 0;
  for (const { bytes: line, value, fault } of read) {
    if (!byPosition && value !== null) {
      const position = positions.get(value.index);
      if (position === undefined) {
        blame(value.index, 'the report does not cite this record');
        continue;
      }
      due = Math.max(due, position);
    }
    const index = expected[due];
    if (value === null) {
      blame(index ?? expected.at(-1), fault ?? 'the line cannot be read');
      if (byPosition) due++;
      continue;
    }
    due++;
    if (index === undefined || value.index !== index) {
      blame(index ?? value.index, `the line says it is of record ${value.index}`);
    } else {
      placed.set(index, { value, line });
    }
  }
  for (const index of expected) if (!placed.has(index)) blame(index, 'the line of this record is missing');
  return placed;
}

export interface RecordFiles {
  readonly records: Buffer;
  readonly proofs: Buffer;
  /** As report.json lists them; null when it cannot be read, and then the proofs say which records are due. */
  readonly cited: readonly CitedRecord[] | null;
  /** Files whose digest is not that of the manifest. */
  readonly damaged: ReadonlySet<string>;
  /** Null when the checkpoint could not be opened; proofs are then not followed to a root. */
  readonly checkpoint: Checkpoint | null;
}

/** Verifies every record; returns how many hold, and how many of these were erased. */
export function verifyRecords(files: RecordFiles, report: Report): { verified: number; erased: number } {
  const expected = files.cited?.map((record) => record.index) ?? indicesOf(files.proofs);
  const records = placeLines('records.ndjson', files.records, RecordLine, expected, report);
  const proofs = placeLines('proofs.ndjson', files.proofs, ProofLine, expected, report);
  const cited = new Map(files.cited?.map((record) => [record.index, record]));
  let verified = 0;
  let erased = 0;
  for (const index of expected) {
    const record = records.get(index);
    const proof = proofs.get(index)?.value;
    if (record === undefined) continue;
    const holds = verifyRecord(record.value, proof, cited.get(index), files.checkpoint, report);
    if (holds && proof !== undefined && hash('sha256', record.line, 'hex') !== proof.line) {
      const suspects = ['records.ndjson', 'proofs.ndjson'];
      const known = suspects.filter((file) => files.damaged.has(file));
      for (const file of known.length > 0 ? known : suspects) {
        report({ file, index, message: 'the line of the record is not the one its proof was written for' });
      }
    } else if (holds) {
      verified++;
      if (record.value.payload === null) erased++;
    }
  }
  return { verified, erased };
}

function indicesOf(proofs: Buffer): number[] {
  return splitLines(proofs).flatMap((line) => {
    const { value } = readLine(line, ProofLine);
    return value === null ? [] : [value.index];
  });
}

function verifyRecord(
  record: RecordLine,
  proof: ProofLine | undefined,
  cited: CitedRecord | undefined,
  checkpoint: Checkpoint | null,
  report: Report,
): boolean {
  const { index, leaf } = record;
  let holds = true;
  const fault = (file: string, message: string): void => {
    holds = false;
    report({ file, index, message });
  };

  const leafData = encodeLeaf(leaf);
  if (canonicalJson(leaf) !== leafData.toString('utf8'))
    fault('records.ndjson', 'the leaf has values a leaf cannot have');
  if (record.payload !== null && hashPayload(record.salt, record.payload).toString('hex') !== leaf.payloadHash) {
    fault('records.ndjson', 'the payload does not fit the digest in its leaf: payload, salt or leaf was changed');
  }
  if (proof === undefined || checkpoint === null) return false;

  const leafHash = hashLeaf(leafData);
  const follow = (claimed: Buffer): string | null => {
    try {
      verifyInclusion({ index, size: checkpoint.size, leafHash: claimed, proof: proof.proof, root: checkpoint.root });
      return null;
    } catch (error) {
      if (error instanceof ProofError) return error.message;
      throw error;
    }
  };
  const broken = follow(leafHash);
  if (broken === null) {
    // The leaf is authentic, so what disagrees with it is wrong.
    if (proof.leafHash !== leafHash.toString('hex'))
      fault('proofs.ndjson', 'the leaf hash given is not that of the record');
    for (const difference of cited === undefined ? [] : differences(cited, record, leafHash))
      fault('report.json', difference);
  } else if (follow(Buffer.from(proof.leafHash, 'hex')) === null) {
    fault('records.ndjson', 'the leaf is not the one the log holds at this index');
  } else {
    const authentic = cited !== undefined && cited.leafHash === leafHash.toString('hex');
    fault(authentic ? 'proofs.ndjson' : 'records.ndjson', broken);
    if (!authentic) fault('proofs.ndjson', broken);
  }
  return holds;
}

/** What the report says of a record otherwise than the leaf in the log. */
function differences(cited: CitedRecord, record: RecordLine, leafHash: Buffer): string[] {
  const { leaf } = record;
  const pairs = [
    ['leaf hash', cited.leafHash, leafHash.toString('hex')],
    ['id', cited.id, leaf.id],
    ['kind', cited.kind, leaf.kind],
    ['source', cited.source, leaf.source],
    ['event time', instant(cited.eventTime), instant(leaf.occurredAt)],
    ['time of receipt', instant(cited.receivedAt), instant(leaf.receivedAt)],
    ['payload digest', cited.payloadHash, leaf.payloadHash],
  ] as const;
  return pairs
    .filter(([, said, held]) => said !== held)
    .map(([what, said, held]) => `the report gives the ${what} ${said} and the log holds ${held}`);
}

/** RFC 3339 UTC without trailing zeros of the fraction, so that precision does not matter. */
function instant(text: string): string {
  return text.replace(/(?:\.0+|(\.\d*?[1-9])0*)Z$/u, '$1Z');
}
