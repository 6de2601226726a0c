/**
 * 200 edits that say the same in another spelling raise no drift; 200 that some flow notices are all found, each with
 * exactly the paths that a slow and obvious evaluator finds to differ.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { driftCauses } from '../../src/drift/causes.js';
import type { VersionSeen } from '../../src/drift/departure.js';
import { effectOf, sharing, type PathList } from '../../src/drift/effect.js';
import { departures } from '../../src/drift/intended.js';
import { objectDigest } from '../../src/policies/object-digest.js';
import { importPolicies } from '../../src/policies/import.js';
import { parseAddress } from '../../src/policies/simulation/address.js';
import type { Topology } from '../../src/policies/simulation/evaluate.js';
import { networkPolicy, topology, type RawPolicy } from '../policies/clusters.js';
import { changing, preserving, type Edit } from '../policies/edits.js';
import { questions } from '../policies/questions.js';
import { referenceVerdict, type Question } from '../policies/reference.js';

const wanted = 200;
const numbers = fc.array(fc.nat(), { minLength: 4, maxLength: 4 });

function edited(policy: RawPolicy, edit: Edit, picks: readonly number[]): RawPolicy {
  const copy = structuredClone(policy);
  let at = 0;
  edit(copy, (n) => (picks[at++ % picks.length] ?? 0) % n);
  return copy;
}

function version(policy: RawPolicy, number: number): VersionSeen {
  return {
    system: 'kubernetes',
    kind: 'NetworkPolicy',
    namespace: policy.metadata.namespace,
    name: policy.metadata.name,
    version: number,
    index: number * 10,
    position: 0,
    action: number === 1 ? 'create' : 'update',
    author: 'night.owl',
    source: 'kube-audit',
    eventTime: `2026-11-0${number}T02:00:00.000000Z`,
    digest: objectDigest(policy),
  };
}

const openDrift = (before: RawPolicy, after: RawPolicy) =>
  driftCauses(departures([version(before, 1), version(after, 2)], [], [], '2026-11-03T00:00:00Z'));

function differences(pods: Topology, before: RawPolicy, after: RawPolicy): { gained: Question[]; lost: Question[] } {
  const setting = { topology: pods, ipBlockMatchesPods: false };
  const gained: Question[] = [];
  const lost: Question[] = [];
  for (const question of questions(pods)) {
    if (question.source === question.destination) continue;
    if (question.protocol === 'ICMP' || question.protocol === 'ICMPv6') continue;
    const allows = (policy: RawPolicy) => {
      const { egress, ingress } = referenceVerdict(setting, [policy], [], question);
      return egress && ingress;
    };
    const [was, is] = [allows(before), allows(after)];
    if (!was && is) gained.push(question);
    if (was && !is) lost.push(question);
  }
  return { gained, lost };
}

function isEnd(text: string, end: Question['source']): boolean {
  if (typeof end !== 'string') return text === end.key;
  const [first = '', last = first] = text.split('-');
  const [low, high, asked] = [first, last, end].map(parseAddress);
  if (!low || !high || !asked) return false;
  return low.family === asked.family && low.value <= asked.value && asked.value <= high.value;
}

function holdsPort(ports: string, { protocol, port }: Question): boolean {
  return ports.split(', ').some((range) => {
    const [name, span = ''] = range.split(' ');
    const [first = 0, last = first] = span.split('-').map(Number);
    return name === protocol && first <= port && port <= last;
  });
}

/** Of all questions, exactly those that differ lie on the paths listed. */
function assertPaths(list: PathList, pods: Topology, expected: readonly Question[]): void {
  assert.equal(list.listed.length, list.pairs, 'all paths are listed here');
  const wantedOnes = new Set(expected.map((question) => JSON.stringify(question)));
  for (const question of questions(pods)) {
    if (question.source === question.destination) continue;
    if (question.protocol === 'ICMP' || question.protocol === 'ICMPv6') continue;
    const listed = list.listed.some(
      ({ source, destination, ports }) =>
        isEnd(source, question.source) && isEnd(destination, question.destination) && holdsPort(ports, question),
    );
    assert.equal(listed, wantedOnes.has(JSON.stringify(question)), JSON.stringify(question));
  }
}

describe('drift goes by meaning', () => {
  test(`${wanted} edits that keep the meaning raise none`, (t) => {
    const used = new Set<string>();
    let checked = 0;
    fc.assert(
      fc.property(
        networkPolicy,
        fc.array(fc.constantFrom(...Object.entries(preserving)), { minLength: 1, maxLength: 4 }),
        numbers,
        (policy, edits, picks) => {
          const after = edits.reduce((current, [, edit]) => edited(current, edit, picks), policy);
          fc.pre(JSON.stringify(after) !== JSON.stringify(policy));
          for (const [name] of edits) used.add(name);
          assert.deepEqual(openDrift(policy, after), []);
          checked++;
        },
      ),
      { numRuns: wanted },
    );
    assert.ok(checked >= wanted);
    t.diagnostic(`${checked} edits, ${used.size} of ${Object.keys(preserving).length} kinds`);
  });

  test(`${wanted} edits that some flow notices are all found, with the paths gained and lost`, (t) => {
    const used = new Set<string>();
    let checked = 0;
    fc.assert(
      fc.property(
        topology,
        networkPolicy,
        fc.constantFrom(...Object.entries(changing)),
        numbers,
        (pods, policy, [name, edit], picks) => {
          const after = edited(policy, edit, picks);
          const [old, current] = [policy, after].map((one) => importPolicies([one]));
          fc.pre(old !== undefined && current !== undefined && old.problems.length + current.problems.length === 0);
          const { gained, lost } = differences(pods, policy, after);
          fc.pre(gained.length + lost.length > 0);
          used.add(name);
          const [cause, ...others] = openDrift(policy, after);
          assert.deepEqual(others, []);
          assert.equal(cause?.by, 'night.owl');
          assert.deepEqual(
            cause.open.map(({ versions }) => versions.map(({ index }) => index)),
            [[20]],
          );
          const observed = current?.policies ?? [];
          const intended = sharing(observed, old?.policies ?? []);
          const effect = effectOf({ topology: pods, intended, observed }, Infinity);
          assertPaths(effect.gained, pods, gained);
          assertPaths(effect.lost, pods, lost);
          checked++;
        },
      ),
      { numRuns: wanted },
    );
    assert.ok(checked >= wanted);
    t.diagnostic(`${checked} edits, ${used.size} of ${Object.keys(changing).length} kinds`);
  });
});
