import type { NormalForm } from '../normal-form.js';
import { readTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { decisionOf, flowRecord, numberOf } from './illumio-flow.js';
import { type JsonObject, type JsonValue, objectOf, textOf, unsignedOf } from './json-value.js';
import type { Wire } from './wire.js';

/** Is this a row of the PCE's traffic analysis (REST API, `traffic_flows/async_queries`)? */
export function isTrafficRow(object: JsonObject): boolean {
  return (
    typeof object.policy_decision === 'string' &&
    objectOf(object.src) !== null &&
    objectOf(object.dst) !== null &&
    ('service' in object || 'num_connections' in object)
  );
}

/**
 * Reads such a row: what was enforced, and as a second statement about the same flow what the draft policy, which is not
 * provisioned yet, would have denied.
 */
export function illumioTraffic(row: JsonObject, wire: Wire): readonly [NormalForm, ...NormalForm[]] {
  const service = objectOf(row.service) ?? {};
  const range = objectOf(row.timestamp_range) ?? {};
  const draft = textOf(row.draft_policy_decision);
  const decision = textOf(row.policy_decision);
  const verdict = decisionOf(decision);
  const first = textOf(range.first_detected);
  const way = row.flow_direction === 'inbound' ? 'I' : row.flow_direction === 'outbound' ? 'O' : null;
  const read = flowRecord(
    {
      verdict,
      verdictRaw: decision,
      source: endOf(row.src),
      destination: { ...endOf(row.dst), port: service.port, fqdn: objectOf(row.dst)?.fqdn },
      protocol: service.proto,
      way,
      time: first ?? textOf(range.last_detected),
      seconds: null,
      count: numberOf(unsignedOf(row.num_connections)),
      bytes: unsignedOf(row.dst_bi) ?? unsignedOf(row.src_bo),
      replyBytes: unsignedOf(row.dst_bo) ?? unsignedOf(row.src_bi),
      reason: textOf(row.boundary_decision),
      name: textOf(row.pce_fqdn),
      severityRaw: null,
      attributes: attributesOf(row, service),
      places: {
        eventTime: '/timestamp_range/first_detected',
        verdict: '/policy_decision',
        'source.ip': '/src/ip',
        'destination.ip': '/dst/ip',
        'destination.port': '/service/port',
        protocol: '/service/proto',
        direction: '/flow_direction',
      },
    },
    wire,
  );
  const last = readTime(range.last_detected);
  const record = {
    ...read,
    interval: first === null || last === null || read.eventTime === null ? null : { start: read.eventTime, end: last },
  };
  const drafted = decisionOf(draft);
  if (verdict === 'deny' || verdict === 'would_deny' || (drafted !== 'deny' && drafted !== 'would_deny'))
    return [record];
  const would: NormalForm = {
    ...record,
    verdict: 'would_deny',
    verdictRaw: draft,
    summary: flowSummary({ ...record, verdict: 'would_deny' }, 'by the draft policy'),
    places: { ...record.places, verdict: '/draft_policy_decision' },
  };
  return [record, would];
}

function endOf(value: unknown): { ip: unknown; host: unknown; labels: unknown; href: unknown } {
  const end = objectOf(value) ?? {};
  const workload = objectOf(end.workload) ?? objectOf(end.virtual_service) ?? {};
  return {
    ip: end.ip,
    host: textOf(workload.hostname) ?? textOf(workload.name),
    labels: workload.labels,
    href: workload.href,
  };
}

function attributesOf(row: JsonObject, service: JsonObject): Record<string, JsonValue> {
  const values = {
    state: row.state,
    draftPolicyDecision: row.draft_policy_decision,
    transmission: row.transmission,
    network: objectOf(row.network)?.name,
    process: service.process_name,
    user: service.user_name,
    windowsService: service.windows_service_name,
    type: service.icmp_type,
    code: service.icmp_code,
  };
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' ? [[name, value]] : [],
    ),
  );
}
