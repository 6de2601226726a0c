import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { importTopology } from '../../src/policies/kubernetes/topology.js';
import type { Direction, Policy, PolicyId } from '../../src/policies/model.js';
import {
  compile,
  type Endpoint,
  type Pod,
  type SideVerdict,
  type Topology,
} from '../../src/policies/simulation/evaluate.js';
import { imported, jsonLines, portKey, root, skip } from './netpol-cases.js';
import { connectionLines, joinRanges } from './netpol-wording.js';

function keyed(topology: Topology): Topology {
  return { ...topology, pods: topology.pods.map((pod) => ({ ...pod, key: `${pod.namespace}/${pod.name}` })) };
}

const grid = z.record(z.string(), z.array(z.string()));

describe('random clusters, checked by two engines', { skip }, () => {
  const shape = z.object({
    id: z.string(),
    objects: z.array(z.unknown()),
    policies: z.array(z.unknown()),
    endpoints: z.array(z.string()),
    expected: grid,
  });

  const letter = (egress: SideVerdict, ingress: SideVerdict) =>
    egress.allowed ? (ingress.allowed ? '.' : 'I') : ingress.allowed ? 'E' : 'B';

  test('every cell has the expected verdict and denying side', (t) => {
    let cells = 0;
    const clusters = jsonLines('fuzz/clusters.jsonl', shape);
    for (const cluster of clusters) {
      const topology = keyed(importTopology(cluster.objects));
      const engine = compile(topology, cluster.policies.map(imported), { ipBlockMatchesPods: false });
      const ends = cluster.endpoints.map((end): Endpoint => (end.includes('/') ? { pod: end } : { ip: end }));
      for (const [key, rows] of Object.entries(cluster.expected)) {
        const flow = portKey(key);
        for (const [i, source] of ends.entries())
          for (const [j, destination] of ends.entries()) {
            const expected = rows[i]?.[j];
            if (expected === '-') continue;
            const { egress, ingress } = engine.verdict({ source, destination, ...flow });
            const place = `${cluster.id} ${key} ${cluster.endpoints[i]} => ${cluster.endpoints[j]}`;
            assert.equal(letter(egress, ingress), expected, place);
            cells++;
          }
      }
    }
    t.diagnostic(`${clusters.length} clusters, ${cells} cells`);
    assert.ok(cells > 100_000);
  });
});

describe('conformance truth tables of cyclonus', { skip }, () => {
  const shape = z.object({
    id: z.number(),
    steps: z.array(
      z.object({
        namespaces: z.record(z.string(), z.record(z.string(), z.string())),
        pods: z.array(
          z.object({
            name: z.string(),
            namespace: z.string(),
            ip: z.string(),
            labels: z.record(z.string(), z.string()),
            ports: z.array(z.object({ containerPort: z.number(), name: z.string(), protocol: z.string() })),
          }),
        ),
        policies: z.array(z.unknown()),
        podOrder: z.array(z.string()),
        expected: z.record(
          z.string(),
          z.object({ combined: z.array(z.string()), egress: z.array(z.string()), ingress: z.array(z.string()) }),
        ),
      }),
    ),
  });

  test('every off-diagonal cell agrees, both halves and combined', (t) => {
    let cells = 0;
    const cases = jsonLines('cyclonus/cases.jsonl', shape);
    for (const { id, steps } of cases)
      for (const [number, step] of steps.entries()) {
        const pods = step.pods.map((pod): Pod => ({
          key: `${pod.namespace}/${pod.name}`,
          namespace: pod.namespace,
          name: pod.name,
          labels: pod.labels,
          ips: [pod.ip],
          namedPorts: pod.ports.map((port) => ({ ...port, port: port.containerPort })),
          hostNetwork: false,
        }));
        const namespaces = Object.entries(step.namespaces).map(([name, labels]) => ({ name, labels }));
        const engine = compile({ namespaces, pods }, step.policies.map(imported), { ipBlockMatchesPods: true });
        for (const [key, expected] of Object.entries(step.expected)) {
          const flow = portKey(key);
          for (const [i, source] of step.podOrder.entries())
            for (const [j, destination] of step.podOrder.entries()) {
              if (i === j) continue;
              const verdict = engine.verdict({ source: { pod: source }, destination: { pod: destination }, ...flow });
              const mark = (allowed: boolean) => (allowed ? '.' : 'X');
              assert.deepEqual(
                [mark(verdict.allowed), mark(verdict.egress.allowed), mark(verdict.ingress.allowed)],
                [expected.combined[i]?.[j], expected.egress[i]?.[j], expected.ingress[i]?.[j]],
                `case ${id} step ${number} ${key} ${source} => ${destination}`,
              );
              cells++;
            }
        }
      }
    t.diagnostic(`${cases.length} cases, ${cells} off-diagonal cells`);
    assert.ok(cells > 10_000);
  });
});

