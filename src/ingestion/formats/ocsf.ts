import type { Actor, Endpoint, NormalForm, Normalised, PolicyRef, Verdict } from '../normal-form.js';
import { attributesOf } from './attributes.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { integerOf, isObject, type JsonObject, listOf, nameOf, objectOf, textOf, unsignedOf } from './json-value.js';
import { readOcsfChange } from './ocsf-change.js';
import { nested } from './ocsf-nesting.js';
import { epochOf, intervalOf, looseTime, momentOf } from './ocsf-time.js';
import { apiVerdict, controlVerdict, idOf, isFailedCode, refusedVerdict, statusVerdict } from './ocsf-verdict.js';
import { oneLine } from './summary.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * OCSF events of every class (schema.ocsf.io, 1.0 to 1.9): network activity with two ends is a flow, changes of policies
 * in API Activity, Entity Management and Device Config State Change are policy changes, findings and the like are
 * signals, identity and application activity is administration.
 */
export const ocsf: FormatAdapter = { name: 'ocsf', version: 2, detect, normalise };

function detect({ object }: Wire): boolean {
  if (object === null || idOf(object.class_uid) === null) return false;
  return isObject(object.metadata) || 'activity_id' in object || 'category_uid' in object || 'type_uid' in object;
}

/** Category of a class by its number: 4001 is of category 4. */
const categories = [
  'uncategorised',
  'system',
  'findings',
  'identity',
  'network',
  'discovery',
  'application',
  'remediation',
] as const;

function normalise(wire: Wire): Normalised {
  const event = wire.object === null ? null : nested(wire.object);
  const classUid = idOf(event?.class_uid);
  if (event === null || classUid === null || classUid < 0)
    return refuse('invalid_field', 'expected class_uid, the number of an OCSF class');
  const flags: string[] = [];
  const metadata = objectOf(event.metadata) ?? {};
  const category = categories[Math.floor(classUid / 1000) % 10] ?? 'uncategorised';
  const source = readEnd(event.src_endpoint, flags);
  const destination = readEnd(event.dst_endpoint, flags);
  const isFlow = category === 'network' && source !== null && destination !== null;
  const control = controlVerdict(event) ?? (isFlow ? refusedVerdict(event, flags) : null);
  const time = chooseTime(
    [
      readTime(event.time_dt),
      epochOf(event.time, 'time', wire),
      momentOf(event, 'start_time'),
      ...[event.time_dt, event.time, event.start_time, metadata.original_time].map((value) => looseTime(value, wire)),
    ],
    wire,
    flags,
  );
  const actor = readActor(event);
  const policies = policiesOf(event, control?.verdict ?? 'none');
  const product = objectOf(metadata.product) ?? {};
  const base = {
    ...time,
    nativeId: nameOf(metadata.uid),
    policies,
    severity: severities[idOf(event.severity_id) ?? 0] ?? null,
    severityRaw: textOf(event.severity) ?? unsignedOf(event.severity_id),
    reporterName:
      nameOf(objectOf(event.device)?.hostname) ?? nameOf(objectOf(event.device)?.name) ?? nameOf(product.name),
    count: integerOf(event.count),
    attributes: readAttributes(event, metadata, classUid, flags),
    places: isFlow ? flowPlaces : otherPlaces,
    flags,
  };
  if (isFlow) return accept(flowOf(event, source, destination, control, actor, base, wire));

  const verdict = control?.verdict ?? statusVerdict(event);
  // Of what is only observed or found, the status says how far it has come: it decides nothing.
  const decided = control?.verdict ?? 'none';
  const applied = statusVerdict(event) !== 'error' && verdict !== 'deny' && verdict !== 'error' && !isFailedCode(event);
  const change = readOcsfChange(event, classUid, applied, flags);
  const kind =
    change !== null ? 'policy_change' : category === 'identity' || category === 'application' ? 'admin' : 'signal';
  const fallback = apiVerdict(event);
  return accept({
    ...emptyRecord(kind, ocsf),
    ...base,
    summary: oneLine(summarise(event, actor, change?.resource.name ?? null)),
    actor,
    verdict: kind === 'signal' ? decided : verdict === 'none' ? (fallback ?? verdict) : verdict,
    verdictRaw: control?.raw ?? textOf(event.status) ?? textOf(event.status_code),
    reason:
      textOf(event.status_detail) ??
      textOf(objectOf(objectOf(event.api)?.response)?.message) ??
      textOf(objectOf(objectOf(event.api)?.response)?.error),
    reporter: kind === 'signal' ? 'device' : 'control-plane',
    source: category === 'network' || kind === 'signal' ? source : null,
    destination: category === 'network' || kind === 'signal' ? destination : null,
    policies:
      change?.resource.name == null || policies.length > 0
        ? policies
        : [changedPolicy(change.resource, change.resource.name)],
    policyChange: change,
  });
}

