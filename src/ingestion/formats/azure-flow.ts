import type { NormalForm, Normalised, PolicyRef, Verdict } from '../normal-form.js';
import { attributesOf } from './attributes.js';
import { azureNamespace, type AzureResource, azureResource } from './azure-resource.js';
import { azureTime } from './azure-time.js';
import { isTrafficRow, trafficRow } from './azure-traffic.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readEpoch } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { isObject, type JsonObject, listOf, nameOf, objectOf, textOf, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Azure flow logs: those of network security groups, versions 1 and 2, and of virtual networks, version 4 (Network
 * Watcher documentation), and what traffic analytics makes of them. A record is a minute of one interface or network with
 * many flow tuples; each is a fact of its own.
 */
export const azureFlow: FormatAdapter = { name: 'azure-flow', version: 2, detect, normalise };

function detect({ object }: Wire): boolean {
  return (
    object !== null &&
    (groupsOf(object) !== null || networksOf(object) !== null || isRuleEvent(object) || isTrafficRow(object))
  );
}

/** `properties.flows` of a security group's record. */
function groupsOf(record: JsonObject): readonly unknown[] | null {
  const { category, operationName, properties } = record;
  const flows = objectOf(properties)?.flows;
  const named = category === 'NetworkSecurityGroupFlowEvent' || operationName === 'NetworkSecurityGroupFlowEvents';
  return Array.isArray(flows) && (named || (isObject(properties) && 'Version' in properties)) ? flows : null;
}

/** A security group's own diagnostics: which rule was set on an interface, and how often it matched. */
function isRuleEvent({ category, properties }: JsonObject): boolean {
  const named = category === 'NetworkSecurityGroupEvent' || category === 'NetworkSecurityGroupRuleCounter';
  return named && isObject(properties);
}

/** `flowRecords.flows` of a virtual network's record; OpenTelemetry's Collector moves what it does not know under `properties`. */
function networksOf(record: JsonObject): readonly unknown[] | null {
  const flows = objectOf(record.flowRecords ?? objectOf(record.properties)?.flowRecords)?.flows;
  return Array.isArray(flows) ? flows : null;
}

/** A tuple, and what the lists around it say of it. */
interface Placed {
  readonly tuple: string;
  readonly rule: string | null;
  readonly mac: string | null;
  readonly acl: string | null;
  readonly place: string;
}

function* groupTuples(flows: readonly unknown[]): Generator<Placed> {
  for (const [i, byRule] of flows.entries()) {
    const rule = textOf(objectOf(byRule)?.rule);
    for (const [j, byMac] of listOf(objectOf(byRule)?.flows).entries()) {
      const mac = textOf(objectOf(byMac)?.mac);
      for (const [k, tuple] of listOf(objectOf(byMac)?.flowTuples).entries()) {
        const place = `/properties/flows/${i}/flows/${j}/flowTuples/${k}`;
        yield { tuple: typeof tuple === 'string' ? tuple : '', rule, mac, acl: null, place };
      }
    }
  }
}

function* networkTuples(flows: readonly unknown[], mac: string | null, at: string): Generator<Placed> {
  for (const [i, byAcl] of flows.entries()) {
    const acl = textOf(objectOf(byAcl)?.aclID);
    for (const [j, byRule] of listOf(objectOf(byAcl)?.flowGroups).entries()) {
      const rule = textOf(objectOf(byRule)?.rule);
      for (const [k, tuple] of listOf(objectOf(byRule)?.flowTuples).entries()) {
        const place = `${at}/flowRecords/flows/${i}/flowGroups/${j}/flowTuples/${k}`;
        yield { tuple: typeof tuple === 'string' ? tuple : '', rule, mac, acl, place };
      }
    }
  }
}

function normalise(wire: Wire): Normalised {
  const whole = wire.object;
  if (whole === null) return refuse('not_an_object', 'expected a flow log record as a JSON object');
  if (isTrafficRow(whole)) return accept(trafficRow(whole, wire, azureFlow));
  const networks = networksOf(whole);
  const moved = networks !== null && whole.flowRecords === undefined ? objectOf(whole.properties) : null;
  const record = moved === null ? whole : { ...whole, ...moved };
  const groups = groupsOf(record);
  const tuples =
    networks !== null
      ? [...networkTuples(networks, textOf(record.macAddress), moved === null ? '' : '/properties')]
      : groups !== null
        ? [...groupTuples(groups)]
        : null;
  const resource = azureResource(textOf(record.targetResourceID) ?? textOf(record.resourceId));
  const around: Around = { record, resource, wire, isNetwork: networks !== null };
  if (tuples === null && isRuleEvent(record)) return accept(ruleEvent(around));
  if (tuples === null) return refuse('missing_field', 'expected properties.flows or flowRecords.flows');
  if (tuples.length === 0) return accept(nothing(around));
  const read = tuples.map((placed) => readTuple(placed, around));
  const [first, ...rest] = read.filter((fact) => fact !== null);
  if (first === undefined) {
    return refuse('invalid_field', 'expected flow tuples of 8 or 13 values, time first; none can be read');
  }
  if (rest.length + 1 < read.length) first.flags.push('tuples_unread');
  return accept(first, ...rest);
}

interface Around {
  readonly record: JsonObject;
  readonly resource: AzureResource | null;
  readonly wire: Wire;
  readonly isNetwork: boolean;
}

function nothing({ record, resource, wire }: Around): NormalForm {
  const flags: string[] = [];
  const name = resource?.names.at(-1) ?? null;
  return {
    ...emptyRecord('signal', azureFlow),
    ...chooseTime([azureTime(record.time, wire)], wire, flags),
    summary: `No flows at ${nameOf(name) ?? 'an unknown resource'}`,
    reporterName: name,
    flags,
  };
}

