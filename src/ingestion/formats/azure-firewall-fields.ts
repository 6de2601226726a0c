import { readFirewallMessage } from './azure-firewall-message.js';
import { type JsonObject, textOf } from './json-value.js';

/** What a log of Azure Firewall says of a connection, in columns or in words. */
export interface FirewallFields {
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

export function fieldsOfColumns(row: JsonObject): FirewallFields {
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

export function numberText(value: unknown): string | null {
  return typeof value === 'number' ? String(value) : textOf(value);
}

export function fieldsOfMessage(text: string): FirewallFields | null {
  const read = readFirewallMessage(text);
  if (read === null) return null;
  const field = (...names: readonly string[]): string | null =>
    names.map((name) => read.fields.get(name)).find((value) => value !== undefined && value !== '') ?? null;
  // Of detection the rule is the signature's number.
  const ids = field('IDS');
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
    rule: ids === null ? field('Rule') : null,
    threat: field('ThreatIntel'),
    signature: ids,
    signaturePriority: field('Priority'),
    more: {
      icmp: read.detail,
      url: withoutQuery(field('Url', 'URL')),
      webCategory: field('Web Category'),
      signatureId: field('Signature') ?? (ids === null ? null : field('Rule')),
      signatureCategory: field('Classification'),
    },
    count: null,
  };
}

/** Queries carry tokens; the raw bytes keep them. */
function withoutQuery(url: string | null): string | null {
  return url === null ? null : url.replace(/[?#].*$/s, '');
}
