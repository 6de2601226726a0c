import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { normaliseRecord } from '../../src/ingestion/formats/registry.js';

/** Samples shared by the project; absent elsewhere, where these tests are skipped. */
const folder = '../shared/samples/firewall-vendors';

const expected: readonly (readonly [file: string, verdicts: string])[] = [
  ['antrea-np.log', 'deny deny deny allow deny'],
  ['ovn-acl.log', 'allow allow allow deny'],
  ['checkpoint-syslog-kv-message.log', 'deny'],
  ['checkpoint-syslog-structured-data.log', 'allow'],
];

describe('shared samples of network devices', { skip: !existsSync(folder) }, () => {
  for (const [file, verdicts] of expected) {
    it(`${file}: every line has the verdict its device gave`, () => {
      const lines = readFileSync(`${folder}/${file}`, 'utf8').split('\n').filter(Boolean);
      const read = lines.map((line) => {
        const result = normaliseRecord(Buffer.from(line), {}, new Date('2026-03-01T00:00:00Z'));
        return result.ok ? result.records[0].verdict : result.reason;
      });
      assert.equal(read.join(' '), verdicts);
    });
  }
});
