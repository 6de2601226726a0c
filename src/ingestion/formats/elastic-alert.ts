import type { NormalForm, Normalised } from '../normal-form.js';
import { severityOfWord } from './alert-severity.js';
import { chooseTime } from './choose-time.js';
import { readTime } from './event-time.js';
import { isKeepable, objectOf, textOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/**
 * Alerts of Kibana's webhook connector, whose body is a template of the user: the one in docs/connect/kibana.md, with the
 * variables of rules under their own names (elastic.co/guide/en/kibana/current/rule-action-variables.html).
 */
export const elasticAlert: FormatAdapter = { name: 'elastic-alert', version: 1, detect, normalise };

function detect({ object }: Wire): boolean {
  const alert = objectOf(object?.kibana_alert);
  return alert !== null && textOf(objectOf(alert.rule)?.name) !== null;
}

function normalise(wire: Wire): Normalised {
  const alert = objectOf(wire.object?.kibana_alert) ?? {};
  const rule = objectOf(alert.rule) ?? {};
  const which = objectOf(alert.alert) ?? {};
  const [name, ruleId, alertId] = [said(rule.name) ?? 'rule', said(rule.id), said(which.uuid) ?? said(which.id)];
  const [state, date, reason] = [
    said(which.actionGroupName) ?? said(which.actionGroup),
    said(alert.date),
    said(alert.reason),
  ];
  const severity = said(alert.severity);
  const flags: string[] = [];
  const attributes: NormalForm['attributes'] = {};
  for (const [field, value] of Object.entries({
    ruleId,
    ruleType: said(rule.type),
    ruleUrl: said(rule.url),
    alertId,
    state,
    space: said(rule.spaceId),
    tags: said(rule.tags),
  })) {
    if (value !== null) attributes[field] = value;
  }
  const context = objectOf(alert.context);
  if (context !== null && isKeepable(context)) attributes.context = context;
  const place = state === null ? '' : ` (${state})`;
  return accept({
    ...emptyRecord('signal', elasticAlert),
    ...chooseTime([readTime(date)], wire, flags),
    // An alert that goes on is sent again with another date.
    nativeId: ruleId === null || date === null ? null : [ruleId, alertId ?? '', state ?? '', date].join(' '),
    severity: severityOfWord(severity),
    severityRaw: severity,
    reason,
    reporter: 'control-plane',
    reporterName: 'kibana',
    summary: oneLine(`Kibana alert ${name}${place}${reason === null ? '' : `: ${reason}`}`),
    attributes,
    places: { eventTime: '/kibana_alert/date', severity: '/kibana_alert/severity' },
    flags,
  });
}

/** A variable that the rule does not have comes as an empty text. */
function said(value: unknown): string | null {
  const text = textOf(value);
  return text === null || text.trim() === '' ? null : text;
}
