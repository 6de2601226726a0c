import { describe, test } from 'node:test';
import assert from 'node:assert/strict';

import type { NormalForm } from '../../../src/ingestion/normal-form.js';
import { workloadNameFromPod } from '../../../src/ingestion/formats/hubble-endpoint.js';
import { accepted, type Draft, draftOf, fixtureRecords, refusal } from './fixtures.js';

const [allowed, dropped, trace, http, audited, redirected, masked, lost, agent, debug, node] =
  fixtureRecords('hubble.ndjson');

/** The line with members of its flow replaced; `undefined` takes one out. */
function withFlow(line: Draft | undefined, changes: Draft): NormalForm {
  assert.ok(line);
  return accepted({ ...line, flow: { ...draftOf(line.flow), ...changes } });
}

describe('a Hubble flow', () => {
  test('is read whole', () => {
    assert.deepEqual(accepted(allowed), {
      kind: 'flow',
      format: 'hubble',
      parserVersion: 2,
      eventTime: '2026-10-05T08:15:30.123456789Z',
      timeSource: 'record',
      timeGuessed: false,
      nativeId: '6f1c2f0e-1f5b-4c59-9c3a-0d6a5f5b1a01',
      summary: 'Allowed: storefront/web to payments/api, tcp 8443, ingress',
      actor: null,
      verdict: 'allow',
      verdictRaw: 'FORWARDED',
      reason: null,
      direction: 'ingress',
      reporter: 'dst',
      reporterName: 'prod-1/node-a',
      source: {
        ip: '10.1.0.11',
        port: 41000,
        workload: {
          key: 'k8s:storefront/web',
          kind: 'Deployment',
          namespace: 'storefront',
          name: 'web',
          labels: { app: 'web', 'io.kubernetes.pod.namespace': 'storefront', tier: 'front' },
        },
        instance: 'web-6d4b75cb6d-x2k9p',
        identity: '40101',
        dnsNames: [],
        zone: 'prod-1',
      },
      destination: {
        ip: '10.1.0.22',
        port: 8443,
        workload: {
          key: 'k8s:payments/api',
          kind: 'StatefulSet',
          namespace: 'payments',
          name: 'api',
          labels: { app: 'api' },
        },
        instance: 'api-0',
        identity: '40202',
        dnsNames: [],
        zone: 'prod-1',
      },
      protocol: { number: 6, name: 'tcp' },
      isReply: false,
      count: 1,
      interval: null,
      traffic: null,
      severity: null,
      severityRaw: null,
      lostCount: null,
      policies: [
        {
          system: 'kubernetes',
          kind: 'NetworkPolicy',
          namespace: 'payments',
          name: 'allow-web',
          tier: null,
          rule: null,
          revision: '18446744073709551615',
          effect: 'allow',
          staged: false,
        },
      ],
      policyChange: null,
      attributes: {
        tcpFlags: ['SYN'],
        type: 'L3_L4',
        eventType: 5,
        policyMatchType: 2,
        destinationService: 'payments/api',
      },
      places: {
        eventTime: '/flow/time',
        verdict: '/flow/verdict',
        'source.ip': '/flow/IP/source',
        'source.port': '/flow/l4/*/source_port',
        'source.workload': '/flow/source',
        'destination.ip': '/flow/IP/destination',
        'destination.port': '/flow/l4/*/destination_port',
        'destination.workload': '/flow/destination',
        protocol: '/flow/l4',
        direction: '/flow/traffic_direction',
      },
      carriers: [],
      flags: [],
    });
  });

  test('that a rule denied names reason, policy and enforcing side', () => {
    const record = accepted(dropped);
    assert.equal(record.verdict, 'deny');
    assert.equal(record.verdictRaw, 'DROPPED');
    assert.equal(record.reason, 'POLICY_DENY');
    assert.equal(record.direction, 'egress');
    assert.equal(record.reporter, 'src');
    assert.equal(record.eventTime, '2026-10-05T08:15:31.5Z');
    assert.deepEqual(record.protocol, { number: 17, name: 'udp' });
    assert.equal(record.isReply, null);
    assert.equal(record.policies[0]?.system, 'cilium');
    assert.equal(record.policies[0]?.effect, 'deny');
    assert.equal(record.source?.workload?.key, 'k8s:batch/settle');
    assert.deepEqual(record.flags, ['workload_from_pod_name']);
  });
});

