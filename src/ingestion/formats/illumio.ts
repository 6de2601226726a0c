import type { Normalised } from '../normal-form.js';
import { cefAt, readCef } from './cef-text.js';
import { illumioAudit, illumioAuditCef, illumioAuditLeef } from './illumio-audit.js';
import { illumioFlowCef, illumioFlowLeef } from './illumio-flow-text.js';
import { illumioFlow } from './illumio-flow.js';
import { illumioTraffic, isTrafficRow } from './illumio-traffic.js';
import { isObject } from './json-value.js';
import { readLeef } from './leef.js';
import { accept, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Illumio's Policy Compute Engine: traffic summaries and audit events, as JSON behind its syslog prefix, as JSON files, as
 * CEF and LEEF, whose values it does not escape, and as tables of Microsoft Sentinel; rows of its traffic analysis (Illumio, "Events administration", "Traffic flow summaries").
 */
export const illumio: FormatAdapter = { name: 'illumio', version: 2, detect, normalise };

function detect({ object, text, line }: Wire): boolean {
  if (object !== null) {
    const isFlow = 'pd' in object && ('src_ip' in object || 'dst_ip' in object);
    return (
      isFlow ||
      isTrafficRow(object) ||
      ('event_type' in object && 'pce_fqdn' in object) ||
      ('event_type' in object && 'created_by' in object && 'resource_changes' in object)
    );
  }
  return (
    /(?:CEF:\s?\d|LEEF:\s?\d\.?\d?)\|Illumio\|/.test(text) || /(?:CEF:\s?\d|LEEF:\s?\d\.?\d?)\|Illumio\|/.test(line)
  );
}

function normalise(wire: Wire): Normalised {
  const { object, text, line } = wire;
  if (isObject(object)) {
    if (isTrafficRow(object)) return accept(...illumioTraffic(object, wire));
    return 'pd' in object ? accept(illumioFlow(object, wire)) : accept(...illumioAudit(object, wire));
  }
  const where = cefAt(text) !== -1 ? text : line;
  const cef = readCef(where);
  if (cef !== null)
    return /^(?:flow_|traffic)/.test(cef.signature) || cef.extension.get('cat') === 'flow_summary'
      ? accept(illumioFlowCef(cef, wire))
      : accept(...illumioAuditCef(cef, wire));
  const leef = readLeef(text) ?? readLeef(line);
  if (leef === null) return refuse('invalid_field', 'expected the header of CEF or LEEF');
  const isFlow = leef.eventId.startsWith('flow_') || leef.pairs.get('cat')?.startsWith('flow') === true;
  return isFlow ? accept(illumioFlowLeef(leef, wire)) : accept(...illumioAuditLeef(leef, wire));
}