describe('synthetic cluster of 200 workloads and 110 policies', { skip }, () => {
  const unpacked = (name: string) => gunzipSync(readFileSync(join(root, 'scale', 'w200', name))).toString();
  const objects = (name: string) =>
    unpacked(name)
      .split('---\n')
      .filter((text) => text.startsWith('{'))
      .map((text): unknown => JSON.parse(text));

  test('20,000 flows have the expected halves and deciding policies', (t) => {
    const topology = keyed(importTopology(objects('topo.yaml.gz')));
    const policies = objects('pol.yaml.gz').map(imported);
    const engine = compile(topology, policies, { ipBlockMatchesPods: false });
    const name = (id: PolicyId) => `${id.namespace}/${id.name}`;
    // The list was made by an engine that joins policies of one subject, and names all of them when one allows.
    const subject = ({ id, subject: pods }: Policy) => JSON.stringify([id.namespace, pods]);
    const joined = (ids: readonly PolicyId[], direction: Direction) => {
      const subjects = new Set(policies.filter(({ id }) => ids.includes(id)).map(subject));
      return policies.filter((policy) => policy[direction] !== null && subjects.has(subject(policy)));
    };
    const deciding = ({ by }: SideVerdict, direction: Direction) => {
      if (typeof by === 'string') return '';
      const ids =
        'policies' in by
          ? joined(
              by.policies.map(({ policy }) => policy),
              direction,
            ).map(({ id }) => id)
          : by.isolatedBy;
      return ids.map(name).sort().join(';');
    };
    const word = (allowed: boolean) => (allowed ? 'allow' : 'deny');
    const end = (text: string): Endpoint => (text.includes('/') ? { pod: text } : { ip: text });
    const rows = unpacked('flows_expected.csv.gz').trim().split('\n').slice(1);
    for (const row of rows) {
      const [source = '', destination = '', protocol, port] = row.split(',');
      const flow = { source: end(source), destination: end(destination), ...portKey(`${protocol}/${port}`) };
      const { allowed, egress, ingress } = engine.verdict(flow);
      const found = [
        word(egress.allowed),
        word(ingress.allowed),
        word(allowed),
        deciding(egress, 'egress'),
        deciding(ingress, 'ingress'),
      ];
      assert.equal([source, destination, protocol, port, ...found].join(','), row);
    }
    t.diagnostic(`${rows.length} flows`);
    assert.equal(rows.length, 20_000);
  });

  test('the connectivity list is equal line by line', (t) => {
    const engine = compile(importTopology(objects('topo.yaml.gz')), objects('pol.yaml.gz').map(imported), {
      ipBlockMatchesPods: false,
    });
    const expected = unpacked('connlist_expected.txt.gz')
      .split('\n')
      .filter((line) => line !== '');
    assert.deepEqual(connectionLines(engine), joinRanges(expected));
    t.diagnostic(`${expected.length} lines`);
    assert.ok(expected.length > 1_000);
  });
});