describe('the verdict', () => {
  test('of a trace is an observation, even where it says FORWARDED', () => {
    const record = accepted(trace);
    assert.equal(record.verdict, 'none');
    assert.equal(record.verdictRaw, 'FORWARDED');
    assert.equal(record.isReply, true);
    // The direction is the connection's; the packet goes back from the pod that enforces ingress.
    assert.equal(record.direction, 'ingress');
    assert.equal(record.reporter, 'src');
    for (const type of [2, 3, 4, 7, 8, 130]) {
      assert.equal(withFlow(allowed, { event_type: { type } }).verdict, 'none', `event type ${type}`);
    }
  });

  test('of a drop, a policy verdict and an access log entry follows its word', () => {
    const words = {
      FORWARDED: 'allow',
      REDIRECTED: 'allow',
      DROPPED: 'deny',
      AUDIT: 'would_deny',
      ERROR: 'error',
      TRACED: 'none',
      TRANSLATED: 'none',
      VERDICT_UNKNOWN: 'unknown',
      SOMETHING_NEW: 'unknown',
      constructor: 'unknown',
    };
    for (const [word, verdict] of Object.entries(words)) {
      for (const type of [1, 5, 129]) {
        const record = withFlow(allowed, { verdict: word, event_type: { type } });
        assert.equal(record.verdict, verdict, `${word}, event type ${type}`);
        assert.equal(record.verdictRaw, word);
      }
    }
    assert.equal(accepted(audited).verdict, 'would_deny');
    assert.equal(accepted(redirected).verdict, 'allow');
    assert.equal(withFlow(allowed, { verdict: 2 }).verdict, 'deny');
  });

  test('without an event type is judged by the word, with what a field mask left', () => {
    const judged = (changes: Draft): string =>
      withFlow(allowed, { event_type: undefined, is_reply: undefined, ...changes }).verdict;
    assert.equal(judged({}), 'allow');
    assert.equal(judged({ verdict: 'DROPPED' }), 'deny');
    assert.equal(judged({ verdict: 'AUDIT' }), 'would_deny');
    assert.equal(judged({ verdict: undefined, drop_reason_desc: 'POLICY_DENIED' }), 'deny');
    assert.equal(judged({ verdict: undefined }), 'unknown');
    assert.equal(judged({ event_type: {} }), 'allow');
    assert.equal(judged({ trace_observation_point: 'TO_ENDPOINT' }), 'none');
    assert.equal(judged({ is_reply: true }), 'none');
    assert.ok(withFlow(allowed, { event_type: undefined }).flags.includes('no_event_type'));
  });

  test('of a drop whose verdict is masked out is still a denial', () => {
    assert.equal(
      withFlow(dropped, { verdict: undefined, drop_reason: undefined, drop_reason_desc: undefined }).verdict,
      'deny',
    );
  });

  test('that no rule stood behind is told apart', () => {
    const open = { policy_match_type: 4, ingress_allowed_by: undefined };
    assert.deepEqual(withFlow(allowed, open).flags, ['no_policy_selected']);
    assert.deepEqual(withFlow(allowed, { ...open, event_type: { type: 4 } }).flags, []);
    assert.deepEqual(withFlow(allowed, { policy_match_type: 4 }).flags, []);
  });

  test('of a drop that policy did not decide carries a flag', () => {
    const record = accepted(masked);
    assert.equal(record.verdict, 'deny');
    assert.equal(record.reason, 'INVALID_SOURCE_IP');
    assert.ok(record.flags.includes('not_a_policy_drop'));
    for (const reason of ['POLICY_DENIED', 'POLICY_DENY', 'AUTH_REQUIRED']) {
      assert.ok(!withFlow(dropped, { drop_reason_desc: reason }).flags.includes('not_a_policy_drop'), reason);
    }
  });

  test('has its reason from the old number where the word is missing', () => {
    const reasons = {
      132: 'INVALID_SOURCE_IP',
      133: 'POLICY_DENIED',
      181: 'POLICY_DENY',
      189: 'AUTH_REQUIRED',
      140: 'MISSED_TAIL_CALL',
    };
    for (const [number, reason] of Object.entries(reasons)) {
      assert.equal(withFlow(dropped, { drop_reason_desc: undefined, drop_reason: Number(number) }).reason, reason);
    }
    assert.equal(withFlow(allowed, { drop_reason_desc: 'DROP_REASON_UNKNOWN' }).reason, null);
  });
});

