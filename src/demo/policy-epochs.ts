/** Which policies decide at a moment of the estate, and how. */

import { importPolicy } from '../policies/kubernetes/import.js';
import { policyIdText, protocols, type Policy, type Protocol } from '../policies/model.js';
import { compile, type Endpoint, type Engine, type Topology, type Verdict } from '../policies/simulation/evaluate.js';
import type { PolicyEvent } from './carry-out.js';
import type { Manifest } from './manifests.js';
import type { PhaseChange } from './story.js';
import { neverEnforced, segments } from './segments.js';
import type { Workloads } from './workloads.js';

/** The time between two policy changes: the same policies decide throughout. */
export class PolicyEpoch {
  private readonly engine: Engine;
  private readonly known = new Map<number, Verdict>();

  constructor(
    readonly from: number,
    /** Counts the policy changes so far, as Cilium counts revisions of its rules. */
    readonly revision: number,
    topology: Topology,
    policies: readonly Policy[],
  ) {
    this.engine = compile(topology, policies, { ipBlockMatchesPods: false });
  }

  /** The verdict of the policies on a connection attempt; whether it is enforced is not said here. */
  decide(source: Endpoint, destination: Endpoint, protocol: Protocol, port: number): Verdict {
    const [from, to] = [this.engine.endpointNumber(source), this.engine.endpointNumber(destination)];
    const number = protocols.indexOf(protocol);
    const key = ((from * 4096 + to) * 4 + number) * 65_536 + port;
    let verdict = this.known.get(key);
    if (verdict === undefined) this.known.set(key, (verdict = this.engine.verdictOf(from, to, number, port)));
    return verdict;
  }
}

function read(manifest: Manifest): Policy {
  const imported = importPolicy(manifest);
  if (imported.ok) return imported.policy;
  const { name, namespace } = manifest.metadata;
  throw new TypeError(
    `expected a valid policy, but ${namespace}/${name} is refused: ${imported.problems.map(({ path, message }) => `${path} ${message}`).join('; ')}`,
  );
}

function topologyOf(workloads: Workloads): Topology {
  const pods = workloads.all.map(({ key, namespace, name }) => ({
    key,
    namespace,
    name,
    labels: { app: name },
    ips: [],
    namedPorts: [],
    hostNetwork: false,
  }));
  return { namespaces: [], pods };
}

/** The epochs of the estate in order of time; there is always one for any moment. */
export class PolicyEpochs {
  private readonly epochs: readonly PolicyEpoch[];
  private readonly enforcedFrom: ReadonlyMap<string, number>;
  private current = 0;

  constructor(workloads: Workloads, events: readonly PolicyEvent[], phases: readonly PhaseChange[]) {
    const topology = topologyOf(workloads);
    const inForce = new Map<string, Policy>();
    const epochs = [new PolicyEpoch(Number.NEGATIVE_INFINITY, 1, topology, [])];
    for (const { at, action, manifest } of events) {
      const policy = read(manifest);
      if (action === 'delete') inForce.delete(policyIdText(policy.id));
      else inForce.set(policyIdText(policy.id), policy);
      epochs.push(new PolicyEpoch(at, epochs.length + 1, topology, [...inForce.values()]));
    }
    this.epochs = epochs;
    this.enforcedFrom = new Map([
      ...segments.map(({ name, phase }): [string, number] => [name, phase === 'monitoring' ? Infinity : -Infinity]),
      ...phases.map(({ at, segment }): [string, number] => [segment, at]),
      [neverEnforced, Infinity],
    ]);
  }

  /** The epoch a millisecond falls into. Quickest when asked for moments close to each other. */
  at(moment: number): PolicyEpoch {
    while (this.current > 0 && (this.epochs[this.current]?.from ?? 0) > moment) this.current--;
    while ((this.epochs[this.current + 1]?.from ?? Infinity) <= moment) this.current++;
    const epoch = this.epochs[this.current];
    if (epoch === undefined) throw new RangeError(`expected an epoch for ${moment}, found none`);
    return epoch;
  }

  /** Whether the policies of a namespace deny at that moment, or only say that they would. */
  isEnforced(namespace: string, moment: number): boolean {
    return (this.enforcedFrom.get(namespace) ?? -Infinity) <= moment;
  }
}
