import { isExportedTable } from '../column-header.js';
import type { NormalForm, Normalised } from '../normal-form.js';
import { cefAt, type CefMessage, readCef } from './cef-text.js';
import { illumioAudit, illumioAuditCef, illumioAuditLeef } from './illumio-audit.js';
import { illumioFlowCef, illumioFlowLeef } from './illumio-flow-text.js';
import { illumioFlow } from './illumio-flow.js';
import { recordOfRow, tableRow } from './illumio-table.js';
import { illumioTraffic, isTrafficRow } from './illumio-traffic.js';
import { isObject } from './json-value.js';
import { readLeef } from './leef.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Illumio's Policy Compute Engine: traffic summaries and audit events, as JSON behind its syslog prefix, as JSON files, as
 * CEF and LEEF, whose values it does not escape, and as tables of Microsoft Sentinel; rows of its traffic analysis (Illumio, "Events administration", "Traffic flow summaries").
 */
export const illumio: FormatAdapter = { name: 'illumio', version: 2, detect, normalise };

function detect(wire: Wire): boolean {
  const { object, text, line } = wire;
  if (object !== null) {
    const isFlow = 'pd' in object && ('src_ip' in object || 'dst_ip' in object);
    return (
      isFlow ||
      isTrafficRow(object) ||
      ('event_type' in object && 'pce_fqdn' in object) ||
      ('event_type' in object && 'created_by' in object && 'resource_changes' in object)
    );
  }
  if (isExportedTable(text) || tableRow(wire) !== null) return true;
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
  if (isExportedTable(text)) return accept(columnsNotice());
  const row = tableRow(wire);
  if (row !== null) return readRow(row, wire);
  const where = cefAt(text) !== -1 ? text : line;
  const cef = readCef(where);
  if (cef !== null)
    return isFlowMessage(cef) ? accept(illumioFlowCef(cef, wire)) : accept(...illumioAuditCef(cef, wire));
  const leef = readLeef(text) ?? readLeef(line);
  if (leef === null) return refuse('invalid_field', 'expected the header of CEF or LEEF');
  const isFlow = leef.eventId.startsWith('flow_') || leef.pairs.get('cat')?.startsWith('flow') === true;
  return isFlow ? accept(illumioFlowLeef(leef, wire)) : accept(...illumioAuditLeef(leef, wire));
}

/** Of an audit event `dst` is where the administrator sat, and there is no `src`. */
function isFlowMessage({ signature, extension }: CefMessage): boolean {
  if (/^(?:flow_|traffic)/.test(signature) || extension.get('cat') === 'flow_summary') return true;
  return Boolean(extension.get('src')) && Boolean(extension.get('dst')) && extension.get('cat') !== 'audit_events';
}

function columnsNotice(): NormalForm {
  return {
    ...emptyRecord('signal', illumio),
    summary: 'Names of the columns of an exported table',
    flags: ['not_a_record', 'no_event_time'],
  };
}

/** A row reads as its JSON would; what had to be guessed of its time is told. */
function readRow(row: readonly [name: string, value: string][], wire: Wire): Normalised {
  const { object, time } = recordOfRow(row, wire);
  const result = normalise({ ...wire, object, text: JSON.stringify(object) });
  if (!result.ok || time === null || time.guessed.length === 0) return result;
  const [first, ...rest] = result.records.map((record): NormalForm => {
    const flags = [...record.flags];
    for (const guess of time.guessed) addFlag(flags, guess);
    return { ...record, timeGuessed: true, flags };
  });
  return first === undefined ? result : accept(first, ...rest);
}
