import type { Endpoint, NormalForm } from '../../ingestion/normal-form.js';
import type { ExportedRecord } from './exported-record.js';

/** Version of the Open Cybersecurity Schema Framework that events are written in. */
const version = '1.8.0';

/**
 * A record as an event of OCSF 1.8: flows as Network Activity (4001) with the profile `security_control`, policy changes as
 * API Activity (6003), other acts of people as API Activity, notices and alerts as Detection Finding (2004), the rest as Base Event (0).
 */
export function ocsfEvent(record: ExportedRecord): Record<string, unknown> {
  const { normalForm } = record;
  if (normalForm === null)
    return {
      ...baseOf(record, null, 0, 0, 0),
      message: 'A record that could not be read, or whose payload is no longer kept',
    };
  if (normalForm.kind === 'flow') return networkActivity(record, normalForm);
  if (normalForm.kind === 'policy_change' || normalForm.kind === 'admin') return apiActivity(record, normalForm);
  return normalForm.kind === 'signal' ? detectionFinding(record, normalForm) : baseOf(record, normalForm, 0, 0, 0);
}

function baseOf(
  record: ExportedRecord,
  normal: NormalForm | null,
  categoryUid: number,
  classUid: number,
  activityId: number,
): Record<string, unknown> {
  return {
    category_uid: categoryUid,
    class_uid: classUid,
    activity_id: activityId,
    type_uid: classUid * 100 + activityId,
    severity_id: severityOf(normal),
    time: Date.parse(record.eventTime),
    message: normal?.summary ?? '',
    metadata: {
      version,
      product: { name: 'Segproof', vendor_name: 'Segproof' },
      uid: `${record.index}/${record.part}`,
      original_time: record.eventTime,
      logged_time: Date.parse(record.receivedAt),
      log_name: record.source,
      ...(normal === null ? {} : { log_provider: normal.format }),
      ...(normal?.kind === 'flow' ? { profiles: ['security_control'] } : {}),
    },
    ...(record.raw === null ? {} : { raw_data: record.raw.toString('utf8') }),
    // Everything that has no place in the schema: the normal form as it is, so that nothing is lost on the way.
    ...(normal === null ? {} : { unmapped: { segproof: normal } }),
  };
}

/** Syslog scale to the one of OCSF; what has none is informational. */
function severityOf(normal: NormalForm | null): number {
  if (normal === null) return 0;
  const scale = [6, 5, 5, 4, 3, 2, 1, 1];
  return normal.severity === null ? 1 : (scale[normal.severity] ?? 99);
}

/** Refused connections were refused, the others are traffic; an observation has no disposition. */
const dispositions = {
  allow: { action_id: 1, action: 'Allowed', disposition_id: 1, disposition: 'Allowed' },
  deny: { action_id: 2, action: 'Denied', disposition_id: 2, disposition: 'Blocked' },
  would_deny: { action_id: 1, action: 'Allowed', disposition_id: 15, disposition: 'Detected' },
  error: { action_id: 0, action: 'Unknown', disposition_id: 19, disposition: 'Error' },
  none: { action_id: 3, action: 'Observed', disposition_id: 16, disposition: 'No Action' },
  unknown: { action_id: 0, action: 'Unknown', disposition_id: 0, disposition: 'Unknown' },
} as const;

