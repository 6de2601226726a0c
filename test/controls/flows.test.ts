import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { enforcementMode } from '../../src/controls/checks/enforcement-mode.js';
import { flowsAllowedByPolicy, observationLimit } from '../../src/controls/checks/flows-allowed-by-policy.js';
import type { EdgeView, EvidenceSnapshot, PolicyVersionView } from '../../src/controls/model.js';
import {
  allowSpec,
  api,
  edge,
  healthyVersions,
  ledger,
  namespacePeer,
  segment,
  snapshot,
  source,
  statements,
  version,
  web,
  workload,
} from './evidence.js';

const september = '2026-09-10T09:00:00Z';

function judge(edges: readonly EdgeView[], policyVersions = healthyVersions(), parts: Partial<EvidenceSnapshot> = {}) {
  return flowsAllowedByPolicy.run(snapshot({ edges, policyVersions, ...parts }));
}

/** The one word for one edge: covered, violation, default, uncertain or exempt. */
function word(one: EdgeView, policyVersions?: PolicyVersionView[], parts: Partial<EvidenceSnapshot> = {}): string {
  const result = judge([one], policyVersions, parts);
  const text = statements(result);
  if (/isolated .* and no policy in force allowed/.test(text)) return 'violation';
  if (text.includes('allowed by default')) return 'default';
  if (text.includes('could not be judged')) return 'uncertain';
  if (text.includes('were left out')) return 'exempt';
  return result.passed === 1 ? 'covered' : 'nothing';
}

