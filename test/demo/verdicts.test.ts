import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { compareInstants } from '../../src/changes/instants.js';
import { generateEstate } from '../../src/demo/estate.js';
import type { NormalForm, WorkloadRef } from '../../src/ingestion/normal-form.js';
import { importPolicy } from '../../src/policies/kubernetes/import.js';
import { policyIdText, protocols, type Policy } from '../../src/policies/model.js';
import { compile, type Endpoint, type Engine, type Pod } from '../../src/policies/simulation/evaluate.js';
import { readEstate } from './estate-records.js';

/** Everything here is taken from the records: policies from the audit log, workloads and labels from the flows. */
const read = readEstate(generateEstate({ seed: 19, end: new Date('2026-11-25T09:20:00Z'), flows: 24_000 }));
const flows = read.records.flatMap(({ record }) => (record.kind === 'flow' ? [record] : []));
const decisions = flows.filter(({ attributes, isReply }) => attributes.eventType !== 4 && isReply !== true);

function podsOf(records: readonly NormalForm[]): Pod[] {
  const seen = new Map<string, WorkloadRef>();
  for (const { source, destination } of records)
    for (const end of [source, destination]) if (end?.workload?.namespace) seen.set(end.workload.key, end.workload);
  return [...seen.values()].map(({ key, namespace, name, labels }) => ({
    key,
    namespace: namespace ?? '',
    name,
    labels,
    ips: [],
    namedPorts: [],
    hostNetwork: false,
  }));
}

/** The policies in force from each audit record on, oldest first. */
function states(): { readonly since: string; readonly engine: Engine }[] {
  const pods = podsOf(flows);
  const topology = { namespaces: [], pods };
  const inForce = new Map<string, Policy>();
  const list = [{ since: '1970-01-01T00:00:00Z', engine: compile(topology, [], { ipBlockMatchesPods: false }) }];
  for (const { object, action, namespace, name, eventTime } of read.versions) {
    const key = `NetworkPolicy ${namespace ?? ''}/${name}`;
    if (action === 'delete') assert.ok(inForce.delete(key), `${key} is deleted and was not there`);
    else {
      assert.equal(inForce.has(key), action === 'update', `${action} of ${key} at ${eventTime}`);
      const imported = importPolicy(object);
      assert.ok(imported.ok);
      assert.equal(policyIdText(imported.policy.id), key);
      inForce.set(key, imported.policy);
    }
    list.push({ since: eventTime, engine: compile(topology, [...inForce.values()], { ipBlockMatchesPods: false }) });
  }
  return list;
}

const history = states();

function engineAt(time: string): Engine {
  const state = history.findLast(({ since }) => compareInstants(since, time) <= 0);
  assert.ok(state);
  return state.engine;
}

function isEnforcing(segment: string, time: string): boolean {
  const phases = read.phases.filter((each) => each.segment === segment);
  // Segments are registered in the first minutes; what is registered then holds from the start.
  const phase = phases.findLast(({ at }) => compareInstants(at, time) <= 0) ?? phases[0];
  return phase?.phase === 'enforcing' || phase?.phase === 'testing';
}

function placeOf(end: NormalForm['source']): Endpoint {
  const workload = end?.workload;
  if (workload?.namespace) return { pod: workload.key };
  assert.ok(end?.ip);
  return { ip: end.ip };
}

function sideOf(record: NormalForm) {
  const { source, destination, protocol, direction, eventTime } = record;
  const named = protocols.find((known) => known === protocol?.name.toUpperCase());
  assert.ok(named !== undefined && destination?.port != null && eventTime !== null && direction !== 'unknown');
  const flow = { source: placeOf(source), destination: placeOf(destination), protocol: named, port: destination.port };
  return engineAt(eventTime).verdict(flow)[direction];
}

describe('verdicts follow from the policies in force', () => {
  test('each decision is what the simulator says of the reporting side at that moment', () => {
    assert.ok(decisions.length > 15_000, `${decisions.length} decisions`);
    for (const record of decisions) {
      const subject = record.direction === 'ingress' ? record.destination : record.source;
      const namespace = subject?.workload?.namespace ?? '';
      const { allowed } = sideOf(record);
      const denied = isEnforcing(namespace, record.eventTime ?? '') ? 'deny' : 'would_deny';
      assert.equal(record.verdict, allowed ? 'allow' : denied, `${record.eventTime} ${record.summary}`);
    }
  });

  test('the policies a record names are those that allow it, and its match type says how', () => {
    for (const record of decisions.filter(({ attributes }) => attributes.eventType === 5)) {
      const { by } = sideOf(record);
      const rules = typeof by === 'object' && 'policies' in by ? by.policies : [];
      const named = record.policies.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`);
      assert.deepEqual(
        named,
        rules.map(({ policy }) => policyIdText(policy)),
        record.summary,
      );
      const { policyMatchType } = record.attributes;
      if (by === 'no_policy_selects') assert.equal(policyMatchType, 4, record.summary);
      else assert.notEqual(policyMatchType, 4, record.summary);
      assert.equal(policyMatchType === undefined, record.verdict !== 'allow', record.summary);
    }
  });

  test('a packet dropped where it left never arrives', () => {
    const end = ({ ip, port }: { ip: string | null; port: number | null }) => `${ip}:${port}`;
    const key = ({ source, destination, eventTime }: NormalForm) =>
      source && destination ? `${end(source)} ${end(destination)} ${eventTime?.slice(0, 23)}` : '';
    const dropped = new Set(
      decisions.filter(({ verdict, direction }) => verdict === 'deny' && direction === 'egress').map(key),
    );
    assert.ok(dropped.size > 20);
    for (const record of decisions)
      if (record.direction === 'ingress') assert.ok(!dropped.has(key(record)), record.summary);
  });

  test('no verdict is given where no policy decides: on traces and answers', () => {
    const traces = flows.filter(({ attributes }) => attributes.eventType === 4);
    assert.ok(traces.length > 500);
    for (const { verdict, summary } of traces) assert.equal(verdict, 'none', summary);
  });
});
