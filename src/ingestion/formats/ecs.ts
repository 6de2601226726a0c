import type { Actor, Endpoint, NormalForm, Normalised, PolicyChange, PolicyRef, Verdict } from '../normal-form.js';
import { attributesOf } from './attributes.js';
import { chooseTime } from './choose-time.js';
import { changedResource, readChange } from './ecs-change.js';
import { fieldOf, textField, wordsField } from './ecs-field.js';
import { outcomeOf, readVerdict } from './ecs-verdict.js';
import { endpointOf, portOf } from './endpoint.js';
import { readEpoch, readTime, readTimeText } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { isObject, type JsonObject, listOf, nameOf, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Elastic Common Schema (ECS 1.x to 9.x): documents of Beats, Elastic Agent and whoever writes like them. Here a document
 * that names both ends of a connection or a configuration change itself; see `ecsAround` for the others.
 */
export const ecs: FormatAdapter = {
  name: 'ecs',
  version: 2,
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
  const start = momentOf(document, 'event.start');
  const end = momentOf(document, 'event.end');
  const actor = readActor(document);
  const time = chooseTime(
    [
      momentOf(document, '@timestamp') ?? textField(document, '@timestamp'),
      start,
      momentOf(document, 'event.created'),
      momentOf(document, 'event.ingested'),
    ],
    wire,
    flags,
  );
  const change = readChange(document, categories, types, decided.verdict);
  const isAlert =
    kindWord === 'alert' || kindWord === 'signal' || textField(document, 'suricata.eve.event_type') === 'alert';
  const isFlow =
    change === null &&
    !isAlert &&
    hasEnds(document) &&
    (categories.length === 0 ||
      categories.includes('network') ||
      categories.includes('network_traffic') ||
      types.includes('connection'));
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

/** A date as Elasticsearch takes it: ISO 8601, in UTC where no zone is told, or milliseconds since 1970. */
function momentOf(document: JsonObject, name: string): string | null {
  const value = fieldOf(document, name);
  const text = textField(document, name);
  if (text === null) return typeof value === 'number' ? readEpoch(value) : null;
  return (
    readTime(text) ?? readEpoch(text) ?? readTimeText(text, { zone: 'UTC', receivedAt: new Date(0) })?.time ?? null
  );
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
