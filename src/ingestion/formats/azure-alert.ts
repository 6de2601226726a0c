import type { NormalForm, Normalised } from '../normal-form.js';
import { severityOfWord } from './alert-severity.js';
import { azureTime } from './azure-time.js';
import { chooseTime } from './choose-time.js';
import { isKeepable, type JsonObject, objectOf, textOf, textsOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Alerts of Azure: the common alert schema of Azure Monitor (learn.microsoft.com, "Common alert schema for Azure Monitor alerts"), its
 * older schemas for metrics and logs ("Non-common alert schema definitions"), and incidents of Microsoft Sentinel as its automation rules hand them to a Logic App.
 */
export const azureAlert: FormatAdapter = { name: 'azure-alert', version: 2, detect, normalise };

/** Sev0 critical to Sev4 verbose. */
const monitorSeverities: ReadonlyMap<string, number> = new Map([
  ['Sev0', 2],
  ['Sev1', 3],
  ['Sev2', 4],
  ['Sev3', 6],
  ['Sev4', 7],
]);

function detect({ object }: Wire): boolean {
  if (object === null) return false;
  return object.schemaId === 'azureMonitorCommonAlertSchema' || isOlder(object) || isIncident(object);
}

const olderSchemas: ReadonlySet<unknown> = new Set(['AzureMonitorMetricAlert', 'Microsoft.Insights/LogAlert']);

function isOlder({ schemaId, data }: JsonObject): boolean {
  return olderSchemas.has(schemaId) && objectOf(data) !== null;
}

function isIncident(object: JsonObject): boolean {
  return object.objectSchemaType === 'Incident' && objectOf(objectOf(object.object)?.properties) !== null;
}

function normalise(wire: Wire): Normalised {
  const { object } = wire;
  if (object === null) return refuse('not_an_object', 'expected an alert');
  if (isIncident(object)) return incident(object, wire);
  return isOlder(object) ? olderAlert(object, wire) : monitorAlert(object, wire);
}

function monitorAlert(object: JsonObject, wire: Wire): Normalised {
  const data = objectOf(object.data);
  const essentials = objectOf(data?.essentials);
  if (essentials === null) return refuse('missing_field', 'expected /data/essentials');
  const condition = textOf(essentials.monitorCondition) ?? 'Fired';
  const resolved = condition === 'Resolved';
  const severity = textOf(essentials.severity);
  const rule = textOf(essentials.alertRule) ?? 'alert';
  const description = textOf(essentials.description);
  const alertId = textOf(essentials.alertId);
  const flags: string[] = [];
  const time = resolved ? 'resolvedDateTime' : 'firedDateTime';
  const attributes: NormalForm['attributes'] = { monitorCondition: condition };
  for (const name of ['signalType', 'monitoringService', 'originAlertId', 'description'] as const) {
    const text = textOf(essentials[name]);
    if (text !== null) attributes[name] = text;
  }
  const targets = textsOf(essentials.alertTargetIDs);
  if (targets.length > 0) attributes.alertTargetIDs = targets;
  keep(attributes, 'alertContext', data?.alertContext);
  keep(attributes, 'customProperties', data?.customProperties);
  return accept({
    ...emptyRecord('signal', azureAlert),
    ...chooseTime(
      [textOf(essentials[time]), textOf(essentials.firedDateTime)].filter((text) => text !== null),
      wire,
      flags,
    ),
    nativeId: alertId === null ? null : `${alertId}/${condition}`,
    severity: severity === null ? null : (monitorSeverities.get(severity) ?? null),
    severityRaw: severity,
    reason: rule,
    reporter: 'control-plane',
    reporterName: textOf(essentials.monitoringService),
    summary: oneLine(`${rule} ${condition.toLowerCase()}${description === null ? '' : `: ${description}`}`),
    attributes,
    places: {
      eventTime: `/data/essentials/${time}`,
      ...(severity === null ? {} : { severity: '/data/essentials/severity' }),
    },
    flags,
  });
}

/** Metrics put what they say into `context`, searches of logs side by side; severities are 0 to 4 alone. */
function olderAlert(object: JsonObject, wire: Wire): Normalised {
  const data = objectOf(object.data) ?? {};
  const context = objectOf(data.context) ?? {};
  const severity = numberText(context.severity) ?? numberText(data.Severity);
  const rule = textOf(context.name) ?? textOf(data.AlertRuleName) ?? 'alert';
  const condition = textOf(data.status) ?? 'Activated';
  const description = textOf(context.description) ?? textOf(data.Description);
  const flags: string[] = [];
  const attributes: NormalForm['attributes'] = { schemaId: textOf(object.schemaId) ?? '', monitorCondition: condition };
  keep(attributes, 'alertContext', data.context ?? data);
  return accept({
    ...emptyRecord('signal', azureAlert),
    ...chooseTime([azureTime(context.timestamp, wire), azureTime(data.SearchIntervalEndtimeUtc, wire)], wire, flags),
    severity: monitorSeverities.get(`Sev${severity}`) ?? null,
    severityRaw: severity,
    reason: rule,
    reporter: 'control-plane',
    summary: oneLine(`${rule} ${condition.toLowerCase()}${description === null ? '' : `: ${description}`}`),
    attributes,
    places: { eventTime: 'context' in data ? '/data/context/timestamp' : '/data/SearchIntervalEndtimeUtc' },
    flags,
  });
}

function numberText(value: unknown): string | null {
  return typeof value === 'number' ? String(value) : textOf(value);
}

function incident(object: JsonObject, wire: Wire): Normalised {
  const subject = objectOf(object.object) ?? {};
  const properties = objectOf(subject.properties) ?? {};
  const severity = textOf(properties.severity);
  const title = textOf(properties.title) ?? 'incident';
  const status = textOf(properties.status);
  const flags: string[] = [];
  const times = ['lastModifiedTimeUtc', 'createdTimeUtc', 'lastActivityTimeUtc'].filter(
    (name) => textOf(properties[name]) !== null,
  );
  const attributes: NormalForm['attributes'] = {};
  for (const name of ['status', 'incidentNumber', 'incidentUrl', 'description', 'owner', 'labels'] as const) {
    keep(attributes, name, properties[name]);
  }
  const id = textOf(subject.id) ?? textOf(subject.name);
  if (id !== null) attributes.incidentId = id;
  keep(attributes, 'workspaceInfo', object.workspaceInfo);
  return accept({
    ...emptyRecord('signal', azureAlert),
    ...chooseTime(
      times.map((name) => textOf(properties[name])),
      wire,
      flags,
    ),
    nativeId: textOf(object.eventUniqueId),
    severity: severityOfWord(severity),
    severityRaw: severity,
    reason: title,
    reporter: 'control-plane',
    reporterName: textOf(objectOf(object.workspaceInfo)?.WorkspaceName),
    summary: oneLine(`${title}${status === null ? '' : ` (${status})`}`),
    attributes,
    places: {
      ...(times[0] === undefined ? {} : { eventTime: `/object/properties/${times[0]}` }),
      ...(severity === null ? {} : { severity: '/object/properties/severity' }),
    },
    flags,
  });
}

function keep(attributes: NormalForm['attributes'], name: string, value: unknown): void {
  if (value !== undefined && value !== null && isKeepable(value)) attributes[name] = value;
}
