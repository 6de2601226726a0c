import type { NormalForm, PolicyRef, Verdict } from '../normal-form.js';
import { attributesOf } from './attributes.js';
import { azureTime } from './azure-time.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import type { ReadTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { protocolOf } from './ip-protocol.js';
import { type JsonObject, nameOf, textOf, unsignedOf } from './json-value.js';
import { addFlag, emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/*
 * Rows of traffic analytics, which aggregates Azure's flow logs (Network Watcher, "Schema and data aggregation in traffic
 * analytics"): table `NTANetAnalytics` of virtual networks, `AzureNetworkAnalytics_CL` of security groups.
 */

/** Names of columns in lower case, without the `_s`, `_d`, `_t` that custom tables add for their type. */
type Columns = ReadonlyMap<string, unknown>;

function columnsOf(row: JsonObject): Columns {
  return new Map(Object.entries(row).map(([name, value]) => [name.toLowerCase().replace(/_[sdtgb]$/, ''), value]));
}

/** Topology and the like are other subtypes of the same tables. */
export function isTrafficRow(row: JsonObject): boolean {
  return (row.SubType === 'FlowLog' || row.SubType_s === 'FlowLog') && ('FlowStatus' in row || 'FlowStatus_s' in row);
}

export function trafficRow(row: JsonObject, wire: Wire, adapter: Pick<FormatAdapter, 'name' | 'version'>): NormalForm {
  const flags: string[] = [];
  const columns = columnsOf(row);
  const text = (name: string): string | null => textOf(columns.get(name));
  const time = (name: string): ReadTime | string | null => azureTime(columns.get(name), wire);
  const isInward = /^i/i.test(text('flowdirection') ?? '');
  const direction = isInward ? 'ingress' : /^o/i.test(text('flowdirection') ?? '') ? 'egress' : 'unknown';
  // What is outside of Azure stands in a list of its own; the machine's address may stand apart then.
  const [publicSource, publicDestination] = [
    onlyPublic(text('srcpublicips')) ?? (isInward ? onlyPublic(text('publicips')) : null),
    onlyPublic(text('destpublicips')) ?? (isInward ? null : onlyPublic(text('publicips'))),
  ];
  const machine = text('vmip');
  const source = endpointOf(
    {
      ip: text('srcip') ?? publicSource ?? (isInward ? null : machine),
      instance: text('srcvm') ?? text('vm1'),
      zone: text('srcsubnet') ?? text('subnet1'),
    },
    flags,
  );
  const destination = endpointOf(
    {
      ip: text('destip') ?? publicDestination ?? (isInward ? machine : null),
      port: portOf(columns.get('destport'), flags),
      instance: text('destvm') ?? text('vm2'),
      zone: text('destsubnet') ?? text('subnet2'),
    },
    flags,
  );
  const verdictRaw = text('flowstatus');
  const verdict = verdictOf(verdictRaw, flags);
  const rule = text('aclrule') ?? text('nsgrule');
  const told = {
    verdict,
    source,
    destination,
    protocol: protocolOf(text('l4protocol')),
    direction,
    isReply: null,
    reason: null,
  } as const;
  const [start, end] = [readTime(time('flowstarttime')), readTime(time('flowendtime'))];
  const [packets, bytes, replyPackets, replyBytes] = [
    'packetssrctodest',
    'bytessrctodest',
    'packetsdesttosrc',
    'bytesdesttosrc',
  ].map((name) => unsignedOf(columns.get(name)));
  const flows = ['allowedinflows', 'deniedinflows', 'allowedoutflows', 'deniedoutflows'].reduce(
    (sum, name) => sum + Number(unsignedOf(columns.get(name)) ?? 0),
    0,
  );
  return {
    ...emptyRecord('flow', adapter),
    ...told,
    ...chooseTime([time('flowstarttime'), time('flowintervalstarttime'), time('timegenerated')], wire, flags),
    summary: flowSummary(told, rule === null ? null : `rule ${rule}`),
    verdictRaw,
    reporter: isInward ? 'dst' : direction === 'egress' ? 'src' : 'device',
    reporterName: text('macaddress'),
    count: flows === 0 ? null : flows,
    interval: start === null || end === null ? null : { start, end },
    traffic:
      packets == null && bytes == null
        ? null
        : {
            packets: packets ?? null,
            bytes: bytes ?? null,
            replyPackets: replyPackets ?? null,
            replyBytes: replyBytes ?? null,
          },
    policies: policiesOf(rule, text('aclgroup') ?? text('nsglist'), verdict),
    attributes: attributesOf(
      {
        flowType: text('flowtype'),
        applicationProtocol: text('l7protocol'),
        encryption: text('flowencryption'),
        sourcePublicIps: text('srcpublicips'),
        destinationPublicIps: text('destpublicips'),
        publicIps: text('publicips'),
        country: text('country'),
        targetResourceId: text('targetresourceid'),
      },
      flags,
    ),
    flags,
  };
}

/** The address in `20.1.2.3|1|0|0|…`, the entries of which are separated by spaces; null where there are none or several. */
function onlyPublic(list: string | null): string | null {
  const entries = list?.trim().split(/\s+/) ?? [];
  return entries.length === 1 ? (entries[0]?.split('|', 1)[0] ?? null) || null : null;
}

function readTime(time: ReadTime | string | null): string | null {
  return typeof time === 'object' ? (time?.time ?? null) : /^\d{4}-.*Z$/.test(time) ? time : null;
}

function verdictOf(word: string | null, flags: string[]): Verdict {
  switch (word?.toLowerCase()) {
    case 'a':
    case 'allowed':
      return 'allow';
    case 'd':
    case 'denied':
      return 'deny';
    default:
      addFlag(flags, 'unknown_verdict');
      return 'unknown';
  }
}

/** `group` is the id of a resource, or `subscription/group/name`. */
function policiesOf(rule: string | null, group: string | null, verdict: Verdict): PolicyRef[] {
  const parts = group?.split('/') ?? [];
  const name = nameOf(parts.at(-1)) ?? nameOf(rule);
  if (name === null) return [];
  return [
    {
      system: 'azure',
      kind:
        group === null || /networksecuritygroups/i.test(group) || parts.length === 3
          ? 'NetworkSecurityGroup'
          : 'AccessControlList',
      namespace: parts.length === 3 ? nameOf(parts.slice(0, 2).join('/')) : null,
      name,
      tier: null,
      rule,
      revision: null,
      effect: verdict === 'deny' ? 'deny' : verdict === 'allow' ? 'allow' : 'none',
      staged: false,
    },
  ];
}
