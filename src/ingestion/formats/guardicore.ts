import type { Normalised } from '../normal-form.js';
import { readCef } from './cef-text.js';
import { normaliseCef } from './cef.js';
import { isAuditRecord, readAuditRecord } from './guardicore-audit.js';
import { isConnection, isIncident, readConnection, readIncident } from './guardicore-export.js';
import { accept, type FormatAdapter, type Wire } from './wire.js';

/**
 * Akamai Guardicore Centra: network log, incidents and audit log as CEF, whose verdict, rule and ruleset are in labelled fields, and
 * connections and incidents as its REST API exports them.
 */
export const guardicore: FormatAdapter = { name: 'guardicore', version: 2, detect, normalise };

function detect({ object, text, line }: Wire): boolean {
  if (object !== null) return isConnection(object) || isIncident(object);
  const vendor = (readCef(text) ?? readCef(line))?.vendor ?? '';
  return /^(?:akamai )?guardicore$/i.test(vendor);
}

function normalise(wire: Wire): Normalised {
  const { object } = wire;
  if (object !== null) {
    return accept(
      isConnection(object) ? readConnection(object, wire, guardicore) : readIncident(object, wire, guardicore),
    );
  }
  const message = readCef(wire.text) ?? readCef(wire.line);
  if (message !== null && isAuditRecord(message)) return accept(readAuditRecord(message, wire, guardicore));
  const result = normaliseCef({ ...wire, text: plain(wire.text), line: plain(wire.line) }, guardicore);
  if (!result.ok || !/incident/i.test(message?.signature ?? '')) return result;
  // An incident tells of traffic that other records stand for.
  const [incident] = result.records;
  return accept({ ...incident, kind: 'signal' });
}

/** Centra writes a port behind an address with a colon, and `Unknown` for a host that it does not know. */
function plain(text: string): string {
  return text
    .replace(
      / (src|dst)=((?:\d{1,3}\.){3}\d{1,3}):(\d{1,5})(?= |$)/g,
      (_, end: string, ip: string, port: string) => ` ${end}=${ip} ${end === 'src' ? 'spt' : 'dpt'}=${port}`,
    )
    .replace(/ [sd]host=Unknown(?= |$)/gi, '');
}
