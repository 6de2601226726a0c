import type { NormalForm, Normalised, PolicyRef, Verdict } from '../normal-form.js';
import { attributesOf } from './attributes.js';
import { fieldsOfColumns, fieldsOfMessage, type FirewallFields, numberText } from './azure-firewall-fields.js';
import { splitPort } from './azure-firewall-message.js';
import { azureNamespace, type AzureResource, azureResource } from './azure-resource.js';
import { azureTime } from './azure-time.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { flowSummary } from './flow-summary.js';
import { canonicalAddress } from './ip-address.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { type JsonObject, nameOf, objectOf, textOf, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Azure Firewall: structured logs (`AZFWNetworkRule`, `AZFWApplicationRule`, `AZFWNatRule`, `AZFWThreatIntel`,
 * `AZFWIdpsSignature`, …) as diagnostics or as rows of Log Analytics, and the older diagnostics whose decision
 * stands in the words of `properties.msg` (Azure Firewall monitoring data reference).
 */
export const azureFirewall: FormatAdapter = { name: 'azure-firewall', version: 2, detect, normalise };

function detect({ object }: Wire): boolean {
  return object !== null && categoryOf(object) !== null;
}

/** Diagnostics name it in `category`, rows of Log Analytics in `Category` or in `Type`, the name of their table. */
function categoryOf(record: JsonObject): string | null {
  for (const value of [record.category, record.Category, record.Type]) {
    if (typeof value === 'string' && /^(?:AZFW|AzureFirewall)[A-Za-z]/.test(value)) return value;
  }
  return null;
}

function normalise(wire: Wire): Normalised {
  const record = wire.object;
  const category = record === null ? null : categoryOf(record);
  if (record === null || category === null) return refuse('missing_field', 'expected category, one of Azure Firewall');
  const flags: string[] = [];
  const resource = azureResource(textOf(record.resourceId) ?? textOf(record.ResourceId) ?? textOf(record._ResourceId));
  const properties = propertiesOf(record);
  const message = textOf(properties.msg) ?? textOf(properties.Msg) ?? textOf(record.msg_s);
  const fields = message === null ? fieldsOfColumns(properties) : fieldsOfMessage(message);
  const time = chooseTime([azureTime(record.time, wire), azureTime(record.TimeGenerated, wire)], wire, flags);
  const base = {
    ...time,
    reporterName: resource?.names[0] ?? null,
    places: {
      eventTime: 'time' in record ? '/time' : '/TimeGenerated',
      verdict: message === null ? '/properties/Action' : '/properties/msg',
    },
    flags,
  };
  const isFlow =
    fields !== null && (fields.source !== null || fields.destination !== null) && !/Dns|Fqdn/i.test(category);
  if (!isFlow) {
    const asked = dnsRequest.exec(message ?? '');
    return accept({
      ...emptyRecord('signal', azureFirewall),
      ...base,
      source: endpointOf(
        { ip: fields?.source ?? asked?.[1], port: portOf(fields?.sourcePort ?? asked?.[2], flags) },
        flags,
      ),
      protocol: transportOf(fields?.protocol ?? asked?.[3] ?? null),
      summary: oneLine(
        `Azure Firewall ${category}: ${message ?? textOf(properties.QueryName) ?? textOf(properties.Fqdn) ?? textOf(properties.Error) ?? 'notice'}`,
      ),
      attributes: attributesOf({ category, operation: textOf(record.operationName), message, ...properties }, flags),
    });
  }
  return accept({ ...flowOf(fields, category, record, resource, flags), ...base });
}

/** The DNS proxy's `DNS Request: 10.0.0.4:5001 - 413 A IN a.example. udp 41 …`. */
const dnsRequest = /^DNS Request: ([0-9a-fA-F.:]{2,45}):(\d{1,5}) - (?:\S{1,255} ){4}(udp|tcp) /;

/** `properties`, also as text; a row of Log Analytics has its columns side by side. */
function propertiesOf(record: JsonObject): JsonObject {
  const { properties } = record;
  if (typeof properties === 'string') {
    try {
      return objectOf(JSON.parse(properties)) ?? {};
    } catch {
      return {};
    }
  }
  return objectOf(properties) ?? record;
}

function isApplication(protocol: string | null): boolean {
  return protocol !== null && /^(?:https?|mssql)/i.test(protocol);
}