test('whether a packet is a reply is only said where Hubble says it', () => {
  const reply = (changes: Draft): boolean | null => withFlow(allowed, { is_reply: undefined, ...changes }).isReply;
  assert.equal(reply({}), null);
  assert.equal(reply({ is_reply: false }), false);
  assert.equal(reply({ is_reply: true }), true);
  assert.equal(reply({ reply: true }), true);
  assert.equal(reply({ reply: false }), null);
  assert.equal(reply({ is_reply: false, reply: true }), false);
});

describe('the two ends', () => {
  const source = (described: unknown, flow: Draft = {}): NormalForm['source'] =>
    withFlow(allowed, { source: described, ...flow }).source;

  test('are known by workload, then pod, then reserved identity, then address', () => {
    const key = (described: unknown): string | undefined => source(described)?.workload?.key;
    const pod = { namespace: 'shop', pod_name: 'cart-7f9c8b6d5f-abcde' };
    assert.equal(key({ ...pod, workloads: [{ name: 'cart-app', kind: 'Deployment' }] }), 'k8s:shop/cart-app');
    assert.equal(key({ ...pod, workloads: [] }), 'k8s:shop/cart-7f9c8b6d5f-abcde');
    assert.equal(key({ ...pod, pod_name: 'cart-7f9c8b6d5f-bcd24' }), 'k8s:shop/cart');
    // Hubble names a pod by its address where the identity is only known as the world.
    assert.equal(
      key({ identity: 2, labels: ['reserved:world'], namespace: 'kube-system', pod_name: 'dns-b4f5c58c7-7qmtw' }),
      'k8s:kube-system/dns',
    );
    assert.equal(key({ identity: 1, labels: ['reserved:kube-apiserver', 'reserved:host'] }), 'reserved:host');
    assert.equal(key({ identity: 6 }), 'reserved:remote-node');
    assert.equal(key({ identity: 200, labels: ['reserved:new-one'] }), 'reserved:new-one');
    assert.equal(key({ identity: 200 }), 'reserved:200');
    assert.equal(key({ labels: ['reserved:health'] }), 'reserved:health');
    assert.equal(key({ identity: 16777217, labels: ['cidr:10.1.0.0/24', 'reserved:world'] }), 'ip:10.1.0.11');
    assert.equal(key({}), 'ip:10.1.0.11');
    assert.equal(source({ identity: 16777217 }, { IP: {} })?.workload?.key, 'identity:16777217');
    assert.equal(source({}, { IP: {}, l4: {} }), null);
    assert.deepEqual(source({ pod_name: 'web-0' })?.workload?.key, 'k8s:/web');
    assert.ok(withFlow(allowed, { source: { pod_name: 'web-0' } }).flags.includes('no_namespace'));
  });

  test('keep labels without the prefix of their source', () => {
    const labels = [
      'k8s:app=x=y',
      'any:team=a:b',
      'k8s:bare',
      'plain=1',
      'url=http://x',
      'reserved:world',
      'cidr:0.0.0.0/0',
      'k8s:',
      7,
    ];
    assert.deepEqual(source({ pod_name: 'a', namespace: 'b', labels })?.workload?.labels, {
      app: 'x=y',
      team: 'a:b',
      bare: '',
      plain: '1',
      url: 'http://x',
    });
    const hostile = source({ pod_name: 'a', labels: ['k8s:__proto__=x', 'k8s:constructor=y'] })?.workload?.labels;
    assert.deepEqual(Object.entries(hostile ?? {}), [['constructor', 'y']]);
  });

  test('have addresses in one spelling, ports only where the protocol has them', () => {
    const record = accepted(masked);
    assert.equal(record.source?.ip, '2001:db8::1');
    assert.equal(record.source?.workload?.key, 'ip:2001:db8::1');
    assert.equal(record.source?.port, null);
    assert.deepEqual(record.protocol, { number: 58, name: 'icmpv6' });
    assert.equal(record.attributes.icmpType, 133);
    assert.equal(record.attributes.icmpCode, 0);
    assert.equal(record.direction, 'unknown');
    assert.equal(record.reporter, 'node');

    const bad = withFlow(allowed, {
      IP: { source: '10.1.0.300', destination: 'fe80::1%eth0' },
      l4: { TCP: { source_port: 70000 } },
    });
    assert.equal(bad.source?.ip, null);
    assert.equal(bad.destination?.ip, null);
    assert.equal(bad.source.port, null);
    assert.deepEqual(bad.flags.toSorted(), ['bad_address', 'bad_port']);
  });

  test('carry DNS names', () => {
    const record = withFlow(allowed, { destination_names: ['api.example.com', ''] });
    assert.deepEqual(record.destination?.dnsNames, ['api.example.com']);
  });

  test('a name longer than Kubernetes allows is not made a key', () => {
    const record = withFlow(allowed, { source: { namespace: 'a', pod_name: 'x'.repeat(254) } });
    assert.equal(record.source?.workload?.key, 'ip:10.1.0.11');
    assert.deepEqual(record.flags, ['bad_name']);
  });

  test('protocols', () => {
    const protocol = (l4: Draft): NormalForm['protocol'] => withFlow(allowed, { l4 }).protocol;
    assert.deepEqual(protocol({ ICMPv4: {} }), { number: 1, name: 'icmp' });
    assert.deepEqual(protocol({ SCTP: { source_port: 1, destination_port: 2 } }), { number: 132, name: 'sctp' });
    assert.deepEqual(protocol({ IGMP: {} }), { number: 2, name: 'igmp' });
    assert.deepEqual(protocol({ VRRP: {} }), { number: 112, name: 'vrrp' });
    assert.equal(protocol({}), null);
  });

  test('pod names lose the suffixes a controller drew, and no more', () => {
    for (const [pod, name] of Object.entries({
      'reviews-v1-545db77b95-s6jb8': 'reviews-v1',
      'kube-dns-b4f5c58c7-7qmtw': 'kube-dns',
      'node-local-dns-r99x7': 'node-local-dns',
      'settle-29310045-7q8wz': 'settle',
      'api-0': 'api',
      'redis-cluster-12': 'redis-cluster',
      xwing: 'xwing',
      'etcd-control-plane': 'etcd-control-plane',
      'my-proxy': 'my-proxy',
      'job-2026110512': 'job-2026110512',
      '-x2k9p': '-x2k9p',
    })) {
      assert.equal(workloadNameFromPod(pod), name);
    }
  });
});

