import type { NormalForm, Verdict } from '../normal-form.js';
import { oneLine } from './summary.js';

const verdictPhrases: { readonly [word in Verdict]: string } = {
  allow: 'Allowed',
  deny: 'Denied',
  would_deny: 'Would be denied',
  error: 'Error',
  none: 'Observed',
  unknown: 'Unknown verdict',
};

type Told = Pick<NormalForm, 'verdict' | 'source' | 'destination' | 'protocol' | 'direction' | 'isReply' | 'reason'>;

/** `Denied: shop/web to 10.0.0.7, tcp 5432, egress, POLICY_DENIED`; `more` is put behind. */
export function flowSummary(record: Told, more: string | null = null): string {
  const { destination, protocol, direction } = record;
  let text = `${verdictPhrases[record.verdict]}: ${endText(record.source)} to ${endText(destination)}`;
  if (protocol !== null) text += `, ${protocol.name}`;
  if (destination?.port != null) text += ` ${destination.port}`;
  if (direction !== 'unknown') text += `, ${direction}`;
  if (record.isReply === true) text += ', reply';
  if (record.reason !== null) text += `, ${record.reason}`;
  if (more !== null) text += `, ${more}`;
  return oneLine(text);
}

function endText(end: NormalForm['source']): string {
  const workload = end?.workload;
  if (workload == null) return end?.ip ?? 'unknown';
  return workload.key.startsWith('k8s:') && workload.namespace !== null
    ? `${workload.namespace}/${workload.name}`
    : workload.name;
}
