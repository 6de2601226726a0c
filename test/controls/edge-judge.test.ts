import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EdgeJudge } from '../../src/controls/checks/edge-judge.js';
import type { EdgeView, PolicyVersionView } from '../../src/controls/model.js';
import { importPolicy } from '../../src/policies/kubernetes/import.js';
import { compile, type SideVerdict, type Verdict } from '../../src/policies/simulation/evaluate.js';
import { allowSpec, api, defaultDenySpec, edge, ledger, namespacePeer, snapshot, version, web } from './evidence.js';

const workloads = [web, api, ledger];
const topology = {
  namespaces: [],
  pods: workloads.map(({ key, namespace, name, labels }) => ({
    key,
    namespace: namespace ?? '',
    name,
    labels,
    ips: [],
    namedPorts: [],
    hostNetwork: false,
  })),
};

/** All policies of the cluster in force at an instant, the obvious way: times of one form compare as text. */
function inForceAt(versions: readonly PolicyVersionView[], instant: string) {
  const last = new Map<string, PolicyVersionView>();
  for (const one of [...versions].sort((a, b) =>
    a.eventTime < b.eventTime ? -1 : a.eventTime > b.eventTime ? 1 : a.index - b.index,
  ))
    if (one.eventTime <= instant) last.set(`${one.namespace} ${one.name}`, one);
  return [...last.values()].flatMap(({ object }) => {
    const imported = object === null ? null : importPolicy(object);
    return imported?.ok ? [imported.policy] : [];
  });
}

const sideWord = ({ allowed, by }: SideVerdict) => (!allowed ? 'denied' : typeof by === 'string' ? 'open' : 'allowed');
const best = (words: readonly string[]) => ['allowed', 'open', 'denied'].find((word) => words.includes(word));

function expected(one: EdgeView, versions: readonly PolicyVersionView[], heard: boolean): string {
  const between = versions
    .map(({ eventTime }) => eventTime)
    .filter((time) => one.firstTime < time && time <= one.lastTime);
  const verdicts = [one.firstTime, ...between].map((instant): Verdict =>
    compile(topology, inForceAt(versions, instant), { ipBlockMatchesPods: false }).verdict({
      source: { pod: one.source },
      destination: { pod: one.destination },
      protocol: 'TCP',
      port: one.port ?? 0,
    }),
  );
  const egress = best(verdicts.map((verdict) => sideWord(verdict.egress)));
  const ingress = best(verdicts.map((verdict) => sideWord(verdict.ingress)));
  if (one.direction === 'egress') {
    if (egress === 'denied') return 'denied';
    if (egress === 'allowed' || ingress === 'allowed') return 'covered';
    return ingress === 'open' ? 'default' : heard ? 'exempt' : 'uncertain';
  }
  if (ingress === 'denied' || egress === 'denied') return 'denied';
  return ingress === 'open' ? 'default' : 'covered';
}

test('agrees with compiling the whole cluster for every instant, on random histories', () => {
  const hour = fc.integer({ min: 0, max: 23 }).map((at) => `2026-10-20T${String(at).padStart(2, '0')}:00:00Z`);
  const spec = fc.constantFrom<Record<string, unknown>>(
    defaultDenySpec,
    { podSelector: {} },
    { podSelector: {}, egress: [{}] },
    { podSelector: { matchLabels: { app: 'api' } }, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: {} }] }] },
    { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [namespacePeer('payments')] }] },
    { podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 8443 }] }] },
    allowSpec('api', [namespacePeer('shop')], 8443),
    allowSpec('ledger', [{ podSelector: {} }], 5432),
    allowSpec('web', [namespacePeer('payments')], 8443),
  );
  const versions = fc.array(
    fc
      .record({
        namespace: fc.constantFrom('shop', 'payments'),
        name: fc.constantFrom('a', 'b', 'c'),
        action: fc.constantFrom('create' as const, 'update' as const, 'delete' as const),
        eventTime: hour,
        spec,
      })
      .map(({ namespace, name, eventTime, ...more }) => version(namespace, name, eventTime, more)),
    { maxLength: 8 },
  );
  const end = fc.constantFrom(...workloads.map(({ key }) => key));
  const edges = fc.array(
    fc
      .record({
        ends: fc.tuple(end, end).filter(([from, to]) => from !== to),
        port: fc.constantFrom(8443, 5432),
        direction: fc.constantFrom('ingress' as const, 'egress' as const, 'unknown' as const),
        times: fc.tuple(hour, hour),
      })
      .map(({ ends: [from, to], port, direction, times }) => {
        const [firstTime = '', lastTime = ''] = [...times].sort();
        return edge(from, to, { port, direction, firstTime, lastTime });
      }),
    { minLength: 1, maxLength: 8 },
  );
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(versions, edges, (policyVersions, all) => {
      const judge = new EdgeJudge(snapshot({ policyVersions, edges: all }));
      for (const one of all) {
        const { outcome } = judge.judge(one);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        const heard = all.some(
          (other) =>
            other.direction === 'ingress' &&
            other.source === one.source &&
            other.destination === one.destination &&
            other.port === one.port,
        );
        assert.equal(outcome, expected(one, policyVersions, heard));
      }
    }),
    { numRuns: 1_000 },
  );
  // Otherwise the agreement would say little.
  assert.deepEqual([...outcomes.keys()].sort(), ['covered', 'default', 'denied', 'exempt', 'uncertain']);
});
