import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, test } from 'node:test';

import type { Endpoint, NormalForm } from '../../src/ingestion/normal-form.js';
import { type Preview, previewRecords } from '../../src/ingestion/preview.js';

/**
 * What is read from every shared sample, record by record, against a golden file that was checked by eye against the
 * sample: kind, verdict, time, ends, protocol, format. The golden files hold these facts alone and none of the samples' text.
 * `SEGPROOF_GOLDEN=write` writes them anew, for the difference to be looked at before it is committed.
 */
const project = resolve(import.meta.dirname, '../../..');
const samples = join(project, '../shared/samples');
const golden = join(project, 'test/golden');
const skip = existsSync(samples) ? false : 'needs ../shared/samples beside the project';
const writes = process.env['SEGPROOF_GOLDEN'] === 'write';

/** Folders with other things than records: manifests and whole HTTP requests have tests of their own. */
const elsewhere = /^(?:policy-|wire-captures$)/;
/** What a sample was made from; no records. */
const noRecords = /^README\.md$|\.(?:proto|py)$/;
/** Records that a golden file lists; of those behind it counts and a digest tell whether anything changed. */
const mostListed = 60;
/** Times without a year are guessed from the time of receipt. */
const receivedAt = new Date('2026-03-01T00:00:00Z');

const folders = skip === false ? readdirSync(samples, { withFileTypes: true }) : [];
for (const folder of folders.filter((entry) => entry.isDirectory() && !elsewhere.test(entry.name))) {
  describe(`golden files of ${folder.name}`, { skip }, () => {
    for (const file of readdirSync(join(samples, folder.name)).filter((name) => !noRecords.test(name))) {
      test(`${file} is read as it was when it was checked by eye`, () => {
        const path = join(golden, folder.name, `${file}.txt`);
        const found = describeFile(readFileSync(join(samples, folder.name, file)));
        if (writes) {
          mkdirSync(dirname(path), { recursive: true });
          writeFileSync(path, found);
        }
        assert.equal(found, readFileSync(path, 'utf8'), `${path} differs from what is read now`);
      });
    }
  });
}

function describeFile(body: Buffer): string {
  const lines = [...previewRecords(body, {}, false, receivedAt)].map(describeRecord);
  const listed = lines.slice(0, mostListed);
  if (lines.length === listed.length) return `${listed.join('\n')}\n`;
  const rest = lines.slice(mostListed);
  const kinds = new Map<string, number>();
  for (const line of rest) {
    const kind = line.split(' ').slice(1, 4).join(' ');
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const counts = [...kinds]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([kind, count]) => `… ${count} more: ${kind}`);
  return [...listed, ...counts, `… ${createHash('sha256').update(rest.join('\n')).digest('hex')}`, ''].join('\n');
}

function describeRecord({ record, part, normalForm, quarantined }: Preview): string {
  const place = part === 0 ? String(record) : `${record}.${part}`;
  if (normalForm === null) return `${place} quarantined ${quarantined?.reason ?? ''}`;
  const { format, kind, verdict, protocol, source, destination, flags } = normalForm;
  return [
    place,
    format,
    kind,
    verdict,
    ...(protocol === null ? [] : [protocol.name]),
    ...(source === null && destination === null ? [] : [`${endText(source)} > ${endText(destination)}`]),
    timeText(normalForm),
    ...changeText(normalForm),
    ...(flags.length === 0 ? [] : [`(${flags.join(', ')})`]),
  ].join(' ');
}

function endText(end: Endpoint | null): string {
  if (end === null) return '-';
  const address = end.ip ?? end.workload?.key ?? end.instance ?? '?';
  return end.port === null ? address : `${address} port ${end.port}`;
}

function timeText({ eventTime, timeSource, timeGuessed }: NormalForm): string {
  return `at ${eventTime ?? 'no time'}${timeSource === 'record' ? '' : ` by ${timeSource}`}${timeGuessed ? '?' : ''}`;
}

function changeText({ policyChange }: NormalForm): string[] {
  if (policyChange === null) return [];
  const { action, applied, resource } = policyChange;
  return [
    `${action}${applied ? '' : ' (not applied)'} ${resource.kind} ${resource.namespace ?? ''}/${resource.name ?? '?'}`,
  ];
}