describe('layer 7', () => {
  test('keeps method, address and status of HTTP, without what may be secret', () => {
    const record = accepted(http);
    assert.equal(record.verdict, 'allow');
    assert.deepEqual(record.attributes.l7, {
      type: 'REQUEST',
      latencyNs: '9007199254740993',
      http: { method: 'POST', code: 201, url: 'https://api.payments:8080/v1/charges', protocol: 'HTTP/1.1' },
    });
    assert.ok(record.flags.includes('url_shortened'));
    assert.doesNotMatch(JSON.stringify(record), /secret|abc|Bearer/);
    assert.match(record.summary, /POST https:\/\/api\.payments:8080\/v1\/charges 201$/);
  });

  test('keeps DNS questions and Kafka topics', () => {
    const l7 = (value: Draft): unknown => withFlow(http, { l7: value }).attributes.l7;
    assert.deepEqual(l7({ type: 'REQUEST', dns: { query: 'example.com.', qtypes: ['A'], ips: [] } }), {
      type: 'REQUEST',
      dns: { query: 'example.com.', qtypes: ['A'] },
    });
    assert.deepEqual(l7({ kafka: { api_key: 'produce', topic: 'charges', error_code: 0 } }), {
      kafka: { apiKey: 'produce', topic: 'charges', errorCode: 0 },
    });
    assert.deepEqual(l7({ type: 'SAMPLE' }), { type: 'SAMPLE' });
  });
});

test('policies are named with system, kind and revision, from labels where the release has no fields', () => {
  const record = withFlow(allowed, {
    ingress_allowed_by: null,
    egress_denied_by: [
      {
        labels: [
          'k8s:io.cilium.k8s.policy.derived-from=CiliumClusterwideNetworkPolicy',
          'k8s:io.cilium.k8s.policy.name=base',
        ],
        revision: 4,
      },
      { labels: ['reserved:allow-localhost'] },
      {},
      'nonsense',
    ],
  });
  assert.deepEqual(
    record.policies.map(({ system, kind, name, effect, revision }) => [system, kind, name, effect, revision]),
    [
      ['cilium', 'CiliumClusterwideNetworkPolicy', 'base', 'deny', '4'],
      ['cilium', null, 'reserved:allow-localhost', 'deny', null],
    ],
  );
});

