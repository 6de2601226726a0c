import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { diffEngines } from '../../src/policies/diff.js';
import { changeLine, isIpv6 } from '../../src/policies/connection-list.js';
import { readCluster, type ManifestCluster } from '../../src/policies/manifests/cluster.js';
import type { Direction, Policy, PolicyId } from '../../src/policies/model.js';
import { compile, type Endpoint, type SideVerdict } from '../../src/policies/simulation/evaluate.js';
import { portKey, root, skip } from './netpol-cases.js';
import { connectionLines, joinRanges } from './netpol-wording.js';

const tests = join(root, 'np-guard', 'tests');
const expectedIn = (kind: string) => join(root, 'np-guard', 'expected', kind);

/** Read as the commands read folders. */
function manifests(directory: string): ManifestCluster {
  return readCluster(
    readdirSync(join(tests, directory), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
      .map((entry) => ({ name: entry.name, text: readFileSync(join(entry.parentPath, entry.name), 'utf8') })),
  );
}

function linesOf(kind: string, file: string): string[] {
  return readFileSync(join(expectedIn(kind), file), 'utf8')
    .split('\n')
    .map((line) => line.trim());
}

/** The manifests an expectation belongs to: the longest directory name that its file name begins with. */
function directoryOf(file: string): string {
  const names = readdirSync(tests).filter((name) => file.startsWith(`${name}_`));
  const found = names.sort((a, b) => b.length - a.length)[0];
  assert.ok(found !== undefined, `no manifests for ${file}`);
  return found;
}

/** That tool lets policies select host-network pods too. */
function clusterOf(directory: string) {
  const { topology, policies, problems, notModelled } = manifests(directory);
  assert.deepEqual([problems, notModelled], [[], []]);
  const pods = topology.pods.map((pod) => ({ ...pod, hostNetwork: false }));
  return { engine: compile({ ...topology, pods }, policies, { ipBlockMatchesPods: false }), policies };
}

/** `..._focus_workload_a_b_egress_with_c`: paths that leave a or b towards c. */
function inFocus(file: string): (line: string) => boolean {
  const [, names, direction, others] =
    /_focus_workload_(.+?)(?:_(egress|ingress))?(?:_with_(.+?))?_(?:connlist|exposure)_/.exec(file) ?? [];
  if (names === undefined) return () => true;
  const among = (end: string, list: string) => list.split('_').some((name) => end.includes(`/${name}[`));
  return (line) => {
    const [source = '', destination = ''] = (line.split(' : ')[0] ?? '').split(' => ');
    const from =
      direction !== 'ingress' && among(source, names) && (others === undefined || among(destination, others));
    const to = direction !== 'egress' && among(destination, names) && (others === undefined || among(source, others));
    return from || to;
  };
}

describe('expectations of netpol-analyzer', { skip }, () => {
  const files = skip ? [] : readdirSync(expectedIn('connlist'));

  test('connection lists are equal as sets', (t) => {
    const lists = files.filter((file) => file.endsWith('_connlist_output.txt'));
    let total = 0;
    for (const file of lists) {
      const onUdp52 = file.includes('_udp-52_');
      const expected = linesOf('connlist', file)
        .filter((line) => line.includes(' => ') && !line.includes('{ingress-controller}'))
        .map((line) => (onUdp52 ? `${line} : All Connections` : line));
      const found = connectionLines(clusterOf(directoryOf(file)).engine).filter(inFocus(file));
      assert.deepEqual(found, joinRanges(expected), file);
      total += expected.length;
    }
    t.diagnostic(`${lists.length} connection lists, ${total} lines`);
    assert.ok(lists.length >= 20);
  });

  test('connections listed beside an exposure analysis are equal as sets', (t) => {
    const lists = files.filter((file) => file.endsWith('_exposure_output.txt') && !file.includes('_explain_'));
    let total = 0;
    for (const file of lists) {
      const all = linesOf('connlist', file);
      const expected = all.slice(0, all.indexOf('Exposure Analysis Result:')).filter((line) => line !== '');
      assert.deepEqual(
        connectionLines(clusterOf(directoryOf(file)).engine).filter(inFocus(file)),
        joinRanges(expected),
        file,
      );
      total += expected.length;
    }
    t.diagnostic(`${lists.length} lists, ${total} lines`);
    assert.ok(lists.length >= 10);
  });

  test('differences are equal as sets', (t) => {
    let total = 0;
    const diffs = readdirSync(expectedIn('diff'));
    for (const file of diffs) {
      const [, after, before] = /^diff_between_(.+)_and_(.+)\.txt$/.exec(file) ?? [];
      assert.ok(after !== undefined && before !== undefined);
      const expected = linesOf('diff', file).filter((line) => line.startsWith('diff-type'));
      const found = diffEngines(clusterOf(before).engine, clusterOf(after).engine)
        .filter(({ source, destination }) => !isIpv6(source) && !isIpv6(destination))
        .map((path) => changeLine(path, () => true));
      assert.deepEqual(found.sort(), joinRanges(expected), file);
      total += expected.length;
    }
    t.diagnostic(`${diffs.length} diffs, ${total} lines`);
    assert.equal(diffs.length, 8);
  });

  test('inputs that must be refused are refused with a reason', (t) => {
    const bad = readdirSync(tests).filter((name) => name.includes('bad_path'));
    for (const name of bad) {
      const { problems } = manifests(name);
      assert.ok(problems.length > 0, name);
      for (const { message, object, path, place } of problems)
        assert.ok(message !== '' && object !== '' && path !== '' && place.file !== '' && place.document > 0, name);
    }
    t.diagnostic(`${bad.length} inputs refused`);
    assert.equal(bad.length, 3);
  });

  test('explanations name the same side, policies and rules', (t) => {
    const explained = files.filter((file) => file.includes('_explain_'));
    let questions = 0;
    for (const file of explained) {
      const { engine, policies } = clusterOf(directoryOf(file));
      for (const { source, destination, flows, sides } of parseExplanations(linesOf('connlist', file)))
        for (const flow of flows) {
          const verdict = engine.verdict({ source, destination, ...flow });
          for (const direction of ['egress', 'ingress'] as const)
            assert.deepEqual(
              reasonLines(verdict[direction], direction, policies).toSorted(),
              sides[direction].toSorted(),
              `${file} ${JSON.stringify({ source, destination, flow })} ${direction}`,
            );
          questions++;
        }
    }
    t.diagnostic(`${explained.length} files, ${questions} explained flows`);
    assert.ok(questions > 500);
  });
});

interface Explanation {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly flows: readonly ReturnType<typeof portKey>[];
  /** `true` or `false`, then a line for each policy that is named; `null` for the system default. */
  readonly sides: Record<Direction, readonly string[]>;
}

function endpointOf(text: string): Endpoint {
  const [, first] = /^([\d.]+)-[\d.]+\[External\]$/.exec(text) ?? [];
  return first === undefined ? { pod: text } : { ip: first };
}

/** `TCP, UDP:[1-52,54-65535], SCTP`: the ends of every range are asked. */
function flowsOf(text: string): ReturnType<typeof portKey>[] {
  return text.split(', ').flatMap((part) => {
    const [, protocol, ranges] = /^(\w+)(?::\[(.+)\])?$/.exec(part) ?? [];
    return (ranges ?? '1-65535').split(/[-,]/).map((port) => portKey(`${protocol}/${port}`));
  });
}

function parseExplanations(lines: readonly string[]): Explanation[] {
  const explanations: Explanation[] = [];
  let pair: string[] = [];
  let sides: Record<Direction, string[]> = { egress: [], ingress: [] };
  let current: string[] = [];
  for (const line of lines) {
    const [, source, destination] = /^Connections between (.+) => (.+):$/.exec(line) ?? [];
    if (source !== undefined && destination !== undefined) pair = [source, destination];
    const [, flows] = /^(?:Allowed|Denied) (.+) due to the following policies and rules:$/.exec(line) ?? [];
    if (flows !== undefined) {
      sides = { egress: [], ingress: [] };
      const [from = '', to = ''] = pair;
      explanations.push({ source: endpointOf(from), destination: endpointOf(to), flows: flowsOf(flows), sides });
    }
    const [, side, result] = /^(Egress|Ingress) \((Allowed|Denied)\)/.exec(line) ?? [];
    if (side !== undefined) {
      current = side === 'Egress' ? sides.egress : sides.ingress;
      current.push(String(result === 'Allowed'));
    }
    const [, kind, name, rest] = /^(\w+NetworkPolicy|NetworkPolicy) '(.+?)' (.+)$/.exec(line) ?? [];
    if (rest === undefined) continue;
    const [, rule] = /^(?:allows|denies|passes) connections by \w+ rule (.+)$/.exec(rest) ?? [];
    current.push(`${kind} ${name} ${rule ?? 'isolates'}`);
  }
  return explanations;
}

function named({ kind, namespace, name }: PolicyId): string {
  return `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`;
}

function reasonLines(side: SideVerdict, direction: Direction, policies: readonly Policy[]): string[] {
  const { by } = side;
  const matches = [...side.passedBy, ...(typeof by === 'object' && 'policies' in by ? by.policies : [])];
  const ruleName = (id: PolicyId, rule: number) =>
    policies.find((policy) => policy.id === id)?.[direction]?.[rule]?.name ?? `#${rule + 1}`;
  const isolated = typeof by === 'object' && 'isolatedBy' in by ? by.isolatedBy : [];
  return [
    String(side.allowed),
    ...matches.map(({ policy, rule }) => `${named(policy)} ${ruleName(policy, rule)}`),
    ...isolated.map((policy) => `${named(policy)} isolates`),
  ];
}
