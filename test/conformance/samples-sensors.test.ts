import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';

import type { NormalForm } from '../../src/ingestion/normal-form.js';
import { normaliseRead, readRecords } from '../../src/ingestion/read-records.js';

/**
 * Real records of sensors, proxies and policy engines, read as a source would send them. The values asked for here were
 * read off the files by eye.
 */
const samples = resolve(import.meta.dirname, '../../..', '../shared/samples');
const skipWithout = (folder: string): string | false =>
  existsSync(join(samples, folder)) ? false : `needs ../shared/samples/${folder} beside the project`;

/** All facts of a body in order, and the number of its records that could not be read. */
function read(body: Buffer): { readonly facts: readonly NormalForm[]; readonly refused: number } {
  const reading = {
    source: 'samples',
    context: {},
    receivedAt: new Date('2026-11-01T00:00:00Z'),
    mostRecordBytes: 1 << 20,
    redaction: null,
  };
  const results = [...readRecords({ body, split: 'auto' }, reading)].map((record) =>
    normaliseRead(record, reading.receivedAt),
  );
  return {
    facts: results.flatMap((result): readonly NormalForm[] => (result.ok ? result.records : [])),
    refused: results.filter(({ ok }) => !ok).length,
  };
}

const sample = (path: string): Buffer => readFileSync(join(samples, path));

/** How many facts of each kind and verdict a file holds. */
function counts(path: string): Readonly<Record<string, number>> {
  const { facts, refused } = read(sample(path));
  const found: Record<string, number> = refused === 0 ? {} : { refused };
  for (const { format, kind, verdict } of facts) {
    const word = `${format} ${kind} ${verdict}`;
    found[word] = (found[word] ?? 0) + 1;
  }
  return found;
}

function told({ eventTime, source, destination, protocol, verdict }: NormalForm): string {
  const end = (which: NormalForm['source']): string => `${which?.ip ?? '?'}:${which?.port ?? '-'}`;
  return `${eventTime} ${end(source)} ${end(destination)} ${protocol?.name ?? '-'} ${verdict}`;
}

const flowsOf = (path: string): readonly NormalForm[] => read(sample(path)).facts.filter(({ kind }) => kind === 'flow');

describe('Zeek samples', { skip: skipWithout('zeek') }, () => {
  it('every line is read: as a connection under its header, or as a line of the header', () => {
    assert.deepEqual(counts('zeek/small_conn.log'), { 'zeek signal none': 8, 'zeek flow none': 20 });
    assert.deepEqual(counts('zeek/slips-test10-conn.log'), { 'zeek signal none': 9, 'zeek flow none': 141 });
    assert.deepEqual(counts('zeek/ocsf-dataset-conn.jsonl'), { 'zeek flow none': 1250 });
    // The first line is a remark of the test that the file was taken from.
    assert.deepEqual(counts('zeek/btest-cisco-fabric-path-conn.log'), {
      refused: 1,
      'zeek signal none': 9,
      'zeek flow none': 64,
    });
  });

  it('a connection has its time, ends, protocol and counters', () => {
    const [first] = flowsOf('zeek/small_conn.log');
    assert.ok(first);
    assert.equal(told(first), '2009-11-18T08:00:21.486539Z 192.168.1.102:68 192.168.1.1:67 udp none');
    assert.deepEqual(first.traffic, { bytes: '301', packets: '1', replyBytes: '300', replyPackets: '1' });
    assert.equal(first.nativeId, 'Pii6cUUq1v4');
    const last = flowsOf('zeek/ocsf-dataset-conn.jsonl').at(-1);
    assert.ok(last);
    assert.equal(told(last), '2024-09-03T19:05:22.524353Z 127.0.0.1:51732 127.0.0.1:5432 tcp none');
    assert.equal(last.verdictRaw, 'SF');
  });

  it('a connection without its header is read the same', () => {
    const lines = sample('zeek/small_conn.log').toString('utf8').split('\n');
    const line = lines.find((text) => text.includes('Pii6cUUq1v4')) ?? '';
    const [fact] = read(Buffer.from(line)).facts;
    assert.ok(fact);
    assert.equal(told(fact), '2009-11-18T08:00:21.486539Z 192.168.1.102:68 192.168.1.1:67 udp none');
    assert.deepEqual(fact.traffic, { bytes: '301', packets: '1', replyBytes: '300', replyPackets: '1' });
  });
});

describe('Suricata samples', { skip: skipWithout('suricata-eve') }, () => {
  it('alerts of a sensor that watches are signals, and decide nothing', () => {
    assert.deepEqual(counts('suricata-eve/alerts-only.json'), { 'suricata signal none': 44 });
    assert.deepEqual(counts('suricata-eve/flow.json'), { 'suricata flow none': 10 });
    assert.deepEqual(counts('suricata-eve/eve-small.log'), { 'suricata flow none': 10, 'suricata signal none': 2 });
  });

  it('times of a zone are in UTC, the body and the counters are kept', () => {
    const [ssh, alert] = read(sample('suricata-eve/eve-small.log')).facts;
    assert.ok(ssh && alert);
    assert.equal(told(ssh), '2018-07-05T19:01:09.820360Z 192.168.86.85:55406 192.168.253.112:22 tcp none');
    assert.equal(told(alert), '2018-07-05T19:07:20.910626Z 192.168.86.85:55641 192.168.156.70:443 tcp none');
    assert.equal(alert.policies[0]?.rule, '1:2024833:3');
    assert.equal(alert.places['verdict'], '/alert/action');
    assert.deepEqual(alert.traffic, { bytes: '793', packets: '4', replyBytes: '343', replyPackets: '3' });
  });
});

