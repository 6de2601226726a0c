/** Verdicts on flows as lists and logs name them: by pod, workload or address, explained, never guessed. */

import { policyIdText, protocols, type Direction } from './model.js';
import type { ManifestTopology } from './kubernetes/topology.js';
import { formatAddress, parseAddress } from './simulation/address.js';
import type { Engine, RuleMatch, SideVerdict } from './simulation/evaluate.js';

/** A flow as written. Every member may be missing or senseless; the answer then says so. */
export interface FlowQuestion {
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly port: string;
}

/** Why a flow gets no verdict. */
export type UnknownReason =
  | 'unreadable'
  | 'missing_field'
  | 'unknown_protocol'
  | 'bad_port'
  | 'unknown_workload'
  | 'ambiguous_workload'
  | 'ambiguous_address'
  | 'host_network_address'
  | 'no_workload';

/** The rule that matched: positions in the policy's lists, from 0; `null` where the rule is for any peer or port. */
export interface ExplainedRule {
  readonly policy: string;
  readonly rule: number;
  readonly peer: number | null;
  readonly port: number | null;
}

/** The decision of one side as data; `text` says the same in a sentence. */
export interface ExplainedSide {
  readonly side: Direction;
  readonly verdict: 'allow' | 'deny';
  readonly reason:
    | 'rules'
    | 'isolated'
    | 'no_policy_selects'
    | 'no_rule_matches'
    | 'external'
    | 'host_network'
    | 'self';
  readonly tier: string | null;
  /** The policies that decide: those whose rules match, or those that isolate. */
  readonly policies: readonly string[];
  readonly rules: readonly ExplainedRule[];
  /** Rules that handed the decision on to a later tier. */
  readonly passedBy: readonly ExplainedRule[];
  readonly text: string;
}

/** The answer to a question. `dependsOn` names options that would turn the verdict. */
export type FlowAnswer =
  | (FlowQuestion & { readonly verdict: 'unknown'; readonly reason: UnknownReason; readonly message: string })
  | {
      readonly source: string;
      readonly destination: string;
      readonly protocol: string;
      readonly port: number;
      readonly verdict: 'allow' | 'deny';
      readonly egress: ExplainedSide;
      readonly ingress: ExplainedSide;
      readonly dependsOn?: readonly string[];
    };

function explainedRule({ policy, rule, peer, port }: RuleMatch): ExplainedRule {
  return { policy: policyIdText(policy), rule, peer, port };
}

function ruleText({ policy, rule, peer, port }: ExplainedRule): string {
  const part = (name: string, at: number | null) => `${name} ${at === null ? 'any' : at}`;
  return `${policy} rule ${rule} (${part('peer', peer)}, ${part('port', port)})`;
}

const plainTexts = {
  external: 'not a workload, no policy guards it',
  host_network: 'a host-network pod, policies are not applied to it',
  self: 'a workload always reaches itself',
  no_policy_selects: 'no policy selects it',
  no_rule_matches: 'no rule of the policies that select it matches, and none of them isolates it',
} as const;

const explained = {
  egress: new WeakMap<SideVerdict, ExplainedSide>(),
  ingress: new WeakMap<SideVerdict, ExplainedSide>(),
};

/** The verdict of one side as data. Engines give one object for verdicts that recur, which is explained once. */
export function explainSide(side: Direction, verdict: SideVerdict): ExplainedSide {
  let explanation = explained[side].get(verdict);
  if (explanation === undefined) explained[side].set(verdict, (explanation = explanationOf(side, verdict)));
  return explanation;
}

function explanationOf(side: Direction, { allowed, by, passedBy }: SideVerdict): ExplainedSide {
  const verdict = allowed ? 'allow' : 'deny';
  const passed = passedBy.map(explainedRule);
  const after = passed.length === 0 ? '' : `; passed on by ${passed.map(ruleText).join(', ')}`;
  const base = { side, verdict, passedBy: passed } as const;
  if (typeof by === 'string')
    return { ...base, reason: by, tier: null, policies: [], rules: [], text: `${plainTexts[by]}${after}` };
  if ('isolatedBy' in by) {
    const policies = by.isolatedBy.map(policyIdText);
    const text = `isolated by ${policies.join(', ')}, none of whose rules matches${after}`;
    return { ...base, reason: 'isolated', tier: by.tier ?? 'NetworkPolicy', policies, rules: [], text };
  }
  const rules = by.policies.map(explainedRule);
  const policies = rules.map(({ policy }) => policy);
  const text = `${allowed ? 'allowed' : 'denied'} by ${rules.map(ruleText).join(', ')}${after}`;
  return { ...base, reason: 'rules', tier: by.tier, policies, rules, text };
}

interface Unresolved {
  readonly reason: UnknownReason;
  readonly message: string;
}

function add<Key>(map: Map<Key, Set<number>>, key: Key, at: number): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, new Set([at]));
  else known.add(at);
}

/** Finds the endpoints that names and addresses mean, and refuses what means none or several. */
export class FlowResolver {
  private readonly byName = new Map<string, Set<number>>();
  private readonly byKey = new Map<string, number>();
  private readonly byAddress = new Map<string, Set<number>>();
  private readonly hostAddresses = new Set<string>();

