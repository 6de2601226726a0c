import { type JsonObject, nameOf } from './json-value.js';
import { readQuoted } from './key-values.js';
import type { Wire } from './wire.js';

/** The fields of a Check Point log by their names: of a repeated one the first. */
export type Pairs = ReadonlyMap<string, string>;
/** The fields as they stand: those of a rule are repeated for every layer of the policy that the connection matched. */
export type Fields = readonly (readonly [string, string])[];

const barForm = /(?:^|\|)(?:product|loguid|originsicname|origin|orig|action)=/;
const barMark = /(?:^|\|)(?:loguid|logid|ifdir|i\/f_dir|has_accounting|product)=/;
const colonForm = /\[(?:[\w@.]{1,40} )?[\w.]{1,60}::?"/;
const colonMark = /(?:loguid|product|origin|action):"/;
/** Structured data of RFC 5424 under Check Point's number among private enterprises. */
const dataForm = /\[(?:\w{1,40}@(?:1\.3\.6\.1\.4\.1\.)?2620) [\w ]{1,60}="/;
/** What `fw log` prints: time, action, gateway, interface, then fields. */
const printed =
  /(?:^|[\s:])(\d{1,2}[A-Z][a-z]{2}\d{4} {1,2}\d{1,2}:\d{2}:\d{2}) {1,3}([a-z][a-z ]{1,20}?) {1,3}(?:(\S{1,255}) {1,3})?[<>]\S{1,60} /;

export function isCheckPoint(wire: Wire): boolean {
  const { object, text, line } = wire;
  if (object !== null) return isCheckPointObject(object);
  return !/(?:CEF|LEEF):\s?\d/.test(line) && formOf(wire, text, line) !== null;
}

function isCheckPointObject(object: JsonObject): boolean {
  const named = ['product', 'action', 'ifdir', 'origin'].filter((name) => typeof object[name] === 'string');
  const known = /^\{?0x/.test(nameOf(object['loguid']) ?? '') || /^cn=/i.test(nameOf(object['originsicname']) ?? '');
  return known && named.length >= 2;
}

function formOf(
  { object }: Wire,
  text: string,
  line: string,
): 'bars' | 'colons' | 'data' | 'printed' | 'members' | null {
  if (object !== null) return 'members';
  if (text.includes('|') && barForm.test(text) && barMark.test(text)) return 'bars';
  if (line.includes(':"') && colonForm.test(line) && colonMark.test(line)) return 'colons';
  if (dataForm.test(line)) return 'data';
  return /\b(?:src|product): /.test(line) && printed.test(line) ? 'printed' : null;
}

export function firstOf(fields: Fields): Pairs {
  const pairs = new Map<string, string>();
  for (const [key, value] of fields) if (!pairs.has(key)) pairs.set(key, value);
  return pairs;
}

export function fieldsOf(wire: Wire): Fields {
  return readFields(wire).map(([key, value]) => [key.replace('_._._match_table', ''), value]);
}

function readFields(wire: Wire): Fields {
  const { object, text, line } = wire;
  switch (formOf(wire, text, line)) {
    case 'members':
      return membersOf(object ?? {});
    case 'bars':
      return readBars(text);
    case 'data':
      return readQuotedPairs(line, /([\w.-]{1,80})=(?=")/g);
    case 'printed':
      return readPrinted(line);
    default:
      // A list has two colons.
      return readQuotedPairs(line, /([\w.-]{1,80})::?(?=")/g);
  }
}

/** Numbers for text, and lists for repeated fields: layers are few. */
function membersOf(object: JsonObject): Fields {
  return Object.entries(object).flatMap(([name, member]) =>
    (Array.isArray(member) ? member.slice(0, 100) : [member]).flatMap((value): Fields =>
      typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [],
    ),
  );
}

/** `key=value|key=value`, in which `\=`, `\|` and `\\` are escaped. */
function readBars(text: string): Fields {
  const fields: [string, string][] = [];
  let from = 0;
  for (let at = 0; at <= text.length; at++) {
    if (text[at] === '\\') at++;
    else if (at === text.length || text[at] === '|') {
      const pair = text.slice(from, at);
      const equals = pair.indexOf('=');
      const key = equals === -1 ? '' : pair.slice(0, equals).trim();
      if (key !== '') fields.push([key, pair.slice(equals + 1).replace(/\\([=|\\])/g, '$1')]);
      from = at + 1;
    }
  }
  return fields;
}

/** `key:"value"; key:"value"` or `key="value" key="value"` inside the brackets. */
function readQuotedPairs(line: string, keys: RegExp): Fields {
  const fields: [string, string][] = [];
  let end = 0;
  for (const found of line.matchAll(keys)) {
    // What looks like a pair inside a value is none.
    if (found.index < end) continue;
    const quoted = readQuoted(line, found.index + found[0].length);
    end = quoted.end;
    fields.push([found[1] ?? '', quoted.value.replaceAll('\\]', ']')]);
  }
  return fields;
}

function readPrinted(line: string): Fields {
  const found = printed.exec(line);
  if (found === null) return [];
  const [whole, time = '', action = '', gateway = ''] = found;
  const fields: [string, string][] = [
    ['time', time],
    ['action', action],
    ['orig', gateway],
  ];
  for (const field of line.slice(found.index + whole.length).split(';')) {
    const colon = field.indexOf(': ');
    const key = field.slice(0, Math.max(colon, 0)).trim();
    if (key !== '') fields.push([key, field.slice(colon + 2).trim()]);
  }
  return fields;
}
