import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { JsonValue } from '../../../src/ingestion/formats/json-value.js';
import type { NormalForm } from '../../../src/ingestion/normal-form.js';
import { factOf } from './fixtures.js';

/** A log record without a body, of which the protocol has handed these attributes over. */
function told(log: Record<string, JsonValue>, resource: Record<string, JsonValue> = {}): NormalForm {
  const raw = JSON.stringify({ timeUnixNano: '1790000060000000000', attributes: [], body: {} });
  return factOf(raw, { times: ['2026-09-21T14:14:20Z'], attributes: { protocol: 'otlp', log, resource } });
}

const ends = {
  'source.address': '10.0.1.5',
  'source.port': 49152,
  'destination.address': '10.0.2.9',
  'destination.port': 5432,
};

describe('attributes that name a flow make the log record one', () => {
  test('a flow log of AWS, which the Collector has taken apart', () => {
    const flow = told({
      ...ends,
      'network.protocol.name': 'tcp',
      'network.interface.name': 'eni-0a1b',
      'network.io.direction': 'receive',
      'aws.vpc.flow.action': 'REJECT',
      'aws.vpc.flow.start': 1790000000,
      'aws.vpc.flow.bytes': 3400,
      'aws.vpc.flow.packets': 12,
    });
    assert.deepEqual([flow.format, flow.kind, flow.verdict, flow.verdictRaw], ['otlp', 'flow', 'deny', 'REJECT']);
    assert.deepEqual([flow.source?.ip, flow.source?.port], ['10.0.1.5', 49152]);
    assert.deepEqual([flow.destination?.ip, flow.destination?.port], ['10.0.2.9', 5432]);
    assert.deepEqual([flow.protocol?.number, flow.direction, flow.reporterName], [6, 'ingress', 'eni-0a1b']);
    assert.equal(flow.eventTime, '2026-09-21T14:13:20Z');
    assert.equal(flow.interval?.start, '2026-09-21T14:13:20Z');
    assert.match(flow.interval.end, /^2026-09-21T14:14:20/);
    assert.deepEqual([flow.traffic?.bytes, flow.traffic?.packets], ['3400', '12']);
    assert.equal(
      told({ ...ends, 'aws.vpc.flow.start': '2026-09-21T14:13:20.000Z' }).eventTime,
      '2026-09-21T14:13:20.000Z',
    );
  });

  test('a flow log of Google Cloud has no verdict, and names the machine', () => {
    const flow = told({
      ...ends,
      'network.protocol.name': 'tcp',
      'gcp.vpc.flow.reporter': 'DEST',
      'gcp.vpc.flow.start_time': '2026-09-21T14:13:00.5Z',
      'gcp.vpc.flow.end_time': '2026-09-21T14:13:30.5Z',
      'gcp.vpc.flow.bytes_sent': '800',
      'gcp.vpc.flow.destination.instance.vm.name': 'db-1',
      'gcp.vpc.flow.destination.vpc.name': 'shop',
    });
    assert.deepEqual([flow.kind, flow.verdict, flow.reporter, flow.traffic?.bytes], ['flow', 'none', 'dst', '800']);
    assert.deepEqual(
      [flow.destination?.instance, flow.destination?.zone, flow.source?.instance],
      ['db-1', 'shop', null],
    );
    assert.deepEqual(flow.interval, { start: '2026-09-21T14:13:00.5Z', end: '2026-09-21T14:13:30.5Z' });
  });

  test('an alert of AWS Network Firewall is a denial only where the packet was blocked', () => {
    const alert = (action: string): NormalForm =>
      told(
        {
          ...ends,
          'network.transport': 'TCP',
          'aws.networkfirewall.alert.action': action,
          'aws.networkfirewall.alert.signature': 'Database from outside',
        },
        { 'aws.networkfirewall.name': 'edge' },
      );
    const blocked = alert('blocked');
    assert.deepEqual(
      [blocked.kind, blocked.verdict, blocked.reason, blocked.reporterName],
      ['signal', 'deny', 'Database from outside', 'edge'],
    );
    assert.equal(alert('allowed').verdict, 'none');
  });

  test('ICMP has no ports; a word nobody knows is no verdict', () => {
    const flow = told({ ...ends, 'network.transport': 'icmp', 'aws.vpc.flow.action': 'SHRUG' });
    assert.deepEqual([flow.source?.port, flow.destination?.port, flow.verdict], [null, null, 'unknown']);
  });

  test('a name, or one end alone, is no flow', () => {
    for (const log of [
      { 'source.address': '10.0.1.5' },
      { ...ends, 'source.address': 's3.amazonaws.com' },
      { 'client.address': '10.0.1.5', 'server.address': '10.0.2.9' },
    ]) {
      const record = told(log);
      assert.deepEqual(
        [record.kind, record.source, record.eventTime],
        ['unknown', null, '2026-09-21T14:14:20.000000000Z'],
      );
    }
  });
});