type Base = Pick<
  NormalForm,
  | 'eventTime'
  | 'timeSource'
  | 'timeGuessed'
  | 'nativeId'
  | 'policies'
  | 'severity'
  | 'severityRaw'
  | 'reporterName'
  | 'count'
  | 'attributes'
  | 'places'
  | 'flags'
>;

function flowOf(
  event: JsonObject,
  source: Endpoint,
  destination: Endpoint,
  control: ReturnType<typeof controlVerdict>,
  actor: Actor | null,
  base: Base,
  wire: Wire,
): NormalForm {
  const connection = objectOf(event.connection_info) ?? {};
  const protocol = protocolOf(connection.protocol_num ?? undefined) ?? protocolOf(connection.protocol_name);
  const ports = hasPorts(protocol);
  const direction = directionOf(connection);
  const verdict: Verdict = control?.verdict ?? 'none';
  const told = {
    verdict,
    source: ports ? source : { ...source, port: null },
    destination: ports ? destination : { ...destination, port: null },
    protocol,
    direction,
    isReply: null,
    reason: textOf(event.status_detail),
  } as const;
  return {
    ...emptyRecord('flow', ocsf),
    ...told,
    ...base,
    actor,
    summary: flowSummary(told, textOf(objectOf(event.firewall_rule)?.name)),
    verdictRaw: control?.raw ?? null,
    interval: intervalOf(event, wire),
    traffic: trafficOf(objectOf(event.traffic)),
  };
}

/** What went out is from source to destination; a total alone is that of the record's direction. */
function trafficOf(traffic: JsonObject | null): NormalForm['traffic'] {
  if (traffic === null) return null;
  const bytesOut = unsignedOf(traffic.bytes_out);
  const bytesIn = unsignedOf(traffic.bytes_in);
  const packetsOut = unsignedOf(traffic.packets_out);
  const packetsIn = unsignedOf(traffic.packets_in);
  const bytes = bytesOut ?? (bytesIn === null ? unsignedOf(traffic.bytes) : null);
  const packets = packetsOut ?? (packetsIn === null ? unsignedOf(traffic.packets) : null);
  if (bytes === null && packets === null && bytesIn === null && packetsIn === null) return null;
  return { bytes, packets, replyBytes: bytesIn, replyPackets: packetsIn };
}

function directionOf(connection: JsonObject): NormalForm['direction'] {
  const id = idOf(connection.direction_id);
  const word = textOf(connection.direction)?.toLowerCase();
  if (id === 1 || (id === null && word === 'inbound')) return 'ingress';
  return id === 2 || (id === null && word === 'outbound') ? 'egress' : 'unknown';
}

function readEnd(value: unknown, flags: string[]): Endpoint | null {
  const given = objectOf(value);
  if (given === null) return null;
  // AWS' mappings hand on the "-" that flow logs write for nothing.
  const end = Object.fromEntries(Object.entries(given).filter(([, member]) => member !== '-'));
  const hostname = nameOf(end.hostname) ?? nameOf(end.domain);
  return endpointOf(
    {
      ip: end.ip,
      port: portOf(end.port, flags),
      instance:
        nameOf(end.name) ?? nameOf(end.instance_uid) ?? nameOf(end.uid) ?? hostname ?? nameOf(end.interface_uid),
      dnsNames: hostname === null ? [] : [hostname],
      zone: nameOf(end.vpc_uid) ?? nameOf(end.zone),
    },
    flags,
  );
}

/** `severity_id` 0 Unknown, 1 Informational, 2 Low, 3 Medium, 4 High, 5 Critical, 6 Fatal. */
const severities: readonly (number | null)[] = [null, 6, 5, 4, 3, 2, 0];

function readActor(event: JsonObject): Actor | null {
  const actor = objectOf(event.actor) ?? {};
  const user = objectOf(actor.user) ?? (event.actor === undefined ? objectOf(event.user) : null);
  const session = objectOf(actor.session);
  const name =
    textOf(user?.name) ??
    textOf(user?.email_addr) ??
    textOf(user?.uid) ??
    textOf(objectOf(actor.process)?.name) ??
    textOf(actor.app_name) ??
    textOf(actor.invoked_by) ??
    textOf(session?.issuer);
  if (name === null) return null;
  const address = textOf(objectOf(event.src_endpoint)?.ip);
  return {
    name,
    realName: null,
    groups: listOf(user?.groups).flatMap((group) => textOf(objectOf(group)?.name) ?? []),
    addresses: address === null ? [] : [address],
    userAgent: textOf(objectOf(event.http_request)?.user_agent),
  };
}

