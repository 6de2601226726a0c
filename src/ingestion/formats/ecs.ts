import type { Actor, Endpoint, NormalForm, Normalised, PolicyChange, PolicyRef, Verdict } from '../normal-form.js';
import { attributesOf } from './attributes.js';
import { policyCallOf } from './aws-cloudtrail-policies.js';
import { chooseTime } from './choose-time.js';
import { fieldOf, textField, wordsField } from './ecs-field.js';
import { endpointOf, portOf } from './endpoint.js';
import { readTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { isObject, type JsonObject, listOf, nameOf, objectOf, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Elastic Common Schema (ECS 1.x to 9.x): documents of Beats, Elastic Agent and whoever writes like them. Here a document
 * that names both ends of a connection or a configuration change itself; see `ecsAround` for the others.
 */
export const ecs: FormatAdapter = {
  name: 'ecs',
  version: 1,
  detect: ({ object }) => object !== null && isEcs(object) && (hasEnds(object) || isChange(object)),
  normalise,
};

/** Any other document of the schema: read when the record that it may carry as `message` or `event.original` is none of ours. */
export const ecsAround: FormatAdapter = { ...ecs, detect: ({ object }) => object !== null && isEcs(object) };

function isEcs(document: JsonObject): boolean {
  const { ecs: schema, event } = document;
  if (isObject(schema) || 'ecs.version' in document) return true;
  const time = '@timestamp' in document;
  return (
    time && (isObject(event) || 'event.kind' in document || 'event.category' in document || 'event.action' in document)
  );
}

/** A document that sums several connections up lists their ends, so that none of them is told. */
function hasEnds(document: JsonObject): boolean {
  const listed = ['source.ip', 'destination.ip'].some((name) => listOf(fieldOf(document, name)).length > 1);
  return (
    !listed &&
    textField(document, 'source.ip', 'source.address', 'client.ip') !== null &&
    textField(document, 'destination.ip', 'destination.address', 'server.ip') !== null
  );
}

function isChange(document: JsonObject): boolean {
  return wordsField(document, 'event.category').includes('configuration') && changedResource(document) !== null;
}

function normalise(wire: Wire): Normalised {
  const document = wire.object;
  if (document === null) return refuse('not_an_object', 'expected an ECS document as a JSON object');
  const flags: string[] = [];
  const categories = wordsField(document, 'event.category');
  const types = wordsField(document, 'event.type');
  const kindWord = textField(document, 'event.kind');
  const source = readEnd(document, 'source', 'client', flags);
  const destination = readEnd(document, 'destination', 'server', flags);
  const protocol =
    protocolOf(textField(document, 'network.iana_number') ?? undefined) ??
    protocolOf(textField(document, 'network.transport') ?? undefined);
  const decided = readVerdict(document, types, flags);
  const start = readTime(textField(document, 'event.start'));
  const end = readTime(textField(document, 'event.end'));
  const actor = readActor(document);
  const time = chooseTime(
    [
      textField(document, '@timestamp'),
      start,
      textField(document, 'event.created'),
      textField(document, 'event.ingested'),
    ],
    wire,
    flags,
  );
  const change = readChange(document, categories, types, decided.verdict);
  const isAlert = kindWord === 'alert' || kindWord === 'signal';
  const isFlow =
    change === null &&
    !isAlert &&
    hasEnds(document) &&
    (categories.length === 0 || categories.includes('network') || types.includes('connection'));
  const common = {
    ...time,
    nativeId: nameOf(textField(document, 'event.id')),
    verdict: decided.verdict,
    verdictRaw: decided.raw,
    reason: textField(document, 'event.reason', 'error.message'),
    reporterName: textField(document, 'observer.name', 'observer.hostname', 'host.name', 'host.hostname', 'agent.name'),
    actor,
    severity: severityOf(document),
    severityRaw: textField(document, 'log.level', 'event.severity'),
    policies: policiesOf(document, decided.verdict),
    attributes: readAttributes(document, flags),
    places,
    flags,
  };
  if (isFlow) {
    const ports = hasPorts(protocol);
    const told = {
      verdict: decided.verdict,
      source: source === null || ports ? source : { ...source, port: null },
      destination: destination === null || ports ? destination : { ...destination, port: null },
      protocol,
      direction: directionOf(textField(document, 'network.direction')),
      isReply: null,
      reason: common.reason,
    } as const;
    return accept({
      ...emptyRecord('flow', ecs),
      ...common,
      ...told,
      summary: flowSummary(told, textField(document, 'rule.name')),
      interval: start === null || end === null ? null : { start, end },
      traffic: trafficOf(document),
    });
  }
  const kind: NormalForm['kind'] =
    change !== null ? 'policy_change' : isAlert ? 'signal' : kindOf(document, categories);
  return accept({
    ...emptyRecord(kind, ecs),
    ...common,
    verdict: decided.raw === null && kind !== 'signal' && kind !== 'unknown' ? outcomeOf(document) : decided.verdict,
    verdictRaw: decided.raw ?? textField(document, 'event.outcome'),
    reporter: kind === 'admin' || kind === 'policy_change' ? 'control-plane' : 'device',
    source: kind === 'admin' || kind === 'policy_change' ? null : source,
    destination: kind === 'admin' || kind === 'policy_change' ? null : destination,
    protocol: kind === 'signal' ? protocol : null,
    summary: oneLine(summarise(document, actor, change)),
    policyChange: change,
  });
}

function kindOf(document: JsonObject, categories: readonly string[]): NormalForm['kind'] {
  const admin = ['authentication', 'iam', 'configuration', 'session', 'database', 'file', 'api'];
  if (categories.some((category) => admin.includes(category))) return 'admin';
  return fieldOf(document, 'event.kind') === undefined &&
    categories.length === 0 &&
    fieldOf(document, 'event.action') === undefined
    ? 'unknown'
    : 'signal';
}

function readEnd(
  document: JsonObject,
  name: 'source' | 'destination',
  other: 'client' | 'server',
  flags: string[],
): Endpoint | null {
  const address = textField(document, `${name}.address`, `${other}.address`);
  const ip =
    textField(document, `${name}.ip`, `${other}.ip`) ??
    (address !== null && /^[0-9a-f.:]+$/i.test(address) && /[.:]/.test(address) ? address : null);
  const domain =
    nameOf(textField(document, `${name}.domain`, `${other}.domain`)) ?? (ip === null ? nameOf(address) : null);
  return endpointOf(
    {
      ip,
      port: portOf(textField(document, `${name}.port`, `${other}.port`), flags),
      instance: domain,
      dnsNames: domain === null ? [] : [domain],
      zone: textField(
        document,
        `observer.${name === 'source' ? 'ingress' : 'egress'}.zone`,
        `gcp.${name}.vpc.vpc_name`,
      ),
    },
    flags,
  );
}

/** Where integrations keep the word of the device when the event's types do not say what was decided. */
const deviceActions = [
  'aws.vpcflow.action',
  'gcp.firewall.disposition',
  'gcp.firewall.rule_details.action',
  'azure.firewall.action',
  'fortinet.firewall.action',
  'panw.panos.action',
  'checkpoint.rule_action',
  'checkpoint.action',
  'cisco.asa.rule_action',
  'cisco.ftd.rule_action',
  'sophos.xg.log_subtype',
  'sonicwall.firewall.action',
  'juniper.srx.action',
  'iptables.action',
  'suricata.eve.alert.action',
  'zscaler_zia.firewall.action',
] as const;
const deniedWord =
  /^(?:den(?:y|ied)|drop(?:ped)?|block(?:ed)?|reject(?:ed)?|reset[a-z-]*|(?:firewall|flow|connection|packet)[-_ ](?:denied|dropped|blocked|rejected)|prevent(?:ed)?)$/i;
const allowedWord =
  /^(?:allow(?:ed)?|accept(?:ed)?|permit(?:ted)?|pass(?:ed)?|(?:firewall|flow|connection|packet)[-_ ](?:allowed|accepted|permitted))$/i;

function readVerdict(
  document: JsonObject,
  types: readonly string[],
  flags: string[],
): { verdict: Verdict; raw: string | null } {
  const denied = types.includes('denied');
  const allowed = types.includes('allowed');
  if (denied && allowed) {
    addFlag(flags, 'contradicting_verdicts');
    return { verdict: 'unknown', raw: 'allowed, denied' };
  }
  if (denied) return { verdict: 'deny', raw: 'denied' };
  if (allowed) return { verdict: 'allow', raw: 'allowed' };
  for (const name of ['event.action', ...deviceActions]) {
    const word = textField(document, name);
    if (word !== null && deniedWord.test(word)) return { verdict: 'deny', raw: word };
    if (word !== null && allowedWord.test(word)) return { verdict: 'allow', raw: word };
  }
  return { verdict: 'none', raw: null };
}

/** Of an act: whether it succeeded. */
function outcomeOf(document: JsonObject): Verdict {
  switch (textField(document, 'event.outcome')) {
    case 'success':
      return 'allow';
    case 'failure':
      return /denied|unauthori|forbidden/i.test(
        textField(document, 'event.reason', 'error.code', 'error.message', 'aws.cloudtrail.error_code') ?? '',
      )
        ? 'deny'
        : 'error';
    default:
      return 'none';
  }
}

function directionOf(word: string | null): NormalForm['direction'] {
  if (word === 'ingress' || word === 'inbound') return 'ingress';
  return word === 'egress' || word === 'outbound' ? 'egress' : 'unknown';
}

function trafficOf(document: JsonObject): NormalForm['traffic'] {
  const count = (name: string): string | null => unsignedOf(textField(document, name));
  const reply = { replyBytes: count('destination.bytes'), replyPackets: count('destination.packets') };
  const bytes = count('source.bytes') ?? (reply.replyBytes === null ? count('network.bytes') : null);
  const packets = count('source.packets') ?? (reply.replyPackets === null ? count('network.packets') : null);
  return bytes === null && packets === null && reply.replyBytes === null && reply.replyPackets === null
    ? null
    : { bytes, packets, ...reply };
}

function readActor(document: JsonObject): Actor | null {
  const name = textField(
    document,
    'user.name',
    'user.email',
    'user.full_name',
    'user.id',
    'source.user.name',
    'client.user.name',
  );
  if (name === null) return null;
  const address = textField(document, 'source.ip', 'client.ip');
  const domain = textField(document, 'user.domain');
  const real = textField(document, 'user.effective.name');
  return {
    name: domain === null || name.includes('@') || name.includes('\\') ? (real ?? name) : `${domain}\\${name}`,
    realName: real === null ? null : name,
    groups: [textField(document, 'user.group.name')].filter((group) => group !== null),
    addresses: address === null ? [] : [address],
    userAgent: textField(document, 'user_agent.original'),
  };
}

/** What a configuration change was made to: the policy object it names. */
function changedResource(
  document: JsonObject,
): { kind: string; name: string; namespace: string | null; uid: string | null } | null {
  const name = textField(document, 'orchestrator.resource.name', 'rule.name', 'rule.ruleset', 'rule.id', 'rule.uuid');
  if (nameOf(name) === null || name === null) return null;
  const kind =
    textField(document, 'orchestrator.resource.type') ??
    (fieldOf(document, 'rule') === undefined ? 'Configuration' : 'Rule');
  return {
    kind,
    name,
    namespace: nameOf(textField(document, 'orchestrator.namespace')),
    uid: nameOf(textField(document, 'orchestrator.resource.id', 'rule.uuid')),
  };
}

function readChange(
  document: JsonObject,
  categories: readonly string[],
  types: readonly string[],
  verdict: Verdict,
): PolicyChange | null {
  const failed = textField(document, 'event.outcome') === 'failure' || verdict === 'deny';
  const provider = textField(document, 'event.provider') ?? '';
  const call = provider.endsWith('.amazonaws.com')
    ? policyCallOf(provider, textField(document, 'event.action') ?? '', {})
    : null;
  const action = types.includes('creation')
    ? 'create'
    : types.includes('deletion')
      ? 'delete'
      : types.includes('change')
        ? 'update'
        : null;
  const changed = categories.includes('configuration') ? changedResource(document) : null;
  if (call === null && (changed === null || action === null)) return null;
  const rest = { applied: !failed, dryRun: false, after: null, requested: null, statusCode: null };
  const region =
    [textField(document, 'cloud.account.id'), textField(document, 'cloud.region')]
      .filter((part) => part !== null)
      .join('/') || null;
  if (call !== null) {
    const flat = objectOf(fieldOf(document, 'aws.cloudtrail.flattened.request_parameters')) ?? {};
    const name = call.named.map((member) => nameOf(flat[member])).find((text) => text !== null) ?? null;
    return {
      ...rest,
      action: call.action,
      resource: { system: 'aws', apiVersion: provider, kind: call.kind, namespace: region, name, uid: name },
    };
  }
  if (changed === null || action === null) return null;
  const system =
    textField(document, 'orchestrator.type', 'observer.vendor', 'cloud.provider', 'event.module', 'event.provider') ??
    'unknown';
  return {
    ...rest,
    action,
    resource: {
      system: system.toLowerCase(),
      apiVersion: textField(document, 'orchestrator.api_version') ?? '',
      ...changed,
    },
  };
}

function policiesOf(document: JsonObject, verdict: Verdict): PolicyRef[] {
  const rule = textField(document, 'rule.name', 'rule.id', 'rule.uuid');
  const set = textField(document, 'rule.ruleset');
  const name = nameOf(set) ?? nameOf(rule);
  if (name === null) return [];
  return [
    {
      system: (
        textField(document, 'observer.vendor', 'observer.product', 'cloud.provider', 'event.module') ?? 'unknown'
      ).toLowerCase(),
      kind: textField(document, 'rule.category'),
      namespace: null,
      name,
      tier: null,
      rule: rule === name ? null : rule,
      revision: textField(document, 'rule.version'),
      effect: verdict === 'allow' ? 'allow' : verdict === 'deny' ? 'deny' : 'none',
      staged: false,
    },
  ];
}

const levels: ReadonlyMap<string, number> = new Map([
  ['emergency', 0],
  ['emerg', 0],
  ['alert', 1],
  ['critical', 2],
  ['crit', 2],
  ['fatal', 2],
  ['error', 3],
  ['err', 3],
  ['warning', 4],
  ['warn', 4],
  ['notice', 5],
  ['notification', 5],
  ['informational', 6],
  ['information', 6],
  ['info', 6],
  ['debug', 7],
  ['trace', 7],
]);

/** `event.severity` is on the scale of the device that wrote it, so only the other two tell. */
function severityOf(document: JsonObject): number | null {
  const code = textField(document, 'log.syslog.severity.code');
  if (code !== null && /^[0-7]$/.test(code)) return Number(code);
  return levels.get((textField(document, 'log.level', 'log.syslog.severity.name') ?? '').toLowerCase()) ?? null;
}

function readAttributes(document: JsonObject, flags: string[]): ReturnType<typeof attributesOf> {
  const get = (name: string): unknown => fieldOf(document, name);
  const host = textField(document, 'dns.question.name');
  return attributesOf(
    {
      event: Object.fromEntries(
        [
          'kind',
          'category',
          'type',
          'action',
          'outcome',
          'module',
          'dataset',
          'provider',
          'code',
          'severity',
          'risk_score',
        ]
          .map((name) => [name, get(`event.${name}`)] as const)
          .filter(([, value]) => value !== undefined && value !== null),
      ),
      communityId: get('network.community_id'),
      application: get('network.application') ?? get('network.protocol'),
      networkName: get('network.name'),
      vlan: get('network.vlan.id'),
      tcpFlags: get('aws.vpcflow.tcp_flags_array'),
      dnsQuestion: host,
      httpMethod: get('http.request.method'),
      httpStatus: get('http.response.status_code'),
      url: textField(document, 'url.domain'),
      sourceNat: get('source.nat'),
      destinationNat: get('destination.nat'),
      ingressInterface: get('observer.ingress.interface'),
      egressInterface: get('observer.egress.interface'),
      observer: get('observer.product') ?? get('observer.type'),
      cloud: get('cloud.account.id') ?? get('cloud.project.id'),
      region: get('cloud.region'),
      threat: get('threat.technique.name'),
      rule: get('rule'),
      message: textField(document, 'message')?.slice(0, 2000),
      tags: get('tags'),
    },
    flags,
  );
}

function summarise(document: JsonObject, actor: Actor | null, change: PolicyChange | null): string {
  const action = textField(document, 'event.action') ?? (wordsField(document, 'event.category').join('/') || 'event');
  const what =
    change === null
      ? textField(document, 'rule.name', 'message', 'event.reason', 'event.dataset')
      : `${change.resource.kind} ${change.resource.name ?? ''}`;
  const outcome = textField(document, 'event.outcome');
  return `${actor === null ? '' : `${actor.name}: `}${action}${what === null ? '' : ` ${what}`}${outcome === null ? '' : ` (${outcome})`}`.trim();
}

const places = {
  eventTime: '/@timestamp',
  verdict: '/event/type',
  'source.ip': '/source/ip',
  'source.port': '/source/port',
  'destination.ip': '/destination/ip',
  'destination.port': '/destination/port',
  protocol: '/network/transport',
  direction: '/network/direction',
  'actor.name': '/user/name',
} as const;
