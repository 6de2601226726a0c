import type { Endpoint, NormalForm, Normalised, PolicyRef, Verdict } from '../normal-form.js';
import { severityOfWord } from './alert-severity.js';
import { attributesOf } from './attributes.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, kubernetesWorkload, portOf } from './endpoint.js';
import { readTime, readUtc } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { severityOf } from './gcp-severity.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { isObject, type JsonObject, listOf, nameOf, objectOf, textOf, textsOf, unsignedOf } from './json-value.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Google Cloud's records of connections: firewall rules logging and threats, VPC flow logs, Cloud NAT and the network
 * policy log of GKE, each a LogEntry whose `jsonPayload` has a `connection`, or that payload alone.
 */
export const gcpFlow: FormatAdapter = { name: 'gcp-flow', version: 2, detect, normalise };

function detect({ object }: Wire): boolean {
  return object !== null && payloadOf(object) !== null;
}

function payloadOf(entry: JsonObject): JsonObject | null {
  const payload = objectOf(entry.jsonPayload) ?? (isObject(entry.connection) ? entry : null);
  if (payload === null || connectionOf(payload) === null) return null;
  return 'logName' in entry || ownMembers.some((name) => name in payload) ? payload : null;
}

/** Members by which a payload is known without its LogEntry. */
const ownMembers = [
  'disposition',
  'reporter',
  'rule_details',
  'allocation_status',
  'bytes_sent',
  'packets_sent',
  'threatDetails',
];

/** The five-tuple in the names of firewall and flow logs; threats call its ends client and server. */
function connectionOf(payload: JsonObject): JsonObject | null {
  const connection = objectOf(payload.connection);
  if (connection === null) return null;
  if ('src_ip' in connection || 'dest_ip' in connection) return connection;
  const { clientIp, clientPort, serverIp, serverPort, protocol } = connection;
  if (clientIp === undefined && serverIp === undefined) return null;
  return { src_ip: clientIp, src_port: clientPort, dest_ip: serverIp, dest_port: serverPort, protocol };
}