  /** `topology` as the manifests describe it; `engine` may run on one that treats host-network pods as any pods. */
  constructor(
    topology: ManifestTopology,
    private readonly engine: Engine,
  ) {
    for (const [at, pod] of topology.pods.entries()) {
      this.byKey.set(pod.key, at);
      add(this.byName, `${pod.namespace}/${pod.name}`, at);
      for (const name of pod.pods) add(this.byName, `${pod.namespace}/${name}`, at);
      for (const ip of pod.ips) {
        const address = parseAddress(ip);
        if (address === null) continue;
        if (pod.hostNetwork) this.hostAddresses.add(formatAddress(address));
        else add(this.byAddress, formatAddress(address), at);
      }
    }
  }

  /** The number of the endpoint in the engine, or why there is none. */
  resolve(text: string): number | Unresolved {
    const address = parseAddress(text);
    if (address !== null) return this.address(formatAddress(address));
    const exact = this.byKey.get(text);
    if (exact !== undefined) return exact;
    const named = [...(this.byName.get(text) ?? [])];
    if (named[0] === undefined)
      return {
        reason: 'unknown_workload',
        message: `expected namespace/name of a pod or workload in the objects, or an IP address, got ${JSON.stringify(text)}`,
      };
    if (named.length === 1) return named[0];
    const keys = named.map((at) => this.engine.topology.pods[at]?.key ?? '');
    return { reason: 'ambiguous_workload', message: `${text} may be any of ${keys.join(', ')}; name one of these` };
  }

  private address(text: string): number | Unresolved {
    const owners = [...(this.byAddress.get(text) ?? [])];
    if (owners.length === 1 && owners[0] !== undefined) return owners[0];
    if (owners.length > 1) {
      const keys = owners.map((at) => this.engine.topology.pods[at]?.key ?? '');
      return { reason: 'ambiguous_address', message: `${text} is an address of ${keys.join(' and of ')}` };
    }
    if (this.hostAddresses.has(text))
      return {
        reason: 'host_network_address',
        message: `${text} is the address of a node with host-network pods; which of them, or the node, cannot be told`,
      };
    return this.engine.endpointNumber({ ip: text });
  }
}

/** What questions are put to. `otherEngine` differs in one option, whose name is `option`; its verdict is compared. */
export interface FlowGround {
  readonly engine: Engine;
  readonly resolver: FlowResolver;
  readonly other: { readonly engine: Engine; readonly option: string } | null;
}

function unknown(question: FlowQuestion, reason: UnknownReason, message: string): FlowAnswer {
  return { ...question, verdict: 'unknown', reason, message };
}

/** Answers one question. Never throws. */
export function answerFlow({ engine, resolver, other }: FlowGround, question: FlowQuestion): FlowAnswer {
  for (const field of ['source', 'destination', 'protocol', 'port'] as const)
    if (question[field] === '') return unknown(question, 'missing_field', `${field} is missing`);
  const protocol = protocols.findIndex((name) => name === question.protocol.toUpperCase());
  const name = protocols[protocol];
  if (name === undefined)
    return unknown(
      question,
      'unknown_protocol',
      `expected one of ${protocols.join(', ')}, of which policies speak, got ${JSON.stringify(question.protocol)}`,
    );
  const port = /^\d{1,5}$/.test(question.port) ? Number(question.port) : -1;
  if (port < 0 || port > 65535)
    return unknown(question, 'bad_port', `expected a port from 0 to 65535, got ${JSON.stringify(question.port)}`);
  const source = resolver.resolve(question.source);
  if (typeof source !== 'number') return unknown(question, source.reason, `source: ${source.message}`);
  const destination = resolver.resolve(question.destination);
  if (typeof destination !== 'number')
    return unknown(question, destination.reason, `destination: ${destination.message}`);
  if (source >= engine.podCount && destination >= engine.podCount)
    return unknown(question, 'no_workload', 'neither end is a workload in the objects');
  const { allowed, egress, ingress } = engine.verdictOf(source, destination, protocol, port);
  const otherwise = other === null ? allowed : other.engine.verdictOf(source, destination, protocol, port).allowed;
  return {
    source: question.source,
    destination: question.destination,
    protocol: name,
    port,
    verdict: allowed ? 'allow' : 'deny',
    egress: explainSide('egress', egress),
    ingress: explainSide('ingress', ingress),
    ...(otherwise === allowed || other === null ? {} : { dependsOn: [other.option] }),
  };
}

const sideTexts = new WeakMap<ExplainedSide, string>();

function sideJson(side: ExplainedSide): string {
  let text = sideTexts.get(side);
  if (text === undefined) sideTexts.set(side, (text = JSON.stringify(side)));
  return text;
}

/** The answer as one line of JSON, as `JSON.stringify` would write it. */
export function answerJson(answer: FlowAnswer): string {
  if (answer.verdict === 'unknown') return JSON.stringify(answer);
  const { egress, ingress, dependsOn, ...flow } = answer;
  const rest = dependsOn === undefined ? '' : `,"dependsOn":${JSON.stringify(dependsOn)}`;
  return `${JSON.stringify(flow).slice(0, -1)},"egress":${sideJson(egress)},"ingress":${sideJson(ingress)}${rest}}`;
}