describe('Envoy and Istio samples', { skip: skipWithout('envoy-istio') }, () => {
  it('what reached its upstream was allowed, what failed on the way is an error', () => {
    assert.deepEqual(counts('envoy-istio/test-access-logs.log'), { 'envoy flow allow': 10 });
    assert.deepEqual(counts('envoy-istio/test-access-json-logs.log'), { 'envoy flow allow': 2, 'envoy flow error': 1 });
    // A brace too many ends the file.
    assert.deepEqual(counts('envoy-istio/envoy-json.log'), {
      refused: 1,
      'envoy flow allow': 1,
      'envoy flow error': 1,
    });
  });

  it('a request that RBAC denied names the policy', () => {
    const [denied] = read(sample('envoy-istio/rbac-denied-matched.log')).facts;
    assert.ok(denied);
    assert.equal(told(denied), '2026-10-09T08:07:10.309Z 10.244.0.12:52784 10.244.0.14:8080 tcp deny');
    const [policy] = denied.policies;
    assert.equal(`${policy?.namespace}/${policy?.name} ${policy?.rule}`, 'starfleet/probe-deny-status 0');
  });
});

describe('Illumio samples', { skip: skipWithout('illumio') }, () => {
  it('flows that would be blocked', () => {
    const [first, second] = read(sample('illumio/pce-26.2-flow.cef')).facts;
    assert.ok(first && second);
    assert.equal(told(first), '2026-09-11T09:11:54Z 172.16.15.161:- 172.16.15.100:53 udp would_deny');
    assert.equal(told(second), '2026-09-11T09:11:54Z 172.16.15.160:- 172.16.15.100:53 udp would_deny');
    assert.deepEqual(first.traffic, { bytes: '626', packets: null, replyBytes: '702', replyPackets: null });
    assert.equal(first.source?.workload?.labels['app'], 'DemoApp');
    assert.equal(first.reason, 'missing rule');
    assert.equal(first.count, 4);
  });

  it('audit events, as CEF and as JSON behind the prefix of the PCE', () => {
    assert.deepEqual(counts('illumio/pce-26.2-audit.cef'), { 'illumio admin allow': 3, 'illumio admin none': 1 });
    const login = read(sample('illumio/pce-26.2-audit.cef')).facts[1];
    assert.equal(`${login?.eventTime} ${login?.actor?.name}`, '2026-09-11T09:00:13.031Z admin@lab.local');
    assert.deepEqual(login?.actor?.addresses, ['192.168.20.30']);
    assert.equal(read(sample('illumio/illumio-pce-v2.samples')).facts.length, 10);
  });

  it('traffic summaries as syslog, once their placeholders are filled in', () => {
    const filled = sample('illumio/illumio-pce-collector-v2.samples')
      .toString('utf8')
      .replaceAll('@@SRC_IP', '10.0.0.7')
      .replaceAll('@@DST_IP', '10.0.0.9')
      .replaceAll('@@DIR', 'I')
      .replaceAll(/@@(?:COUNT|PD)/g, '2')
      .replaceAll('@@PORT', '53');
    const { facts, refused } = read(Buffer.from(filled));
    assert.equal(refused, 0);
    assert.deepEqual(facts.map(told), [
      '2019-06-03T19:48:41Z 10.0.0.7:- 10.0.0.9:53 udp deny',
      '2019-06-04T17:41:10Z 10.0.0.7:- 10.0.0.9:53 udp deny',
    ]);
    assert.deepEqual(
      facts.map(({ traffic }) => `${traffic?.bytes} ${traffic?.replyBytes}`),
      ['229 0', '0 760'],
    );
  });
});

describe('Calico samples', { skip: skipWithout('calico-flow') }, () => {
  it('a flow that a policy of the end of a tier denied', () => {
    const [flow] = read(sample('calico-flow/enterprise-flow-deny.jsonl')).facts;
    assert.ok(flow);
    assert.equal(told(flow), '2022-08-04T13:59:02Z 10.48.116.157:- 10.48.127.224:5050 tcp deny');
    assert.deepEqual(
      flow.policies.map(({ tier, name, effect }) => `${tier} ${name} ${effect}`),
      ['app-hipstershop checkoutservice deny', 'security tenant-histershop pass'],
    );
    assert.deepEqual(flow.traffic, { bytes: '300', packets: '5', replyBytes: '0', replyPackets: '0' });
  });

  it('denials of Felix on a bare host', () => {
    const { facts } = read(sample('calico-flow/felix-nonk8s-deny-syslog.log'));
    assert.deepEqual(facts.map(told).slice(0, 1), ['2026-08-04T16:14:12Z 10.0.1.10:57312 147.75.40.148:443 tcp deny']);
    assert.deepEqual(counts('calico-flow/felix-nonk8s-deny-syslog.log'), { 'calico-flow flow deny': 4 });
    assert.equal(facts[0]?.policies[0]?.name, 'hep-external');
    assert.ok(facts[0]?.flags.includes('year_guessed') || facts[0]?.timeGuessed);
  });
});
