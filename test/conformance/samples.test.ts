import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { type Span, splitJson, splitLines } from '../../src/ingestion/json-spans.js';
import { NormalForm } from '../../src/ingestion/normal-form.js';
import { normaliseRecord } from '../../src/ingestion/formats/registry.js';

/**
 * Real records of other people's systems: every file must be taken whole. The values asked for here
 * were read off the files by eye.
 */
const samples = resolve(import.meta.dirname, '../../..', '../shared/samples');
const skip = existsSync(samples) ? false : 'needs ../shared/samples beside the project';

interface Sample {
  readonly raw: Buffer;
  readonly record: NormalForm;
}

function readSamples(folder: string, file: string, split: (body: Buffer) => Span[] = splitJson): Sample[] {
  const body = readFileSync(join(samples, folder, file));
  return split(body).map(({ start, end, problem, detail }) => {
    assert.equal(problem, undefined, `${file} at byte ${start}: ${detail}`);
    const raw = body.subarray(start, end);
    const result = normaliseRecord(raw, {}, new Date());
    if (!result.ok) assert.fail(`${file} at byte ${start}: ${result.reason}: ${result.detail}`);
    assert.deepEqual(NormalForm.parse(result.records[0]), result.records[0]);
    return { raw, record: result.records[0] };
  });
}