function ruleEvent({ record, resource, wire }: Around): NormalForm {
  const flags: string[] = [];
  const properties = objectOf(record.properties) ?? {};
  const counted = record.category === 'NetworkSecurityGroupRuleCounter';
  const rule = textOf(properties.ruleName) ?? 'unknown';
  const matched = unsignedOf(properties.matchedConnections);
  return {
    ...emptyRecord('signal', azureFlow),
    ...chooseTime([azureTime(record.time, wire)], wire, flags),
    summary: oneLine(counted ? `Rule ${rule} matched ${matched ?? 'some'} connections` : `Rule ${rule} applies`),
    reporterName: resource?.names.at(-1) ?? null,
    attributes: attributesOf({ category: record.category, ...properties }, flags),
    places: { eventTime: '/time' },
    flags,
  };
}

const shortProtocols: ReadonlyMap<string, number> = new Map([
  ['T', 6],
  ['U', 17],
]);

function readTuple({ tuple, rule, mac, acl, place }: Placed, around: Around): NormalForm | null {
  const { record, resource, wire, isNetwork } = around;
  if (tuple.length > 1024) return null;
  const values = tuple.split(',').map((value) => value.trim());
  const [time = '', src, dst, srcPort, dstPort, protocolText = '', way] = values;
  if (values.length < 8 || readEpoch(time) === null) return null;

  const flags: string[] = [];
  const protocol = protocolOf(shortProtocols.get(protocolText) ?? protocolText);
  const ports = hasPorts(protocol);
  const source = endpointOf({ ip: src, port: ports ? portOf(srcPort, flags) : null }, flags);
  const destination = endpointOf({ ip: dst, port: ports ? portOf(dstPort, flags) : null }, flags);
  // A network's tuple has one word for state and decision and then one for encryption, a group's has a word for each.
  const isOneWord = isNetwork && !/^[BCE]$/.test(values[8] ?? '');
  const verdictRaw = values[7] ?? '';
  const state = isOneWord ? verdictRaw : (values[8] ?? null);
  const verdict = verdictOf(verdictRaw, isOneWord, flags);
  const direction = way === 'I' ? 'ingress' : way === 'O' ? 'egress' : 'unknown';
  const [packets, bytes, replyPackets, replyBytes] = values.slice(9, 13).map(unsignedOf);
  const counted = [packets, bytes, replyPackets, replyBytes].some((value) => value != null);
  const told = { verdict, source, destination, protocol, direction, isReply: null, reason: null } as const;
  return {
    ...emptyRecord('flow', azureFlow),
    ...told,
    ...chooseTime([exactTime(time, isNetwork)], wire, flags),
    summary: flowSummary(told, rule === null ? null : `rule ${rule}`),
    verdictRaw,
    reporter: direction === 'ingress' ? 'dst' : direction === 'egress' ? 'src' : 'device',
    reporterName: resource?.names.at(-1) ?? mac,
    count: 1,
    traffic: counted
      ? {
          bytes: bytes ?? null,
          packets: packets ?? null,
          replyBytes: replyBytes ?? null,
          replyPackets: replyPackets ?? null,
        }
      : null,
    policies: rule === null ? [] : [policyRef(rule, acl, verdict, around)],
    attributes: attributesOf(
      {
        rule,
        aclId: acl,
        mac,
        flowState: state === null ? null : (flowStates.get(state) ?? state),
        encryption: isOneWord ? values[8] : null,
        resourceId: textOf(record.targetResourceID) ?? textOf(record.resourceId),
        flowLogId: textOf(record.flowLogGUID),
        deliveredAt: textOf(record.time),
        flowLogVersion: record.flowLogVersion ?? objectOf(record.properties)?.Version,
      },
      flags,
    ),
    places: Object.fromEntries([...tupleFields].map((field) => [field, place])),
    flags,
  };
}

const tupleFields = [
  'eventTime',
  'verdict',
  'source.ip',
  'source.port',
  'destination.ip',
  'destination.port',
  'protocol',
  'direction',
];

/** Groups write seconds, networks milliseconds; later agents of either have written the other. */
function exactTime(time: string, isNetwork: boolean): { time: string; guessed: [] } | null {
  const read = readEpoch(time, isNetwork && time.length > 11 ? 'ms' : undefined);
  return read === null ? null : { time: read, guessed: [] };
}

const flowStates: ReadonlyMap<string, string> = new Map([
  ['B', 'begin'],
  ['C', 'continuing'],
  ['E', 'end'],
  ['D', 'denied'],
]);

function verdictOf(word: string, isOneWord: boolean, flags: string[]): Verdict {
  if (word === 'D') return 'deny';
  if (isOneWord ? word === 'B' || word === 'C' || word === 'E' : word === 'A') return 'allow';
  addFlag(flags, 'unknown_verdict');
  return 'unknown';
}

function policyRef(rule: string, acl: string | null, verdict: Verdict, { resource }: Around): PolicyRef {
  const group = resource?.type.endsWith('networksecuritygroups') === true ? (resource.names.at(-1) ?? null) : null;
  return {
    system: 'azure',
    kind: group === null ? 'AccessControlList' : 'NetworkSecurityGroup',
    namespace: azureNamespace(resource),
    name: nameOf(group) ?? nameOf(acl) ?? nameOf(rule) ?? rule.slice(0, 253),
    tier: null,
    rule,
    revision: null,
    effect: verdict === 'deny' ? 'deny' : verdict === 'allow' ? 'allow' : 'none',
    staged: false,
  };
}