function normalise(wire: Wire): Normalised {
  const entry = wire.object;
  const payload = entry === null ? null : payloadOf(entry);
  if (entry === null || payload === null)
    return refuse('missing_field', 'expected jsonPayload.connection with src_ip or dest_ip');
  const connection = connectionOf(payload) ?? {};
  const threat = objectOf(payload.threatDetails);
  const rule = objectOf(payload.rule_details);
  const flags: string[] = [];
  const verdictRaw =
    textOf(payload.disposition) ??
    textOf(payload.allocation_status) ??
    (threat === null ? null : textOf(payload.action));
  const verdict = verdictOf(verdictRaw, flags);
  const protocol = protocolOf(connection.protocol);
  const ports = hasPorts(protocol);
  const direction = directionOf(textOf(rule?.direction) ?? textOf(connection.direction));
  // Firewall and NAT records name the enforcing end and the remote one.
  const near = nearEnd(payload);
  const far = farEnd(payload);
  const isSource =
    direction === 'egress' || (direction === 'unknown' && near !== null && textOf(payload.allocation_status) !== null);
  const source = readEnd(
    { ip: connection.src_ip, port: ports ? portOf(connection.src_port, flags) : null },
    sideOf(payload, 'src') ?? (isSource ? near : direction === 'ingress' ? far : null),
    flags,
  );
  const destination = readEnd(
    { ip: connection.dest_ip, port: ports ? portOf(connection.dest_port, flags) : null },
    sideOf(payload, 'dest') ?? (direction === 'ingress' ? near : isSource ? far : null),
    flags,
  );

  const start = readTime(payload.start_time);
  const end = readTime(payload.end_time);
  const timestamp = readUtc(entry.timestamp, wire.receivedAt);
  const time = chooseTime([start, timestamp, end, readUtc(entry.receiveTimestamp, wire.receivedAt)], wire, flags);
  const bytes = unsignedOf(payload.bytes_sent);
  const packets = unsignedOf(payload.packets_sent);
  const reporterWord = textOf(payload.reporter);
  const inPayload = payload === entry ? '' : '/jsonPayload';
  const told = { verdict, source, destination, protocol, direction, isReply: null, reason: null } as const;
  return accept({
    ...emptyRecord(threat === null ? 'flow' : 'signal', gcpFlow),
    ...told,
    ...time,
    nativeId: nativeIdOf(entry),
    summary: flowSummary(told, textOf(rule?.reference) ?? textOf(threat?.threat)),
    verdictRaw,
    reporter: reporterOf(reporterWord, direction),
    reporterName:
      nameOf(near?.vm_name) ??
      nameOf(payload.node_name) ??
      nameOf(objectOf(objectOf(entry.resource)?.labels)?.subnetwork_name),
    count: Number(unsignedOf(payload.count) ?? (verdictRaw === null ? Number.NaN : 1)) || null,
    interval: start === null || end === null ? null : { start, end },
    traffic: bytes === null && packets === null ? null : { bytes, packets, replyBytes: null, replyPackets: null },
    severity: severityOfWord(textOf(threat?.severity)) ?? severityOf(entry.severity),
    severityRaw: textOf(threat?.severity) ?? textOf(entry.severity),
    policies: policiesOf(payload, rule, verdict),
    attributes: attributesOf(
      {
        logName: textOf(entry.logName),
        rule,
        reporter: reporterWord,
        rttMs: payload.rtt_msec,
        icmp: connection.icmp_type === undefined ? null : { type: connection.icmp_type, code: connection.icmp_code },
        remoteLocation: payload.remote_location,
        sourceLocation: payload.src_location,
        destinationLocation: payload.dest_location,
        sourceService: payload.src_google_service,
        destinationService: payload.dest_google_service,
        gateway: payload.endpoint ?? payload.gateway_identifiers,
        natIp: connection.nat_ip,
        natPort: connection.nat_port,
        loadBalancer: payload.load_balancing,
        threat,
        securityProfileGroup: payload.securityProfileGroupDetails,
        receivedByCloudAt: textOf(entry.receiveTimestamp),
      },
      flags,
    ),
    places: {
      eventTime: start === null ? '/timestamp' : `${inPayload}/start_time`,
      verdict: `${inPayload}/disposition`,
      'source.ip': `${inPayload}/connection/src_ip`,
      'source.port': `${inPayload}/connection/src_port`,
      'destination.ip': `${inPayload}/connection/dest_ip`,
      'destination.port': `${inPayload}/connection/dest_port`,
      protocol: `${inPayload}/connection/protocol`,
      direction: `${inPayload}/rule_details/direction`,
    },
    flags,
  });
}

/** What a record says of one end beside its address. */
interface Side {
  readonly vm_name: unknown;
  readonly zone: string | null;
  readonly workload: Endpoint['workload'];
}

function sideFrom(instance: JsonObject | null, vpc: JsonObject | null, pod: Endpoint['workload'] = null): Side | null {
  const project = textOf(vpc?.project_id);
  const network = textOf(vpc?.vpc_name);
  const zone = network === null ? null : [project, network].filter((part) => part !== null).join('/');
  if (instance === null && zone === null && pod === null) return null;
  return { vm_name: instance?.vm_name ?? pod?.name, zone, workload: pod };
}

function nearEnd(payload: JsonObject): Side | null {
  return sideFrom(objectOf(payload.instance), objectOf(payload.vpc));
}

function farEnd(payload: JsonObject): Side | null {
  return sideFrom(objectOf(payload.remote_instance), objectOf(payload.remote_vpc));
}

/** `src_instance`, `src_vpc`, `src_gke_details` of VPC flow logs; `src` of GKE's network policy log. */
function sideOf(payload: JsonObject, end: 'src' | 'dest'): Side | null {
  const details = objectOf(payload[`${end}_gke_details`]);
  const pod = objectOf(details?.pod) ?? objectOf(payload[end]);
  const namespace = nameOf(pod?.pod_namespace) ?? nameOf(pod?.namespace);
  const name = nameOf(pod?.pod_name);
  const owner = objectOf(pod?.pod_workload);
  const workload =
    namespace === null || name === null
      ? null
      : kubernetesWorkload(
          namespace,
          nameOf(owner?.workload_name) ?? nameOf(pod?.workload_name) ?? name,
          nameOf(owner?.workload_type) ?? nameOf(pod?.workload_kind) ?? (owner === null ? 'Pod' : null),
        );
  const instance = objectOf(payload[`${end}_instance`]);
  return sideFrom(instance ?? (name === null ? null : { vm_name: name }), objectOf(payload[`${end}_vpc`]), workload);
}