/** How often each value occurs. */
function tally(values: readonly unknown[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1;
  return counts;
}

function first(records: readonly Sample[], at = 0): NormalForm {
  const sample = records[at];
  assert.ok(sample);
  return sample.record;
}

const hubbleFiles: Readonly<Record<string, number>> = {
  'basic-sample-10-flows.json': 10,
  'basic-sample-400-icmpv4-flows.json': 18,
  'basic-sample-400-tcp-flows.json': 400,
  'basic-sample-5-http-flows.json': 5,
  'dropped-egress_denied_by-cilium1.18.jsonl': 1,
  'exporter-fieldmask-docs.jsonl': 2,
};

const auditFiles: Readonly<Record<string, number>> = {
  'aks-kube-audit-2025.json': 1,
  'anonymous_creates_namespace_foo.json': 1,
  'attach_cluster_admin_role.json': 1,
  'create_configmap_sensitive_values.json': 6,
  'create_service.json': 1,
  'delete_clusterrolebinding.json': 1,
  'demo.log': 37,
  'eks-audit.json': 1,
  'exec_pod.json': 1,
};

describe('Hubble samples', { skip }, () => {
  test('every file is there, and every record of it is accepted, by lines as by values', () => {
    const files = readdirSync(join(samples, 'hubble-flow')).filter((file) => file !== 'README.md');
    assert.deepEqual(files.toSorted(), Object.keys(hubbleFiles).toSorted());
    for (const [file, count] of Object.entries(hubbleFiles)) {
      const byValue = readSamples('hubble-flow', file);
      assert.equal(byValue.length, count, file);
      assert.deepEqual(readSamples('hubble-flow', file, splitLines), byValue);
      for (const { record } of byValue) {
        assert.equal(record.kind, 'flow');
        assert.equal(record.format, 'hubble');
        assert.equal(record.timeSource, 'record');
        assert.ok(record.source?.ip && record.destination?.ip && record.protocol && record.reporterName);
      }
    }
  });

  test('no time loses a digit', () => {
    for (const file of Object.keys(hubbleFiles)) {
      for (const { raw, record } of readSamples('hubble-flow', file)) {
        assert.equal(record.eventTime, /"flow":\{"time":"([^"]+)"/.exec(raw.toString('utf8'))?.[1]);
      }
    }
  });

  test('traces are observations, verdicts and access log entries decisions', () => {
    const all = Object.keys(hubbleFiles).flatMap((file) => readSamples('hubble-flow', file));
    const decisions = all.map(
      ({ record }) => `${JSON.stringify(record.attributes.eventType)} ${record.verdictRaw} ${record.verdict}`,
    );
    assert.deepEqual(tally(decisions), {
      '4 FORWARDED none': 336,
      '129 FORWARDED allow': 70,
      '5 REDIRECTED allow': 27,
      '5 DROPPED deny': 1,
      'undefined DROPPED deny': 2,
    });
    assert.deepEqual(tally(all.map(({ record }) => record.isReply)), { true: 143, false: 228, null: 65 });
    assert.deepEqual(tally(all.map(({ record }) => record.direction)), { ingress: 94, egress: 283, unknown: 59 });
    assert.deepEqual(tally(all.map(({ record }) => record.protocol?.name)), { tcp: 417, icmp: 18, icmpv6: 1 });
  });

  test('ends, ports and identities are those of the wire', () => {
    const tcp = readSamples('hubble-flow', 'basic-sample-10-flows.json');
    const { source, destination, ...reply } = first(tcp);
    assert.equal(reply.eventTime, '2021-06-16T16:52:13.136834446Z');
    assert.equal(reply.isReply, true);
    assert.equal(source?.workload?.key, 'k8s:bookinfo/reviews-v1');
    assert.equal(source.instance, 'reviews-v1-545db77b95-s6jb8');
    assert.equal(source.workload.labels['security.istio.io/tlsMode'], 'istio');
    assert.equal(source.identity, '25339');
    assert.equal(`${source.ip}:${source.port}`, '10.0.2.16:15020');
    assert.equal(destination?.workload?.key, 'reserved:host');
    assert.equal(`${destination.ip}:${destination.port}`, '10.0.2.1:42044');
    assert.deepEqual(reply.attributes.tcpFlags, ['FIN', 'ACK']);

    const ping = first(readSamples('hubble-flow', 'basic-sample-400-icmpv4-flows.json'));
    assert.deepEqual(ping.protocol, { number: 1, name: 'icmp' });
    assert.equal(ping.attributes.icmpType, 8);
    assert.equal(ping.source?.port, null);
    assert.equal(ping.destination?.workload?.key, 'reserved:health');

    const http = first(readSamples('hubble-flow', 'basic-sample-5-http-flows.json'), 1);
    assert.equal(http.source?.workload?.key, 'k8s:istio-system/prometheus');
    assert.equal(http.destination?.workload?.key, 'k8s:kube-system/kube-dns');
    assert.equal(http.destination.identity, '2');
    assert.match(JSON.stringify(http.attributes.l7), /"method":"GET","url":"http:\/\/10\.156\.3\.6:10054\/metrics"/);
  });

  test('an explicit deny names its policy; masked flows are judged by what is left', () => {
    const denied = first(readSamples('hubble-flow', 'dropped-egress_denied_by-cilium1.18.jsonl'));
    assert.equal(denied.nativeId, 'cd75b2ac-8dd3-486b-beca-3d17d9d56cff');
    assert.equal(denied.verdict, 'deny');
    assert.equal(denied.reason, 'POLICY_DENY');
    assert.equal(denied.direction, 'egress');
    assert.equal(denied.source?.workload?.key, 'k8s:net-lab/traffic-generator');
    assert.equal(denied.source.workload.kind, 'Deployment');
    assert.equal(denied.source.zone, 'topgun');
    assert.equal(denied.destination?.workload?.key, 'k8s:net-lab/echo-server');
    assert.equal(denied.destination.port, 80);
    const [policy] = denied.policies;
    assert.deepEqual(
      [policy?.kind, policy?.namespace, policy?.name, policy?.revision, policy?.effect],
      ['CiliumNetworkPolicy', 'net-lab', 'deny-tg-to-echo', '6', 'deny'],
    );

    const masked = readSamples('hubble-flow', 'exporter-fieldmask-docs.jsonl');
    const spoofed = first(masked);
    assert.equal(spoofed.source?.ip, 'fe80::64d8:8aff:fe72:fc14');
    assert.equal(spoofed.reason, 'INVALID_SOURCE_IP');
    assert.ok(spoofed.flags.includes('not_a_policy_drop'));
    const byPolicy = first(masked, 1);
    assert.equal(byPolicy.verdict, 'deny');
    assert.equal(byPolicy.reason, 'POLICY_DENIED');
    assert.equal(byPolicy.destination?.workload?.key, 'k8s:default/deathstar');
    assert.equal(byPolicy.reporterName, 'kind-kind/kind-worker');
  });
});

describe('Kubernetes audit samples', { skip }, () => {
  test('every file is there, and every record of it is accepted', () => {
    const files = readdirSync(join(samples, 'k8s-audit')).filter((file) => file !== 'README.md');
    assert.deepEqual(files.toSorted(), Object.keys(auditFiles).toSorted());
    for (const [file, count] of Object.entries(auditFiles)) {
      const byValue = readSamples('k8s-audit', file);
      assert.equal(byValue.length, count, file);
      assert.deepEqual(readSamples('k8s-audit', file, splitLines), byValue, file);
      for (const { record } of byValue) {
        assert.equal(record.kind, 'admin', 'none of the samples touches a policy');
        assert.equal(record.format, 'kubernetes-audit');
        assert.equal(record.timeSource, 'record');
        assert.ok(record.nativeId && record.actor);
      }
    }
  });

  test('the log of 2017: impersonation, refusals, one old time', () => {
    const records = readSamples('k8s-audit', 'demo.log').map(({ record }) => record);
    assert.deepEqual(tally(records.map(({ verdict }) => verdict)), { deny: 11, allow: 26 });
    assert.deepEqual(tally(records.map(({ actor }) => actor?.name)), {
      bob: 29,
      'system:serviceaccount:ns1:sa1': 5,
      alice: 3,
    });
    const [one] = records;
    assert.equal(one?.eventTime, '2017-09-11T19:55:05Z');
    assert.deepEqual(one.actor, {
      name: 'bob',
      realName: 'system:admin',
      groups: ['system:authenticated'],
      addresses: ['::1'],
      userAgent: null,
    });
    assert.equal(one.nativeId, '033d17af-082d-4b24-aa22-627752e83d71/ResponseComplete');
    assert.equal(one.summary, 'bob was refused: list pods default (403)');
  });

  test('one event printed over 350 lines, one inside an envelope, one not finished', () => {
    const eks = first(readSamples('k8s-audit', 'eks-audit.json'));
    assert.equal(eks.eventTime, '2021-09-07T20:37:30.642854Z');
    assert.equal(eks.actor?.name, 'system:node:ip-192-001-02-03.ec2.internal');
    assert.equal(
      eks.summary,
      'system:node:ip-192-001-02-03.ec2.internal: create nodes ip-192-001-02-03.ec2.internal (201)',
    );

    const aks = first(readSamples('k8s-audit', 'aks-kube-audit-2025.json'));
    assert.equal(aks.eventTime, '2025-10-07T16:19:19.647762Z');
    assert.equal(aks.nativeId, 'ad26f7bc-f1c6-4097-90f1-e0924e12f257/ResponseComplete');
    assert.equal(aks.actor?.name, 'aksService');
    assert.equal(aks.reporterName, 'kube-apiserver-869d7bb754-kkg69');
    assert.equal(aks.attributes.name, 'kubelet-serving-csr-approver');

    const exec = first(readSamples('k8s-audit', 'exec_pod.json'));
    assert.equal(exec.verdict, 'none');
    assert.deepEqual(exec.flags.toSorted(), ['not_an_outcome', 'subresource']);
    assert.equal(exec.attributes.requestPath, '/api/v1/namespaces/default/pods/nginx-deployment-7998647bdf-phvq7/exec');
  });

  test('an anonymous user who makes a namespace, a role binding without an API version of the event', () => {
    const namespace = first(readSamples('k8s-audit', 'anonymous_creates_namespace_foo.json'));
    assert.equal(namespace.actor?.name, 'system:anonymous');
    assert.equal(namespace.eventTime, '2018-10-25T13:58:49.736141Z');
    const binding = first(readSamples('k8s-audit', 'attach_cluster_admin_role.json'));
    assert.equal(binding.attributes.resource, 'clusterrolebindings');
    assert.equal(binding.attributes.statusCode, 201);
  });
});
