import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { logIntegrity } from '../../src/controls/checks/log-integrity.js';
import { quarantinedRecords } from '../../src/controls/checks/rejected-records.js';
import { sourceSilence } from '../../src/controls/checks/source-silence.js';
import type { IntegrityView, SourceView } from '../../src/controls/model.js';
import { snapshot, source, statements } from './evidence.js';

describe('source silence', () => {
  const judge = (more: Partial<SourceView>, asOf?: string) =>
    sourceSilence.run(snapshot({ sources: [source('hubble', more)], ...(asOf === undefined ? {} : { asOf }) }));

  test('is satisfied when no gap and no silence until now exceeds the limit, to the second', () => {
    const result = sourceSilence.run(snapshot());
    assert.deepEqual([result.result, result.examined, result.passed, result.citedTotal], ['satisfied', 2, 2, 2]);
    assert.equal(judge({ lastEventTime: '2026-10-31T00:00:00Z' }).result, 'satisfied');
    assert.equal(judge({ lastEventTime: '2026-10-30T23:59:59Z' }).result, 'not_satisfied');
    const gap = { from: '2026-10-10T00:00:00Z', to: '2026-10-11T00:00:00Z' };
    assert.equal(judge({ longestGap: { ...gap, seconds: 86_400 } }).result, 'satisfied');
    assert.equal(judge({ longestGap: { ...gap, seconds: 86_400.001 } }).result, 'not_satisfied');
  });

  test('names the source, the stretch and the limit', () => {
    const result = judge({ lastEventTime: '2026-10-22T00:00:00Z', lastIndex: 77 });
    assert.match(result.reason, /1 of 1 watched source fell silent .*: hubble\./);
    assert.match(
      statements(result),
      /hubble has been silent for 10 days \(2026-10-22T00:00:00Z to 2026-11-01T00:00:00Z\); its limit is 24 h\./,
    );
    assert.equal(result.observations[0]?.citations[0]?.index, 77);
  });

  test('looks only up to the as-of time', () => {
    assert.equal(judge({ lastEventTime: '2026-10-10T00:00:00Z' }, '2026-10-10T12:00:00Z').result, 'satisfied');
    assert.equal(judge({ lastEventTime: '2026-10-10T00:00:00Z' }, '2026-10-11T00:00:01Z').result, 'not_satisfied');
  });

  test('a source never heard of counts from its registration', () => {
    const never = { lastEventTime: null, lastIndex: null, longestGap: null, received: 0 };
    const silent = judge({ ...never, createdAt: '2026-10-20T00:00:00Z' });
    assert.equal(silent.result, 'not_satisfied');
    assert.match(statements(silent), /has sent nothing since it was registered at 2026-10-20T00:00:00Z/);
    assert.equal(judge({ ...never, createdAt: '2026-10-31T12:00:00Z' }).result, 'not_assessed');
    assert.equal(judge({ ...never, createdAt: '2026-11-05T00:00:00Z' }).result, 'not_assessed');
  });

  test('a source without a limit is named and not judged', () => {
    const result = judge({ silenceAfterSeconds: null, lastEventTime: '2026-01-01T00:00:00Z' });
    assert.deepEqual([result.result, result.examined], ['not_assessed', 0]);
    assert.match(statements(result), /hubble has no silence limit/);
    assert.equal(sourceSilence.run(snapshot({ sources: [] })).result, 'not_assessed');
  });
});

describe('log integrity', () => {
  const judge = (more: Partial<IntegrityView>) => {
    const healthy = snapshot();
    return logIntegrity.run({ ...healthy, integrity: { ...healthy.integrity, ...more } });
  };

  test('is satisfied for a log verified for this assessment', () => {
    const result = judge({});
    assert.deepEqual([result.result, result.examined, result.passed], ['satisfied', 1, 1]);
    assert.match(
      result.reason,
      /All 5,000 entries were verified at 2026-11-01T00:10:00Z against the root hash abababababababab/,
    );
  });

  test('is not satisfied when verification failed, and names each problem', () => {
    const result = judge({ verified: false, problems: ['entry 17: payload digest differs'] });
    assert.equal(result.result, 'not_satisfied');
    assert.deepEqual(
      result.observations.map(({ severity, statement }) => [severity, statement]),
      [['critical', 'entry 17: payload digest differs']],
    );
    assert.equal(judge({ problems: ['root differs'] }).result, 'not_satisfied');
  });

  test('is not assessed for a log that was not verified, an empty log, or a verification more than a day older than the assessment', () => {
    assert.equal(judge({ verified: false }).result, 'not_assessed');
    assert.equal(judge({ size: 0 }).result, 'not_assessed');
    assert.equal(judge({ verifiedAt: '2026-10-31T00:00:00Z' }).result, 'satisfied');
    assert.equal(judge({ verifiedAt: '2026-10-30T23:59:59Z' }).result, 'not_assessed');
  });
});

describe('rejected records', () => {
  const judge = (...sources: SourceView[]) => quarantinedRecords.run(snapshot({ sources }));

  test('is satisfied up to one in a hundred, and names what was rejected', () => {
    const result = judge(source('a', { received: 990, rejected: 10 }), source('b'));
    assert.deepEqual([result.result, result.examined, result.passed], ['satisfied', 2, 2]);
    assert.match(statements(result), /10 records of 1,000 from source a could not be read/);
  });

  test('is not satisfied above it at any source', () => {
    const result = judge(source('a', { received: 989, rejected: 11 }), source('b', { received: 1_000_000 }));
    assert.deepEqual([result.result, result.passed], ['not_satisfied', 1]);
    assert.match(result.reason, /records of a could not be read/);
  });

  test('is not assessed when nothing was sent', () => {
    assert.equal(judge(source('a', { received: 0 })).result, 'not_assessed');
  });
});