function networkActivity(record: ExportedRecord, normal: NormalForm): Record<string, unknown> {
  const activity = normal.verdict === 'deny' ? 5 : 6;
  const [policy] = normal.policies;
  return {
    ...baseOf(record, normal, 4, 4001, activity),
    ...dispositions[normal.verdict],
    ...(normal.source === null ? {} : { src_endpoint: endpointOf(normal.source) }),
    ...(normal.destination === null ? {} : { dst_endpoint: endpointOf(normal.destination) }),
    connection_info: {
      direction_id: normal.direction === 'ingress' ? 1 : normal.direction === 'egress' ? 2 : 0,
      ...(normal.protocol === null ? {} : { protocol_name: normal.protocol.name }),
      ...(normal.protocol?.number == null ? {} : { protocol_num: normal.protocol.number }),
    },
    ...trafficOf(normal),
    ...(normal.interval === null
      ? {}
      : { start_time: Date.parse(normal.interval.start), end_time: Date.parse(normal.interval.end) }),
    ...(normal.count === null ? {} : { count: normal.count }),
    ...(policy === undefined
      ? {}
      : {
          policy: {
            name: policy.name,
            uid: policyUid(policy),
            ...(policy.revision === null ? {} : { version: policy.revision }),
          },
        }),
    ...(policy?.rule == null ? {} : { firewall_rule: { name: policy.name, uid: policy.rule } }),
    ...(normal.reason === null ? {} : { status_detail: normal.reason }),
  };
}

function trafficOf({ traffic }: NormalForm): Record<string, unknown> {
  if (traffic === null) return {};
  const number = (text: string | null): number | undefined =>
    text === null || !Number.isSafeInteger(Number(text)) ? undefined : Number(text);
  const figures = {
    bytes_out: number(traffic.bytes),
    packets_out: number(traffic.packets),
    bytes_in: number(traffic.replyBytes),
    packets_in: number(traffic.replyPackets),
  };
  return { traffic: Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined)) };
}

function endpointOf(end: Endpoint): Record<string, unknown> {
  return {
    ...(end.ip === null ? {} : { ip: end.ip }),
    ...(end.port === null ? {} : { port: end.port }),
    ...(end.instance === null ? {} : { hostname: end.instance }),
    ...(end.workload === null ? {} : { name: end.workload.name, uid: end.workload.key }),
    ...(end.zone === null ? {} : { zone: end.zone }),
    ...(end.dnsNames[0] === undefined ? {} : { domain: end.dnsNames[0] }),
  };
}

function policyUid({ system, kind, namespace, name }: NormalForm['policies'][number]): string {
  return [system, kind, namespace, name].filter((part) => part !== null).join('/');
}

const activities = { create: 1, update: 3, delete: 4, delete_collection: 4 } as const;

function apiActivity(record: ExportedRecord, normal: NormalForm): Record<string, unknown> {
  const change = normal.policyChange;
  const activity = change === null ? 99 : activities[change.action];
  const succeeded = change === null ? normal.verdict === 'allow' : change.applied;
  return {
    ...baseOf(record, normal, 6, 6003, activity),
    ...(change === null ? { activity_name: 'Other' } : {}),
    status_id: succeeded ? 1 : normal.verdict === 'none' ? 0 : 2,
    actor: {
      user: {
        name: normal.actor?.name ?? 'unknown',
        ...(normal.actor === null ? {} : { groups: normal.actor.groups.map((name) => ({ name })) }),
      },
    },
    api: { operation: change === null ? normal.summary.slice(0, 200) : `${change.action} ${change.resource.kind}` },
    src_endpoint: normal.actor?.addresses[0] === undefined ? { name: 'unknown' } : { ip: normal.actor.addresses[0] },
    ...(change === null
      ? {}
      : {
          resources: [
            {
              name: change.resource.name ?? '',
              type: change.resource.kind,
              ...(change.resource.uid === null ? {} : { uid: change.resource.uid }),
              ...(change.resource.namespace === null ? {} : { namespace: change.resource.namespace }),
            },
          ],
        }),
  };
}

function detectionFinding(record: ExportedRecord, normal: NormalForm): Record<string, unknown> {
  return {
    ...baseOf(record, normal, 2, 2004, 1),
    finding_info: {
      uid: normal.nativeId ?? `${record.index}/${record.part}`,
      title: normal.summary,
      ...(normal.lostCount === null ? {} : { desc: `${normal.lostCount} records were lost` }),
    },
    status_id: 1,
  };
}
