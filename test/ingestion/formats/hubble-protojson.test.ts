import { describe, test } from 'node:test';
import assert from 'node:assert/strict';

import { accepted, type Draft } from './fixtures.js';

/** One policy verdict in the form that Cilium writes. */
const flow: Draft = {
  time: '2026-03-01T10:00:00.000000001Z',
  verdict: 'DROPPED',
  drop_reason: 133,
  IP: { source: '192.0.2.10', destination: '198.51.100.7', ipVersion: 'IPv4' },
  l4: { TCP: { source_port: 40000, destination_port: 443, flags: { SYN: true } } },
  source: { identity: 4321, namespace: 'shop', pod_name: 'web-0', cluster_name: 'prod' },
  destination: { identity: 2, labels: ['reserved:world'] },
  Type: 'L3_L4',
  node_name: 'prod/n1',
  event_type: { type: 5 },
  traffic_direction: 'EGRESS',
  drop_reason_desc: 'POLICY_DENIED',
  is_reply: false,
};
const line = { flow, node_name: 'prod/n1', time: '2026-03-01T10:00:00.000000001Z' };

/** What a reading says, without where in the record it stood. */
function said(value: unknown): unknown {
  const { places: _places, ...record } = accepted(value);
  return record;
}

describe('a flow of another client of Hubble means what one of Cilium means', () => {
  test('in lower camel case, as protobuf JSON has it by default', () => {
    assert.deepEqual(
      said({
        flow: {
          time: flow.time,
          verdict: 'DROPPED',
          dropReason: 133,
          IP: flow.IP,
          l4: { TCP: { sourcePort: 40000, destinationPort: 443, flags: { SYN: true } } },
          source: { identity: 4321, namespace: 'shop', podName: 'web-0', clusterName: 'prod' },
          destination: { identity: 2, labels: ['reserved:world'] },
          Type: 'L3_L4',
          nodeName: 'prod/n1',
          eventType: { type: 5 },
          trafficDirection: 'EGRESS',
          dropReasonDesc: 'POLICY_DENIED',
          isReply: false,
        },
        nodeName: 'prod/n1',
        time: flow.time,
      }),
      said(line),
    );
  });

  test('with numbers for its enumerations', () => {
    assert.deepEqual(
      said({ ...line, flow: { ...flow, verdict: 2, Type: 1, traffic_direction: 2, drop_reason_desc: 133 } }),
      said(line),
    );
    const trace = accepted({
      flow: { ...flow, verdict: 1, drop_reason: 0, drop_reason_desc: 0, event_type: {}, trace_observation_point: 101 },
    });
    assert.equal(trace.verdict, 'none');
    assert.equal(trace.attributes.observationPoint, 'TO_ENDPOINT');
  });

  test("as Go's own JSON writes the structures", () => {
    assert.deepEqual(
      said({
        ResponseTypes: {
          Flow: {
            ...flow,
            time: { seconds: 1772359200, nanos: 1 },
            verdict: 2,
            drop_reason_desc: 133,
            IP: { source: '192.0.2.10', destination: '198.51.100.7', ipVersion: 1 },
            l4: { Protocol: flow.l4 },
            Type: 1,
            traffic_direction: 2,
            is_reply: {},
          },
        },
        node_name: 'prod/n1',
        time: { seconds: 1772359200, nanos: 1 },
      }),
      said(line),
    );
    const http = accepted({
      time: { seconds: 1772359200 },
      verdict: 1,
      IP: flow.IP,
      l4: { Protocol: { UDP: { source_port: 53, destination_port: 4000 } } },
      l7: { type: 2, Record: { Dns: { query: 'shop.example.' } } },
      event_type: { type: 129 },
      is_reply: { value: true },
    });
    assert.equal(http.verdict, 'allow');
    assert.equal(http.isReply, true);
    assert.equal(http.protocol?.name, 'udp');
    assert.match(http.summary, /DNS shop\.example\.$/);
    assert.equal(http.eventTime, '2026-03-01T10:00:00.000000000Z');
  });
});

test('a drop that says its reason by number only has the reason by name', () => {
  const { drop_reason_desc: _described, ...rest } = flow;
  assert.equal(accepted({ flow: { ...rest, drop_reason: 196 } }).reason, 'TTL_EXCEEDED');
  assert.equal(accepted({ flow: { ...rest, drop_reason: 254 } }).reason, 'drop reason 254');
});

test('a line that sums flows up counts them', () => {
  assert.equal(
    accepted({ ...line, flow: { ...flow, aggregate: { ingress_flow_count: 2, unknown_direction_flow_count: 3 } } })
      .count,
    5,
  );
  assert.equal(accepted({ ...line, flow: { ...flow, aggregate: {} } }).count, 1);
});

test('a flow of which a field mask left the time alone is kept, without a verdict', () => {
  const record = accepted({ flow: { time: flow.time, node_name: 'n' }, node_name: 'n', time: flow.time });
  assert.equal(record.eventTime, flow.time);
  assert.equal(record.verdict, 'unknown');
});

describe('notices that the command line prints without a name around them are signals', () => {
  for (const [notice, summary] of [
    [
      { type: 'POLICY_UPDATED', policy_update: { revision: '5', rule_count: '1' } },
      'Cilium agent event POLICY_UPDATED',
    ],
    [{ type: 'DBG_CT_VERDICT', message: 'verdict 0', cpu: 1 }, 'Cilium debug event DBG_CT_VERDICT: verdict 0'],
    [{ source: 'HUBBLE_RING_BUFFER', num_events_lost: '7' }, 'Hubble lost 7 events at HUBBLE_RING_BUFFER'],
    [{ node_status: { state_change: 'NODE_ERROR', message: 'gone' } }, 'Cilium node status NODE_ERROR: gone'],
    [
      { lostEvents: { source: 'OBSERVER_EVENTS_QUEUE', numEventsLost: '7' }, nodeName: 'n' },
      'Hubble lost 7 events at OBSERVER_EVENTS_QUEUE, node n',
    ],
  ] as const) {
    test(summary, () => {
      const record = accepted(notice);
      assert.equal(record.format, 'hubble');
      assert.equal(record.kind, 'signal');
      assert.equal(record.summary, summary);
    });
  }
});
