import type { Endpoint, NormalForm, Verdict } from '../normal-form.js';
import { attributesOf } from './attributes.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readEpoch, readTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { integerOf, type JsonObject, listOf, nameOf, objectOf, textOf, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';
import { emptyRecord, type FormatAdapter, type Wire } from './wire.js';

type Adapter = Pick<FormatAdapter, 'name' | 'version'>;

/** A connection of the network log, as `GET /api/v3.0/connections` lists them. */
export function isConnection(object: JsonObject): boolean {
  return (
    'source_ip' in object &&
    'destination_ip' in object &&
    'policy_verdict' in object &&
    ('slot_start_time' in object || 'connection_type' in object || 'bucket_id' in object)
  );
}

/** An incident, as `GET /api/v3.0/incidents` lists them. */
export function isIncident(object: JsonObject): boolean {
  return (
    (textOf(object._cls)?.startsWith('Incident') === true && 'incident_type' in object) ||
    ('incident_type' in object && 'affected_assets' in object && 'sensor_type' in object)
  );
}

/** `allowed`, `alerted_by_management`, `blocked_by_source`, `will_be_blocked`. An alert lets through what it tells of. */
function verdictOf(word: string | null): Verdict {
  const text = word?.toLowerCase() ?? '';
  if (/^(?:alert|will_be_blocked|would)/.test(text)) return 'would_deny';
  if (text.startsWith('block')) return 'deny';
  return text.startsWith('allow') ? 'allow' : 'unknown';
}

export function readConnection(connection: JsonObject, wire: Wire, adapter: Adapter): NormalForm {
  const flags: string[] = [];
  const protocol = protocolOf(connection.ip_protocol ?? connection.protocol ?? undefined);
  const end = (side: 'source' | 'destination'): Endpoint | null =>
    endpointOf(
      {
        ip: connection[`${side}_ip`],
        port: hasPorts(protocol) ? portOf(connection[`${side}_port`], flags) : null,
        instance: nameOf(objectOf(objectOf(connection[side])?.vm)?.name),
      },
      flags,
    );
  const word = textOf(connection.policy_verdict);
  const rule = nameOf(connection.policy_rule);
  const ruleset = nameOf(connection.policy_ruleset);
  const verdict = verdictOf(word);
  const told = {
    verdict,
    source: end('source'),
    destination: end('destination'),
    protocol,
    direction: 'unknown',
    isReply: null,
    reason: null,
  } as const;
  return {
    ...emptyRecord('flow', adapter),
    ...told,
    ...chooseTime(
      [timeOf(connection.slot_start_time) ?? timeOf(connection.time), timeOf(connection.db_insert_time)],
      wire,
      flags,
    ),
    summary: flowSummary(told, ruleset ?? rule),
    nativeId: nameOf(connection.id),
    verdictRaw: word,
    count: integerOf(connection.count),
    policies:
      rule === null && ruleset === null
        ? []
        : [
            {
              system: 'guardicore',
              kind: null,
              namespace: null,
              name: ruleset ?? rule ?? '',
              tier: null,
              rule,
              revision: unsignedOf(connection.policy_revision),
              effect: verdict === 'allow' ? 'allow' : verdict === 'deny' || verdict === 'would_deny' ? 'deny' : 'none',
              staged: verdict === 'would_deny',
            },
          ],
    attributes: attributesOf(
      {
        connectionType: connection.connection_type,
        flowId: connection.flow_id,
        sourceProcess: connection.source_process,
        destinationProcess: connection.destination_process,
        sourceNodeType: connection.source_node_type,
        destinationNodeType: connection.destination_node_type,
        originalVerdict: connection.original_policy_verdict,
      },
      flags,
    ),
    places: {
      eventTime: '/slot_start_time',
      verdict: '/policy_verdict',
      'source.ip': '/source_ip',
      'destination.ip': '/destination_ip',
      'destination.port': '/destination_port',
      protocol: '/ip_protocol',
    },
    flags,
  };
}

/** What an incident is about may have been let through or not; it decides nothing itself. */
export function readIncident(incident: JsonObject, wire: Wire, adapter: Adapter): NormalForm {
  const flags: string[] = [];
  const asset = (name: string): Endpoint | null => {
    const given = objectOf(incident[name]);
    return given === null ? null : endpointOf({ ip: given.ip, instance: nameOf(objectOf(given.vm)?.name) }, flags);
  };
  const [start, end] = [timeOf(incident.start_time), timeOf(incident.end_time)];
  const severity = integerOf(incident.severity);
  const names = listOf(incident.concatenated_tags).flatMap((tag) => textOf(objectOf(tag)?.display_name) ?? []);
  return {
    ...emptyRecord('signal', adapter),
    ...chooseTime([start, end, timeOf(incident.last_updated_time)], wire, flags),
    nativeId: nameOf(incident.id),
    summary: oneLine(`Guardicore incident ${textOf(incident.incident_type) ?? ''}: ${names.join(', ') || 'no tags'}`),
    source: asset('source_asset'),
    destination: asset('destination_asset'),
    count: 1,
    interval: start === null || end === null ? null : { start, end },
    severity: severity === null ? null : severity >= 70 ? 3 : severity >= 40 ? 4 : 5,
    severityRaw: severity === null ? textOf(incident.severity) : String(severity),
    attributes: attributesOf(
      {
        incidentType: incident.incident_type,
        tags: names,
        direction: incident.direction,
        flowIds: incident.flow_ids,
        policyRevision: incident.policy_revision,
        hasPolicyViolations: incident.has_policy_violations,
      },
      flags,
    ),
    places: { eventTime: '/start_time', 'source.ip': '/source_asset/ip', 'destination.ip': '/destination_asset/ip' },
    flags,
  };
}

function timeOf(value: unknown): string | null {
  return readTime(value) ?? readEpoch(value);
}
