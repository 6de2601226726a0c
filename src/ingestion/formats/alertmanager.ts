import type { NormalForm, Normalised } from '../normal-form.js';
import { severityOfWord } from './alert-severity.js';
import { chooseTime } from './choose-time.js';
import { isObject, type JsonObject, listOf, objectOf, textOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Webhook notifications of Prometheus Alertmanager, version 4, and of Grafana, which adds `orgId`, `title`, `state` and `message`
 * (prometheus.io/docs/alerting/latest/configuration/#webhook_config). Each alert of a group is a signal.
 */
export const alertmanager: FormatAdapter = { name: 'alertmanager', version: 1, detect, normalise };

function detect({ object }: Wire): boolean {
  return (
    object !== null &&
    Array.isArray(object.alerts) &&
    typeof object.status === 'string' &&
    (typeof object.groupKey === 'string' || typeof object.receiver === 'string')
  );
}

function normalise(wire: Wire): Normalised {
  const group = wire.object ?? {};
  const [first, ...rest] = listOf(group.alerts).flatMap((alert, at) =>
    isObject(alert) ? [signalOf(alert, at, group, wire)] : [],
  );
  return first === undefined
    ? refuse('missing_field', 'expected at least one alert in /alerts')
    : accept(first, ...rest);
}

function signalOf(alert: JsonObject, at: number, group: JsonObject, wire: Wire): NormalForm {
  const labels = textsIn(alert.labels);
  const annotations = textsIn(alert.annotations);
  const state = textOf(alert.status) ?? textOf(group.status) ?? 'firing';
  const resolved = state === 'resolved';
  const severity = labels.severity ?? labels.priority ?? null;
  const flags: string[] = [];
  const name = labels.alertname ?? 'alert';
  const said = annotations.summary ?? annotations.description ?? annotations.message ?? '';
  const attributes: NormalForm['attributes'] = { status: state, labels, annotations };
  for (const [key, value] of [
    ['fingerprint', alert.fingerprint],
    ['generatorURL', alert.generatorURL],
    ['receiver', group.receiver],
  ] as const) {
    const text = textOf(value);
    if (text !== null) attributes[key] = text;
  }
  // The year 1 stands for an alert that has not ended.
  const times = resolved ? [textOf(alert.endsAt), textOf(alert.startsAt)] : [textOf(alert.startsAt)];
  return {
    ...emptyRecord('signal', alertmanager),
    ...chooseTime(
      times.filter((time) => time !== null && !time.startsWith('0001-')),
      wire,
      flags,
    ),
    severity: severityOfWord(severity),
    severityRaw: severity,
    reason: name,
    reporter: 'control-plane',
    reporterName: textOf(group.externalURL),
    summary: oneLine(`${name} ${state}${said === '' ? '' : `: ${said}`}`),
    attributes,
    places: {
      eventTime: `/alerts/${at}/${resolved ? 'endsAt' : 'startsAt'}`,
      ...(severity === null ? {} : { severity: `/alerts/${at}/labels/severity` }),
    },
    flags,
  };
}

function textsIn(value: unknown): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [key, text] of Object.entries(objectOf(value) ?? {})) {
    if (typeof text === 'string' && key !== '__proto__') texts[key] = text;
  }
  return texts;
}
