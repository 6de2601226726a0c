import type { NormalForm, Normalised, PolicyRef, Verdict } from '../normal-form.js';
import { attributesOf } from './attributes.js';
import { readFirewallMessage, splitPort } from './azure-firewall-message.js';
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
  const fields = message === null ? structured(properties) : worded(message);
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
      protocol: protocolOf(fields?.protocol ?? asked?.[3]),
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

interface Fields {
  readonly protocol: string | null;
  readonly source: string | null;
  readonly sourcePort: unknown;
  readonly destination: string | null;
  readonly destinationPort: unknown;
  readonly translated: string | null;
  readonly action: string | null;
  readonly reason: string | null;
  readonly policy: string | null;
  readonly collection: string | null;
  readonly collectionGroup: string | null;
  readonly rule: string | null;
  readonly threat: string | null;
  readonly signature: string | null;
  readonly signaturePriority: unknown;
  readonly more: Readonly<Record<string, unknown>>;
  /** Of aggregated logs: how many connections the record stands for. */
  readonly count: unknown;
}

function structured(row: JsonObject): Fields {
  const translatedIp = textOf(row.TranslatedIp);
  return {
    protocol: textOf(row.Protocol),
    source: textOf(row.SourceIp) ?? textOf(row.SourceIP),
    sourcePort: row.SourcePort,
    destination: textOf(row.DestinationIp) ?? textOf(row.DestinationIP) ?? textOf(row.Fqdn),
    destinationPort: row.DestinationPort,
    translated: translatedIp === null ? null : `${translatedIp}:${numberText(row.TranslatedPort) ?? ''}`,
    action: textOf(row.Action),
    reason: textOf(row.ActionReason),
    policy: textOf(row.Policy),
    collection: textOf(row.RuleCollection),
    collectionGroup: textOf(row.RuleCollectionGroup),
    rule: textOf(row.Rule),
    threat: textOf(row.ThreatDescription),
    signature: textOf(row.Description),
    signaturePriority: row.Severity,
    more: {
      fqdn: row.Fqdn,
      url: withoutQuery(textOf(row.TargetUrl)),
      tlsInspected: row.IsTlsInspected,
      webCategory: row.WebCategory,
      explicitProxy: row.IsExplicitProxyRequest,
      signatureId: row.SignatureId,
      signatureCategory: row.SignatureId === undefined ? null : row.Category,
      flag: row.Flag,
      flowRate: row.FlowRate,
    },
    count: row.NetworkRuleCount ?? row.ApplicationRuleCount ?? row.NatRuleCount ?? row.Count,
  };
}

function numberText(value: unknown): string | null {
  return typeof value === 'number' ? String(value) : textOf(value);
}

function worded(text: string): Fields | null {
  const read = readFirewallMessage(text);
  if (read === null) return null;
  const field = (...names: readonly string[]): string | null =>
    names.map((name) => read.fields.get(name)).find((value) => value !== undefined && value !== '') ?? null;
  return {
    protocol: read.protocol,
    source: read.source,
    sourcePort: read.sourcePort,
    destination: read.destination,
    destinationPort: read.destinationPort,
    translated: read.translated,
    action: field('Action') ?? (read.translated === null ? null : 'DNAT'),
    reason: field('Reason') ?? read.remarks.join('. ') ?? null,
    policy: field('Policy'),
    collection: field('Rule Collection'),
    collectionGroup: field('Rule Collection Group'),
    rule: field('Rule'),
    threat: field('ThreatIntel'),
    signature: field('IDS'),
    signaturePriority: field('Priority'),
    more: {
      icmp: read.detail,
      url: withoutQuery(field('Url', 'URL')),
      webCategory: field('Web Category'),
      signatureId: field('Signature'),
      signatureCategory: field('Classification'),
    },
    count: null,
  };
}

/** Queries carry tokens; the raw bytes keep them. */
function withoutQuery(url: string | null): string | null {
  return url === null ? null : url.replace(/[?#].*$/s, '');
}

function flowOf(
  fields: Fields,
  category: string,
  record: JsonObject,
  resource: AzureResource | null,
  flags: string[],
): NormalForm {
  const { source: src, destination: dst, translated } = fields;
  const asProtocol = fields.protocol?.toLowerCase() ?? null;
  const application = asProtocol !== null && /^(?:https?|mssql)/.test(asProtocol);
  const protocol = protocolOf(
    application ? 'tcp' : asProtocol?.replace(/^icmp.+$/, (name) => (name.includes('6') ? 'icmpv6' : 'icmp')),
  );
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
        applicationProtocol: application ? asProtocol : null,
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

function policiesOf(fields: Fields, resource: AzureResource | null, verdict: Verdict): PolicyRef[] {
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