function readEnd(address: { ip: unknown; port: number | null }, side: Side | null, flags: string[]): Endpoint | null {
  return endpointOf({ ...address, instance: side?.vm_name, zone: side?.zone, workload: side?.workload ?? null }, flags);
}

function directionOf(word: string | null): NormalForm['direction'] {
  switch (word?.toLowerCase()) {
    case 'ingress':
      return 'ingress';
    case 'egress':
      return 'egress';
    default:
      return 'unknown';
  }
}

/** What is intercepted goes to a firewall endpoint, which decides; a flow record decides nothing. */
function verdictOf(word: string | null, flags: string[]): Verdict {
  switch (word?.toUpperCase()) {
    case undefined:
      return 'none';
    case 'ALLOWED':
    case 'ALLOW':
      return 'allow';
    case 'DENIED':
    case 'DENY':
      return 'deny';
    case 'INTERCEPTED':
      addFlag(flags, 'intercepted');
      return 'none';
    // Of a threat that was let pass.
    case 'ALERT':
      return 'none';
    // Of Cloud NAT: whether an address and a port were there, no decision of policy.
    case 'OK':
      return 'none';
    case 'DROPPED':
      return 'error';
    default:
      addFlag(flags, 'unknown_verdict');
      return 'unknown';
  }
}

function reporterOf(word: string | null, direction: NormalForm['direction']): NormalForm['reporter'] {
  if (word !== null) return word === 'SRC' ? 'src' : word === 'DEST' ? 'dst' : 'device';
  return direction === 'ingress' ? 'dst' : direction === 'egress' ? 'src' : 'device';
}

/** Unique together, says Cloud Logging; `insertId` alone is unique only within its log and time. */
function nativeIdOf(entry: JsonObject): string | null {
  const id = nameOf(entry.insertId);
  const { timestamp, logName } = entry;
  return id === null || typeof timestamp !== 'string' || typeof logName !== 'string'
    ? null
    : `${id}/${timestamp}/${logName}`;
}

/** `network:X/firewall:Y`, `network:X/firewallPolicy:Y`; of a hierarchical policy the folder's place, `0/firewallPolicy:Y`. */
const reference = /^(?:network:([^/]{1,253})\/|(\d{1,3})\/)?(firewall|firewallPolicy):(.{1,253})$/;

function policiesOf(payload: JsonObject, rule: JsonObject | null, verdict: Verdict): PolicyRef[] {
  const effect = verdict === 'allow' ? 'allow' : verdict === 'deny' ? 'deny' : 'none';
  const common = { tier: null, revision: null, effect, staged: false } as const;
  const listed = listOf(payload.policies)
    .filter(isObject)
    .flatMap((policy): PolicyRef[] => {
      const name = nameOf(policy.name);
      const kind = nameOf(policy.kind) ?? 'NetworkPolicy';
      return name === null
        ? []
        : [
            {
              ...common,
              system: kind.startsWith('Cilium') ? 'cilium' : 'kubernetes',
              kind,
              namespace: nameOf(policy.namespace),
              name,
              rule: null,
            },
          ];
    });
  const named = textOf(rule?.reference);
  if (named === null) return listed;
  const [, network = null, tier = null, type, name = named] = reference.exec(named) ?? [];
  const priority = rule?.priority;
  return [
    ...listed,
    {
      ...common,
      tier,
      system: 'gcp',
      kind: type === 'firewallPolicy' ? 'FirewallPolicy' : 'Firewall',
      namespace: network,
      name: name.slice(0, 253),
      rule: typeof priority === 'number' ? String(priority) : (textsOf([priority])[0] ?? null),
    },
  ];
}
