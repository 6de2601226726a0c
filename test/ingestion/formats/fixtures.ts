import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { splitJson } from '../../../src/ingestion/json-spans.js';
import {
  NormalForm,
  type Normalised,
  type QuarantineReason,
  type RecordContext,
} from '../../../src/ingestion/normal-form.js';
import { identifyRecord, normaliseRecord } from '../../../src/ingestion/formats/registry.js';

const folder = new URL('../../../../test/fixtures/formats/', import.meta.url);

/** A JSON object that a test may change before it is sent. */
export interface Draft {
  [key: string]: unknown;
}

/** The records of a fixture file, in order. */
export function fixtureRecords(file: string): Draft[] {
  const body = readFileSync(new URL(file, folder));
  return splitJson(body).map(({ start, end }) => draftOf(JSON.parse(body.subarray(start, end).toString('utf8'))));
}

export function draftOf(value: unknown): Draft {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value));
  return { ...value };
}

/** The normal form of a value sent as a record; fails when it is refused or not as the schema says. */
export function accepted(value: unknown): NormalForm {
  const result = normaliseRecord(Buffer.from(JSON.stringify(value)), {}, new Date());
  if (!result.ok) assert.fail(`refused: ${result.reason}: ${result.detail}`);
  assertSchema(result);
  return result.records[0];
}

/** All facts of a record that is sent as it stands; fails when it is refused or not as the schema says. */
export function factsOf(text: string, context: RecordContext = {}, receivedAt = new Date()): readonly NormalForm[] {
  const result = normaliseRecord(Buffer.from(text), context, receivedAt);
  if (!result.ok) assert.fail(`refused: ${result.reason}: ${result.detail}`);
  assertSchema(result);
  return result.records;
}

/** The fact of a record that is one. */
export function factOf(text: string, context: RecordContext = {}, receivedAt = new Date()): NormalForm {
  const [first, ...rest] = factsOf(text, context, receivedAt);
  assert.ok(first);
  assert.equal(rest.length, 0);
  return first;
}

export function refusal(value: unknown): QuarantineReason {
  const result = normaliseRecord(Buffer.from(JSON.stringify(value)), {}, new Date());
  if (result.ok) assert.fail(`accepted: ${result.records[0].summary}`);
  return result.reason;
}

/** What an adapter gives must be what the schema describes, and nothing beside it. */
export function assertSchema(result: Normalised): void {
  if (!result.ok) return;
  for (const record of result.records) assert.deepEqual(NormalForm.parse(record), record);
}

/** What is known of a record before its normal form is made is what the normal form says. */
export function assertIdentified(raw: Buffer, context: RecordContext, at: Date, whole: Normalised): void {
  const identified = identifyRecord(raw, context, at);
  if (!whole.ok) {
    assert.deepEqual(identified, whole);
    return;
  }
  const [{ format, kind, nativeId }] = whole.records;
  const eventTimes = whole.records.flatMap(({ eventTime }) => eventTime ?? []);
  assert.deepEqual(identified, { ok: true, format, kind, nativeId, eventTimes });
}