describe('the time', () => {
  test("is the flow's, else the line's, else the shipper's", () => {
    const time = (line: Draft): unknown[] => {
      const record = accepted(line);
      return [record.eventTime, record.timeSource, record.flags.filter((flag) => flag.includes('time'))];
    };
    const flow = { verdict: 'DROPPED', IP: { source: '10.0.0.1' } };
    const outer = '2026-10-05T08:00:00.5Z';
    assert.deepEqual(time({ flow: { ...flow, time: '2026-10-05T10:15:30.123456789+02:00' }, time: outer, date: 1.5 }), [
      '2026-10-05T08:15:30.123456789Z',
      'record',
      [],
    ]);
    assert.deepEqual(time({ flow, time: outer }), [outer, 'record', []]);
    assert.deepEqual(time({ flow: { ...flow, time: 'yesterday' }, time: outer }), [
      outer,
      'record',
      ['bad_event_time'],
    ]);
    assert.deepEqual(time({ flow, '@timestamp': outer }), [outer, 'envelope', []]);
    assert.deepEqual(time({ flow, date: 1795378494.571 }), ['2026-11-22T20:14:54.571Z', 'envelope', []]);
    assert.deepEqual(time({ flow }), [null, 'received', ['no_event_time']]);
    assert.deepEqual(time({ flow: { ...flow, time: '0001-01-01T00:00:00Z' } }), [
      null,
      'received',
      ['bad_event_time', 'no_event_time'],
    ]);
  });
});

describe('lines without a flow', () => {
  test('a loss notice counts what was lost', () => {
    const record = accepted(lost);
    assert.equal(record.kind, 'signal');
    assert.equal(record.verdict, 'none');
    assert.equal(record.lostCount, '18446744073709551615');
    assert.equal(record.eventTime, '2026-10-05T08:15:37.25Z');
    assert.equal(record.reporterName, 'prod-1/node-a');
    assert.equal(record.count, null);
    assert.equal(accepted({ lost_events: { num_events_lost: 12 } }).lostCount, '12');
    assert.equal(accepted({ lost_events: {} }).lostCount, '0');
    const bad = accepted({ lost_events: { num_events_lost: 'many' } });
    assert.equal(bad.lostCount, null);
    assert.ok(bad.flags.includes('bad_lost_count'));
  });

  test('agent, debug and node notices are signals', () => {
    for (const [line, words] of [
      [agent, /agent event POLICY_UPDATED/],
      [debug, /debug event DBG_CT_LOOKUP: Conntrack lookup/],
      [node, /node status NODE_UNAVAILABLE: connection refused/],
    ] as const) {
      const record = accepted(line);
      assert.equal(record.kind, 'signal');
      assert.equal(record.lostCount, null);
      assert.match(record.summary, words);
    }
    assert.deepEqual(accepted(agent).attributes.agent_event, agent?.agent_event);
  });
});

describe('what else is taken for Hubble', () => {
  test('a bare flow, as older command lines print it', () => {
    const record = accepted(allowed?.flow);
    assert.equal(record.verdict, 'allow');
    assert.equal(record.reporterName, 'prod-1/node-a');
  });

  test('a line as text inside a container log or message', () => {
    const text = JSON.stringify(allowed);
    assert.deepEqual(accepted({ log: `${text}\n`, stream: 'stdout' }), { ...accepted(allowed), carriers: ['/log'] });
    assert.deepEqual(accepted({ '@timestamp': '2026-01-01T00:00:00Z', message: text }), {
      ...accepted(allowed),
      carriers: ['/message'],
    });
    assert.equal(accepted({ message: JSON.stringify(allowed?.flow) }).verdict, 'allow');
    assert.equal(refusal({ message: text.slice(0, -5) }), 'invalid_json');
    assert.equal(refusal({ message: '{"flow":1}' }), 'unknown_format');
  });

  test('and what is not', () => {
    assert.equal(refusal({ event_type: 'flow', flow: { pkts_toserver: 1, state: 'new' } }), 'unknown_format');
    assert.equal(refusal({ flow: {} }), 'unknown_format');
    assert.equal(refusal({ flow: 'checkout', time: '2026-01-01T00:00:00Z' }), 'unknown_format');
    assert.equal(refusal({ node_status: { n1: 'online' } }), 'unknown_format');
    assert.equal(refusal({ verdict: 'FORWARDED' }), 'unknown_format');
  });

  test('a flow that says nothing, or in which a main field is of the wrong type, is refused', () => {
    assert.equal(refusal({ flow: {}, node_name: 'a' }), 'missing_field');
    assert.equal(refusal({ flow: { source: {}, node_name: 'a' } }), 'missing_field');
    assert.equal(refusal({ flow: 5, node_name: 'a' }), 'invalid_field');
    assert.equal(refusal({ flow: { verdict: {}, IP: { source: '10.0.0.1' } } }), 'invalid_field');
  });
});