/** `ICMP Type=8` is ICMP; protocols of applications go over TCP. */
function transportOf(protocol: string | null): NormalForm['protocol'] {
  if (isApplication(protocol)) return protocolOf('tcp');
  return protocolOf(protocol?.replace(/^icmp.+$/i, (name) => (name.includes('6') ? 'icmpv6' : 'icmp')));
}

function flowOf(
  fields: FirewallFields,
  category: string,
  record: JsonObject,
  resource: AzureResource | null,
  flags: string[],
): NormalForm {
  const { source: src, destination: dst, translated } = fields;
  const protocol = transportOf(fields.protocol);
  const ports = hasPorts(protocol);
  const dstIp = dst === null ? null : canonicalAddress(dst);
  const source = endpointOf({ ip: src, port: ports ? portOf(fields.sourcePort, flags) : null }, flags);
  const dnsName = dst !== null && dstIp === null ? nameOf(dst) : nameOf(fields.more.fqdn);
  const destination = endpointOf(
    {
      ip: dstIp,
      port: ports ? portOf(fields.destinationPort, flags) : null,
      instance: dstIp === null ? dnsName : null,
      dnsNames: dnsName === null ? [] : [dnsName],
    },
    flags,
  );
  const verdict = verdictOf(fields.action, category, flags);
  const threat = fields.threat ?? null;
  const reason = fields.reason === '' ? null : fields.reason;
  const told = {
    verdict,
    source,
    destination,
    protocol,
    direction: 'unknown',
    isReply: null,
    reason: threat ?? reason,
  } as const;
  const isAlert = threat !== null || fields.more.signatureId != null;
  const priority = Number(fields.signaturePriority ?? 0);
  return {
    ...emptyRecord('flow', azureFirewall),
    ...told,
    summary: flowSummary(told, isAlert ? fields.signature : fields.rule === null ? null : `rule ${fields.rule}`),
    verdictRaw: fields.action,
    count: Number(unsignedOf(fields.count) ?? 1) || null,
    severity: isAlert ? (priority === 1 ? 2 : priority === 2 ? 3 : 4) : null,
    severityRaw: fields.more.signatureId == null ? null : numberText(fields.signaturePriority),
    policies: policiesOf(fields, resource, verdict),
    attributes: attributesOf(
      {
        category,
        operation: textOf(record.operationName),
        applicationProtocol: isApplication(fields.protocol) ? fields.protocol?.toLowerCase() : null,
        translatedTo: translated === null ? null : translatedText(translated),
        threat,
        signature: fields.signature,
        policy: fields.policy,
        ruleCollection: fields.collection,
        ruleCollectionGroup: fields.collectionGroup,
        ...fields.more,
      },
      flags,
    ),
  };
}

function translatedText(translated: string): string {
  const { host, port } = splitPort(translated);
  return port === null ? host : `${host}:${port}`;
}

/** Intrusion detection alerts on what it lets pass, a trace only logs; a translated packet has been let in. */
function verdictOf(word: string | null, category: string, flags: string[]): Verdict {
  switch (word?.toLowerCase()) {
    case 'allow':
    case 'dnat':
      return 'allow';
    case 'deny':
    case 'drop':
    case 'reset':
    case 'alert and deny':
    case 'alertanddeny':
    case 'block':
      return 'deny';
    case 'alert':
    case 'log':
      return 'none';
    case undefined:
      return category.startsWith('AZFWNatRule') ? 'allow' : 'none';
    default:
      addFlag(flags, 'unknown_verdict');
      return 'unknown';
  }
}

function policiesOf(fields: FirewallFields, resource: AzureResource | null, verdict: Verdict): PolicyRef[] {
  const name = nameOf(fields.policy) ?? nameOf(fields.collection) ?? nameOf(fields.rule);
  if (name === null || name === 'N/A') return [];
  return [
    {
      system: 'azure',
      kind: fields.policy === null ? 'RuleCollection' : 'FirewallPolicy',
      namespace: azureNamespace(resource),
      name,
      tier:
        [fields.collectionGroup, fields.collection].filter((part) => part !== null && part !== name).join('/') || null,
      rule: fields.rule,
      revision: null,
      effect: verdict === 'allow' ? 'allow' : verdict === 'deny' ? 'deny' : 'none',
      staged: false,
    },
  ];
}
