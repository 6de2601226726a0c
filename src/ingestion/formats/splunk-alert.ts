import type { NormalForm, Normalised } from '../normal-form.js';
import { severityOfWord } from './alert-severity.js';
import { chooseTime } from './choose-time.js';
import { readEpoch, readTime } from './event-time.js';
import { isKeepable, objectOf, textOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/**
 * The webhook action of Splunk alerts (docs.splunk.com, "Use a webhook alert action"): the first row of the result, and which search
 * found it. A row with a `_raw` of a format of its own is read as that.
 */
export const splunkAlert: FormatAdapter = { name: 'splunk-alert', version: 1, detect, normalise };

function detect({ object }: Wire): boolean {
  return (
    object !== null &&
    typeof object.sid === 'string' &&
    (typeof object.search_name === 'string' || typeof object.results_link === 'string') &&
    object.result !== undefined
  );
}

function normalise(wire: Wire): Normalised {
  const alert = wire.object ?? {};
  const result = objectOf(alert.result) ?? {};
  const search = textOf(alert.search_name) ?? 'search';
  const severity = textOf(result.severity) ?? textOf(result.urgency);
  const flags: string[] = [];
  const attributes: NormalForm['attributes'] = {};
  for (const name of ['sid', 'app', 'owner', 'results_link'] as const) {
    const text = textOf(alert[name]);
    if (text !== null) attributes[name] = text;
  }
  if (isKeepable(result)) attributes.result = result;
  const time = result._time ?? result._indextime;
  return accept({
    ...emptyRecord('signal', splunkAlert),
    ...chooseTime([readTime(time) ?? readEpoch(time)], wire, flags),
    nativeId: textOf(alert.sid),
    severity: severityOfWord(severity),
    severityRaw: severity,
    reason: search,
    reporter: 'control-plane',
    reporterName: textOf(result.host),
    summary: oneLine(`Splunk alert ${search}${textOf(result._raw) === null ? '' : `: ${textOf(result._raw)}`}`),
    attributes,
    places: time === undefined ? {} : { eventTime: `/result/${result._time === undefined ? '_indextime' : '_time'}` },
    flags,
  });
}