describe('flows allowed by policy', () => {
  test('is satisfied when a policy in force allowed every edge; denied edges are not asked about', () => {
    const result = flowsAllowedByPolicy.run(snapshot());
    assert.equal(result.result, 'satisfied', result.reason);
    assert.deepEqual([result.examined, result.passed, result.citedTotal], [3, 3, 12]);
    assert.match(
      result.citations[0]?.summary ?? '',
      /^allow k8s:shop\/web to k8s:payments\/api TCP\/8443, 4 flows on 2026-10-20$/,
    );
  });

  test('an allowed edge that no policy allowed is a violation, days of one edge in one observation', () => {
    const wrong = ['2026-10-20', '2026-10-21'].map((day) => edge(web.key, ledger.key, { port: 5432, day, flows: 10 }));
    const result = judge([...wrong, edge(web.key, api.key)]);
    assert.equal(result.result, 'not_satisfied');
    assert.deepEqual([result.examined, result.passed], [3, 1]);
    assert.match(
      result.reason,
      /^20 flows on 2 edges were allowed against the policies in force, and 0 flows on 0 edges by default, of 3 edges examined\.$/,
    );
    assert.equal(result.observations.length, 1);
    assert.match(
      statements(result),
      /k8s:shop\/web to k8s:payments\/ledger TCP\/5432: 20 flows allowed, although NetworkPolicy payments\/default-deny, NetworkPolicy payments\/ledger-from-api isolated k8s:payments\/ledger and no policy/,
    );
    assert.deepEqual(
      result.citations.slice(0, 2).map(({ index }) => index),
      wrong.map(({ firstIndex }) => firstIndex),
    );
    assert.equal(result.citedTotal, 24);
  });

  test('another port or protocol is another question', () => {
    assert.equal(word(edge(web.key, api.key, { port: 9999 })), 'violation');
    assert.equal(word(edge(web.key, api.key, { protocol: 'UDP' })), 'violation');
    assert.equal(word(edge(web.key, api.key, { protocol: 'tcp' })), 'covered');
  });

  test('an edge whose destination no policy selects is allowed by default, and that does not pass', () => {
    const onlyShop = healthyVersions().filter(({ namespace }) => namespace === 'shop');
    const result = judge([edge(web.key, api.key)], onlyShop);
    assert.equal(result.result, 'not_satisfied');
    assert.match(
      statements(result),
      /4 flows of 1 edge allowed by default, because no policy in force selected k8s:payments\/api for ingress/,
    );
    assert.equal(result.observations[0]?.severity, 'medium');
  });

  test('uses the policies in force at the time of the edge, not those of today', () => {
    const at = (day: string) => edge(api.key, ledger.key, { port: 5432, day });
    // The rule for the ledger came into force on 15 October at 10:00.
    assert.equal(word(at('2026-10-14')), 'violation');
    assert.equal(word(at('2026-10-16')), 'covered');
    assert.equal(word(at('2026-10-15')), 'covered', 'came into force between first and last flow');
    const untilThen = { firstTime: '2026-10-15T08:00:00Z', lastTime: '2026-10-15T09:59:59.999Z', day: '2026-10-15' };
    assert.equal(word(edge(api.key, ledger.key, { port: 5432, ...untilThen })), 'violation');
    assert.equal(
      word(edge(api.key, ledger.key, { port: 5432, ...untilThen, lastTime: '2026-10-15T10:00:00Z' })),
      'covered',
    );
  });

  test('a policy allowing only between first and last flow allows the edge', () => {
    const spec = allowSpec('ledger', [namespacePeer('shop')], 5432);
    const between = [
      ...healthyVersions(),
      version('payments', 'short', '2026-10-20T12:00:00Z', { spec }),
      version('payments', 'short', '2026-10-20T12:10:00Z', { action: 'delete' }),
    ];
    assert.equal(word(edge(web.key, ledger.key, { port: 5432 }), between), 'covered');
    assert.equal(word(edge(web.key, ledger.key, { port: 5432, day: '2026-10-21' }), between), 'violation');
  });

  test('reported at the source: egress decides, and a denial at the destination is for the destination to say', () => {
    const out = (source_: string, destination: string, more = {}) =>
      edge(source_, destination, { direction: 'egress', ...more });
    assert.equal(word(out(ledger.key, web.key)), 'violation');
    assert.equal(
      word(out(web.key, ledger.key, { port: 5432 })),
      'covered',
      'egress of the shop allows all of payments',
    );
    const ingressOnly = healthyVersions().filter(({ namespace }) => namespace === 'payments');
    assert.equal(word(out(web.key, api.key), ingressOnly), 'covered', 'no egress policy, but ingress allows');
    assert.equal(word(out(web.key, ledger.key, { port: 5432 }), ingressOnly), 'uncertain');
    const heard = [
      out(web.key, ledger.key, { port: 5432 }),
      edge(web.key, ledger.key, { port: 5432, verdict: 'deny' }),
    ];
    const result = judge([...heard, edge(web.key, api.key)], ingressOnly);
    assert.deepEqual([result.result, result.examined], ['satisfied', 1]);
    assert.match(statements(result), /4 flows on 1 edge were left out/);
    assert.equal(word(out(web.key, 'ip:192.0.2.1'), ingressOnly), 'default');
  });

  test('reported at neither end: both sides must allow', () => {
    const either = (more = {}) => edge(web.key, api.key, { direction: 'unknown', ...more });
    assert.equal(word(either()), 'covered');
    assert.equal(word(either({ port: 1 })), 'violation');
    const noWebEgress = healthyVersions().filter(({ name }) => name !== 'web-egress');
    assert.equal(word(either(), noWebEgress), 'violation');
  });

  test('ends that are not known are uncertain, counted and never passed', () => {
    const unknown = [edge('k8s:gone/app', api.key), edge('reserved:unmanaged', api.key)];
    const result = judge([...unknown, edge(web.key, api.key)]);
    assert.equal(result.result, 'not_assessed');
    assert.deepEqual([result.examined, result.passed], [3, 1]);
    assert.match(result.reason, /8 flows on 2 edges could not be judged\.$/);
    assert.equal(word(edge(web.key, api.key, { port: null })), 'uncertain');
    assert.equal(word(edge(web.key, api.key, { protocol: 'ICMPv4' })), 'uncertain');
  });

  test('addresses are judged by the ranges of the policies; the world only where all of it is treated alike', () => {
    const publicRange = { ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } };
    const versions = (from: readonly unknown[]) => [
      version('shop', 'default-deny', september),
      version('shop', 'in', september, { spec: allowSpec('web', from, 8443) }),
    ];
    assert.equal(word(edge('ip:192.0.2.7', web.key), versions([publicRange])), 'covered');
    assert.equal(word(edge('ip:10.1.2.3', web.key), versions([publicRange])), 'violation');
    assert.equal(word(edge('reserved:world', web.key), versions([publicRange])), 'uncertain');
    assert.equal(
      word(
        edge('reserved:world', web.key),
        versions([{ ipBlock: { cidr: '0.0.0.0/0' } }, { ipBlock: { cidr: '::/0' } }]),
      ),
      'covered',
    );
    assert.equal(word(edge('reserved:world', web.key), versions([namespacePeer('payments')])), 'violation');
    assert.equal(word(edge('ip:not-an-address', web.key), versions([publicRange])), 'uncertain');
  });

  test('an address is no workload, also where its record names a namespace', () => {
    const address = { key: 'ip:192.0.2.7', namespace: 'shop', name: '192.0.2.7', labels: { app: 'web' } };
    const workloads = [web, api, ledger, address];
    assert.equal(word(edge(address.key, api.key), undefined, { workloads }), 'violation');
  });

  test('traffic of a node with its own pods is not for policies to decide', () => {
    assert.equal(word(edge('reserved:host', api.key)), 'exempt');
    assert.equal(judge([edge('reserved:host', api.key)]).result, 'not_assessed');
  });

  test('two pods of one workload are judged like others', () => {
    assert.equal(word(edge(ledger.key, ledger.key, { port: 5432 })), 'violation');
    const among = version('payments', 'ledger-peers', september, {
      spec: {
        podSelector: { matchLabels: { app: 'ledger' } },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: [{ podSelector: {} }] }],
        egress: [{ to: [{ podSelector: {} }] }],
      },
    });
    assert.equal(word(edge(ledger.key, ledger.key, { port: 5432 }), [...healthyVersions(), among]), 'covered');
  });

  test('named ports and namespace labels that the records lack make an edge uncertain, where they decide it', () => {
    const named = [
      ...healthyVersions(),
      version('payments', 'named', september, { spec: allowSpec('ledger', [namespacePeer('shop')], 'postgres') }),
    ];
    assert.equal(word(edge(web.key, ledger.key, { port: 5432 }), named), 'uncertain');
    assert.equal(word(edge(web.key, ledger.key, { port: 5432, protocol: 'UDP' }), named), 'violation');
    assert.equal(word(edge(api.key, ledger.key, { port: 5432 }), named), 'covered');
    const byTeam = { namespaceSelector: { matchLabels: { team: 'storefront' } } };
    const labelled = [
      ...healthyVersions(),
      version('payments', 'by-team', september, { spec: allowSpec('ledger', [byTeam], 5432) }),
    ];
    assert.equal(word(edge(web.key, ledger.key, { port: 5432 }), labelled), 'uncertain');
    assert.equal(word(edge(web.key, ledger.key, { port: 1 }), labelled), 'violation');
    const withLabels = (team: string) => {
      const label = 'io.cilium.k8s.namespace.labels.team';
      const workloads = [
        workload('shop', 'web', { [label]: team }),
        workload('payments', 'api', { [label]: 'pay' }),
        workload('payments', 'ledger', { [label]: 'pay' }),
      ];
      return { workloads, segments: [segment('all', workloads)] };
    };
    assert.equal(word(edge(web.key, ledger.key, { port: 5432 }), labelled, withLabels('storefront')), 'covered');
    assert.equal(word(edge(web.key, ledger.key, { port: 5432 }), labelled, withLabels('search')), 'violation');
    const notTeam = {
      namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['search'] }] },
    };
    const negative = [
      ...healthyVersions(),
      version('payments', 'not-team', september, { spec: allowSpec('ledger', [notTeam], 5432) }),
    ];
    assert.equal(word(edge(web.key, ledger.key, { port: 5432 }), negative), 'uncertain');
  });

  test('a policy of unknown content makes uncertain what it could change, and no more', () => {
    const opaque = version('payments', 'opaque', september, { object: null, digest: null });
    const versions = [...healthyVersions(), opaque];
    assert.equal(word(edge(web.key, api.key), versions), 'covered');
    assert.equal(word(edge(web.key, ledger.key, { port: 5432 }), versions), 'uncertain');
    const deny = version('payments', 'deny', september, { kind: 'CiliumNetworkPolicy' });
    const cilium = {
      ...deny,
      object: {
        apiVersion: 'cilium.io/v2',
        kind: 'CiliumNetworkPolicy',
        metadata: { name: 'deny', namespace: 'payments' },
        spec: {},
      },
    };
    assert.equal(word(edge(web.key, api.key), [...healthyVersions(), cilium]), 'uncertain');
    const elsewhere = { ...cilium, namespace: 'other' };
    assert.equal(word(edge(web.key, api.key), [...healthyVersions(), elsewhere]), 'covered');
    const everywhere = { ...cilium, namespace: null };
    assert.equal(word(edge(web.key, api.key), [...healthyVersions(), everywhere]), 'uncertain');
  });

  test('is not assessed without allowed flows, without any policy record, or when a source was silent', () => {
    assert.equal(judge([]).result, 'not_assessed');
    assert.equal(
      judge([edge(web.key, api.key, { verdict: 'deny' }), edge(web.key, api.key, { verdict: 'none' })]).examined,
      0,
    );
    assert.equal(judge([edge(web.key, api.key)], []).result, 'not_assessed');
    const silent = source('hubble', { lastEventTime: '2026-10-20T00:00:00Z' });
    const stale = judge([edge(web.key, api.key)], undefined, { sources: [source('audit'), silent] });
    assert.equal(stale.result, 'not_assessed');
    assert.match(stale.reason, /but the evidence is not complete: source hubble has been silent for 12 days/);
    const onlyAudit = source('audit', { lastEventTime: '2026-10-20T00:00:00Z' });
    assert.match(
      judge([edge(web.key, api.key)], undefined, { sources: [onlyAudit] }).reason,
      /source audit has been silent/,
    );
    const wrong = judge([edge(web.key, ledger.key)], undefined, { sources: [source('audit'), silent] });
    assert.equal(wrong.result, 'not_satisfied');
    assert.equal(judge([edge(web.key, api.key)], undefined, { sources: [] }).result, 'not_assessed');
  });

  test('more findings than are written out are summed up, and every flow is counted', () => {
    const edges = Array.from({ length: observationLimit + 20 }, (_, at) =>
      edge(web.key, ledger.key, { port: 1_000 + at, flows: 3 }),
    );
    const result = judge(edges);
    assert.equal(result.observations.length, observationLimit + 1);
    assert.match(
      result.observations.at(-1)?.statement ?? '',
      /^20 more findings of this kind, with 60 flows of 20 edges/,
    );
    assert.equal(result.citations.length, 50);
    assert.equal(result.citedTotal, 360);
  });

  test('judges 50,000 edges of 200,000 flows under policies that changed through the month', () => {
    const namespaces = Array.from({ length: 8 }, (_, at) => `ns${at}`);
    const workloads = namespaces.flatMap((namespace) =>
      Array.from({ length: 25 }, (_, at) => workload(namespace, `w${at}`)),
    );
    const policyVersions = namespaces.flatMap((namespace) => [
      version(namespace, 'default-deny', september),
      version(namespace, 'out', september, { spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] } }),
      ...Array.from({ length: 30 }, (_, day) =>
        version(namespace, `rule-${day % 10}`, `2026-10-${String(day + 1).padStart(2, '0')}T00:00:00Z`, {
          action: day < 10 ? 'create' : 'update',
          spec: allowSpec(`w${day % 10}`, namespaces.map(namespacePeer), 8443),
        }),
      ),
    ]);
    const edges = Array.from({ length: 50_000 }, (_, at) => {
      const [from, to] = [workloads[at % 200], workloads[Math.floor(at / 7) % 200]];
      assert.ok(from && to);
      return edge(from.key, to.key, { day: `2026-10-${String(10 + (at % 20)).padStart(2, '0')}` });
    });
    const result = judge(edges, policyVersions, {
      workloads,
      segments: namespaces.map((name) =>
        segment(
          name,
          workloads.filter(({ namespace }) => namespace === name),
        ),
      ),
    });
    assert.equal(result.examined, 50_000);
    assert.equal(result.citedTotal, 200_000);
    // Ten of the 25 workloads of each namespace have a rule by 10 October.
    const allowed = edges.filter(({ destination }) => /w\d$/.test(destination)).length;
    assert.equal(result.passed, allowed);
  });
});