function policiesOf(event: JsonObject, verdict: Verdict): PolicyRef[] {
  const rule = objectOf(event.firewall_rule);
  const policy = objectOf(event.policy) ?? objectOf(rule?.policy);
  const name = nameOf(policy?.name) ?? nameOf(policy?.uid) ?? nameOf(rule?.name) ?? nameOf(rule?.uid);
  if (name === null) return [];
  const ruleName = nameOf(rule?.name) ?? nameOf(rule?.uid);
  return [
    {
      system: textOf(objectOf(objectOf(event.metadata)?.product)?.vendor_name)?.toLowerCase() ?? 'unknown',
      kind: textOf(rule?.type),
      namespace: null,
      name,
      tier: nameOf(objectOf(policy?.group)?.name),
      rule: ruleName === name ? null : ruleName,
      revision: textOf(policy?.version),
      effect: verdict === 'allow' ? 'allow' : verdict === 'deny' || verdict === 'would_deny' ? 'deny' : 'none',
      staged: verdict === 'would_deny',
    },
  ];
}

function changedPolicy(resource: NonNullable<NormalForm['policyChange']>['resource'], name: string): PolicyRef {
  return {
    system: resource.system,
    kind: resource.kind,
    namespace: resource.namespace,
    name,
    tier: null,
    rule: null,
    revision: null,
    effect: 'none',
    staged: false,
  };
}

function summarise(event: JsonObject, actor: Actor | null, changed: string | null): string {
  const type =
    textOf(event.type_name) ??
    ([textOf(event.class_name), textOf(event.activity_name)].filter((part) => part !== null).join(': ') ||
      `OCSF class ${String(event.class_uid).slice(0, 20)}`);
  const finding = objectOf(event.finding_info) ?? objectOf(event.finding);
  const what =
    textOf(finding?.title) ??
    textOf(objectOf(event.api)?.operation) ??
    textOf(objectOf(event.query)?.hostname) ??
    textOf(event.message) ??
    textOf(objectOf(event.entity)?.name);
  const resource = changed ?? textOf(objectOf(listOf(event.resources)[0])?.name);
  return [type, actor?.name, what, resource === what ? null : resource].filter((part) => part != null).join(', ');
}

function readAttributes(
  event: JsonObject,
  metadata: JsonObject,
  classUid: number,
  flags: string[],
): ReturnType<typeof attributesOf> {
  const connection = objectOf(event.connection_info) ?? {};
  const { name, vendor_name: vendor, version } = objectOf(metadata.product) ?? {};
  if ('attestation_list' in event || 'attestation_list' in metadata) addFlag(flags, 'has_attestations');
  return attributesOf(
    {
      classUid,
      className: textOf(event.class_name),
      activityId: idOf(event.activity_id),
      activity: textOf(event.activity_name),
      product: {
        ...(typeof vendor === 'string' ? { vendor } : {}),
        ...(typeof name === 'string' ? { name } : {}),
        ...(typeof version === 'string' ? { version } : {}),
      },
      schemaVersion: textOf(metadata.version),
      message: textOf(event.message),
      status: textOf(event.status) ?? textOf(event.status_code),
      tcpFlags: connection.tcp_flags,
      communityId: textOf(connection.community_id),
      connectionId: textOf(connection.uid) ?? unsignedOf(connection.uid),
      boundary: textOf(connection.boundary),
      application: textOf(event.app_name),
      api: event.api,
      resources: event.resources,
      cloud: event.cloud,
      finding: event.finding_info ?? event.finding,
      compliance: event.compliance,
      attacks: event.attacks,
      query: event.query,
      answers: event.answers,
      entity: event.entity ?? event.managed_entity,
      user: event.user,
      attestations: event.attestation_list ?? metadata.attestation_list,
    },
    flags,
  );
}

const flowPlaces = {
  eventTime: '/time',
  verdict: '/action_id',
  'source.ip': '/src_endpoint/ip',
  'source.port': '/src_endpoint/port',
  'destination.ip': '/dst_endpoint/ip',
  'destination.port': '/dst_endpoint/port',
  protocol: '/connection_info/protocol_num',
  direction: '/connection_info/direction_id',
} as const;
const otherPlaces = {
  eventTime: '/time',
  'actor.name': '/actor/user/name',
  verdict: '/status_id',
  'policyChange.action': '/activity_id',
} as const;
