import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytesText, countOf, durationText, percentText, timeText } from '../../src/portal/components/figures.js';

describe('figures', () => {
  test('counts are grouped and agree with their noun', () => {
    assert.equal(countOf(0, 'record'), '0 records');
    assert.equal(countOf(1, 'record'), '1 record');
    assert.equal(countOf(214_368, 'entry', 'entries'), '214,368 entries');
  });

  test('bytes are shown in decimal units with no 1000.0 of anything', () => {
    assert.equal(bytesText(0), '0 B');
    assert.equal(bytesText(999), '999 B');
    assert.equal(bytesText(1000), '1.0 kB');
    assert.equal(bytesText(999_949), '999.9 kB');
    assert.equal(bytesText(999_960), '1.0 MB');
    assert.equal(bytesText(2_905_420), '2.9 MB');
  });

  test('a share never hides that something is missing, or that something is there', () => {
    assert.equal(percentText(999, 1000), '99%');
    assert.equal(percentText(1, 1000), '1%');
    assert.equal(percentText(1000, 1000), '100%');
    assert.equal(percentText(0, 1000), '0%');
    assert.equal(percentText(0, 0), '–');
  });

  test('durations name the largest unit, and the next one for days and hours', () => {
    assert.equal(durationText(0), '0 seconds');
    assert.equal(durationText(59.9), '59 seconds');
    assert.equal(durationText(60), '1 minute');
    assert.equal(durationText(3_599), '59 minutes');
    assert.equal(durationText(3_600), '1 hour');
    assert.equal(durationText(9_000), '2 hours 30 minutes');
    assert.equal(durationText(297_932), '3 days 10 hours');
    assert.equal(durationText(86_400 + 59), '1 day');
    assert.equal(durationText(-5), '0 seconds');
  });

  test('times are cut, never rounded into the next second', () => {
    assert.equal(timeText('2026-11-22T14:18:41.999999999Z'), '2026-11-22 14:18:41');
    assert.equal(timeText('2026-11-22T14:18:41.9996Z', 'millisecond'), '2026-11-22 14:18:41.999');
    assert.equal(timeText('2026-11-22T14:18:41.5Z', 'millisecond'), '2026-11-22 14:18:41.500');
    assert.equal(timeText('2026-11-22T14:18:41Z', 'millisecond'), '2026-11-22 14:18:41');
    assert.equal(timeText('2026-11-22T14:18:41Z', 'minute'), '2026-11-22 14:18');
    assert.equal(timeText('2026-11-22T14:18:41Z', 'day'), '2026-11-22');
  });

  test('what is no UTC time is shown as it came', () => {
    assert.equal(timeText('2026-11-22T14:18:41+01:00'), '2026-11-22T14:18:41+01:00');
    assert.equal(timeText('yesterday'), 'yesterday');
  });
});