describe('enforcement mode', () => {
  const audited = (more: Partial<EdgeView> = {}) => edge(web.key, ledger.key, { verdict: 'would_deny', ...more });
  const run = (edges: readonly EdgeView[], parts: Partial<EvidenceSnapshot> = {}) =>
    enforcementMode.run(
      snapshot({ edges: [...snapshot().edges, edge(web.key, api.key, { direction: 'egress' }), ...edges], ...parts }),
    );

  test('is satisfied when enforcing segments gave decisions and no audit verdict', () => {
    const result = run([]);
    assert.deepEqual([result.result, result.examined, result.passed], ['satisfied', 2, 2]);
  });

  test('is not satisfied when an enforcing segment only reported what it would deny', () => {
    const result = run([audited({ flows: 7 })]);
    assert.equal(result.result, 'not_satisfied');
    assert.deepEqual(
      result.observations.map(({ subject }) => subject),
      ['payments'],
    );
    assert.match(
      statements(result),
      /payments is in phase enforcing, but 7 flows over 1 edge only got an audit verdict, such as k8s:shop\/web to k8s:payments\/ledger/,
    );
  });

  test('the verdict belongs to the end that gave it', () => {
    assert.deepEqual(
      run([audited({ direction: 'egress' })]).observations.map(({ subject }) => subject),
      ['shop'],
    );
    assert.deepEqual(
      run([audited({ direction: 'unknown' })]).observations.map(({ subject }) => subject),
      ['shop', 'payments'],
    );
  });

  test('audit verdicts are expected before enforcement began, and in segments that do not enforce', () => {
    const since = (phaseSince: string) => ({ segments: [segment('payments', [api, ledger], { phaseSince })] });
    assert.equal(run([audited()], since('2026-10-20T08:00:00Z')).result, 'not_satisfied');
    assert.equal(run([audited()], since('2026-10-20T08:00:01Z')).result, 'satisfied');
    const monitoring = run([audited()], {
      segments: [segment('shop', [web]), segment('payments', [api, ledger], { phase: 'monitoring' })],
    });
    assert.deepEqual([monitoring.result, monitoring.examined], ['satisfied', 1]);
    assert.match(statements(monitoring), /payments is in phase monitoring/);
  });

  test('is not assessed without enforcing segments, without decisions, or when a source was silent', () => {
    assert.equal(run([], { segments: [] }).result, 'not_assessed');
    const both = source('both', { lastEventTime: '2026-10-20T00:00:00Z' });
    const policyVersions = healthyVersions().map((one) => ({ ...one, source: 'both' }));
    assert.equal(
      run([], { sources: [both], policyVersions }).result,
      'not_assessed',
      'one source for policies and flows',
    );
    assert.equal(run([], { segments: [segment('empty', [])] }).result, 'not_assessed');
    const observed = edge(web.key, 'k8s:quiet/app', { verdict: 'none' });
    const quiet = run([observed], { segments: [segment('quiet', [workload('quiet', 'app')])] });
    assert.equal(quiet.result, 'not_assessed');
    assert.match(statements(quiet), /No enforcement decision of segment quiet/);
    assert.equal(
      run([], { sources: [source('audit'), source('hubble', { lastEventTime: '2026-10-20T00:00:00Z' })] }).result,
      'not_assessed',
    );
  });
});
