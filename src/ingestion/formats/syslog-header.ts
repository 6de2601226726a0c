import { type ReadTime, readTimeText, type TimeReading } from './event-time.js';

/** What stands before a message that came by syslog. */
export interface SyslogHeader {
  /** 0 to 7 and 0 to 23, from `<PRI>`; null where there is none. */
  readonly severity: number | null;
  readonly facility: number | null;
  readonly time: ReadTime | null;
  readonly host: string | null;
  /** APP-NAME of RFC 5424, TAG of RFC 3164. */
  readonly app: string | null;
  readonly procId: string | null;
  readonly msgId: string | null;
  /** STRUCTURED-DATA as it stands, brackets included; null for `-` and in RFC 3164. */
  readonly structuredData: string | null;
}

export interface SyslogMessage {
  readonly header: SyslogHeader;
  readonly message: string;
}

const priority = /^<(\d{1,3})> ?/;
/** A message kept with the count of octets that framed it (RFC 6587). */
const octetCount = /^\d{1,6} (?=<\d{1,3}>)/;
/** An element of structured data; a prefix like `[UFW BLOCK]` in its place belongs to the message. */
const element = /^\[[^\s=\]"]{1,64}(?:\]| [^=\]"]{1,64}=")/;
/** Commas and bars are in no name of a program, but in messages of devices that leave the names out. */
const rfc5424 = /^1 (-|\d{4}-\S{1,60}) (\S{1,255}) ([^\s,|]{1,128}) (\S{1,128}) (\S{1,64}) /;
/**
 * In front of an old time, or with fewer parts than RFC 5424 asks for, its version all the same (PAN-OS), a count of messages, and a mark for a clock that
 * is not in step (Cisco).
 */
const beforeTime = /^(?:1 |\d{1,10}: )?[*.]?(?=[A-Z][a-z]{2} {1,2}\d{1,2} |\d{4} [A-Z][a-z]{2} |\d{4}-\d{2}-\d{2}T)/;
const zoneBehind = String.raw`(?: (?:UTC|GMT|[CE]ES?T|BST|IST|JST|MSK|[ECMP][SD]T)(?=[ :]))?`;
const clock = String.raw`\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?`;
/** `Oct 30 09:46:12`, `Oct 30 2026 09:46:12`, with the day of the week, a fraction, the year behind or a zone where devices add them. */
const bsdTime = new RegExp(
  String.raw`^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(?:[A-Z][a-z]{2} {1,2}\d{1,2} (?:\d{4} )?|\d{4} [A-Z][a-z]{2} {1,2}\d{1,2} )${clock}(?: \d{4}(?= ))?${zoneBehind}(?= |:|$)`,
);
/** RFC 3339, also without seconds or zone: `2025-12-22T17:17Z`; or with a space for the `T`. */
const isoTime =
  /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?| \d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?)(?: ?(?:Z|[+-]-?\d{1,2}:?\d{2}))?(?= |$)/;
/** `kern.warn`, as logread and busybox write facility and level. */
const spelledLevel =
  /^ (?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local[0-7])\.(?:emerg|alert|crit|err|error|warn|warning|notice|info|debug)(?= )/;
/** Container runtimes put stream and completeness behind the time (CRI). */
const containerStream = /^ (?:stdout|stderr) [FP] /;
/** Behind its name an access point puts its hardware address and version. */
const host = /^ ([A-Za-z0-9._:%-]{1,255})(?:,[0-9a-f]{12},v?[\w.+-]{1,60}:?)?(?= |$)/;
/** TAG, with a process id in brackets; what follows the colon is the message. A time is none. */
const tag = /^ (?!\d{4}-\d{2}-)([^\s:[\]{}"|,=]{1,64})(?:\[([^\]\s]{1,64})\])?: ?/;

/**
 * Takes a syslog header off a line: RFC 5424, RFC 3164, and what devices send in their place (no
 * priority, no host, an ISO time, text right behind `<PRI>`). Null when the line has neither a
 * priority nor begins with a time. `receivedAt` is what the year of a time without one is guessed from.
 */
export function readSyslog(line: string, zone: string | undefined, receivedAt: Date): SyslogMessage | null {
  const outer = readHeader(line.replace(octetCount, ''), zone, receivedAt);
  if (outer === null) return null;
  // A relay put a header of its own in front of the device's.
  const count = /^(?:\d{1,6} )?(?=<\d{1,3}>)/.exec(outer.message)?.[0].length;
  if (count === undefined && outer.header.app !== null) return outer;
  const inner = readHeader(outer.message.slice(count), zone, receivedAt);
  if (inner === null || inner.message === '') return outer;
  const { severity, facility, host: name } = outer.header;
  const { header, message } = inner;
  const level = header.severity === null ? { severity, facility } : {};
  return { header: { ...header, ...level, host: header.host ?? name }, message };
}

function readHeader(line: string, zone: string | undefined, receivedAt: Date): SyslogMessage | null {
  const pri = priority.exec(line);
  const number = pri === null ? null : Number(pri[1]);
  if (number !== null && number > 191) return null;
  const rest = pri === null ? line : line.slice(pri[0].length);
  const level =
    number === null ? { severity: null, facility: null } : { severity: number % 8, facility: Math.floor(number / 8) };

  const modern = rfc5424.exec(rest);
  if (modern !== null) {
    const [whole, time, name, app, procId, msgId] = modern;
    const { structuredData, message } = splitStructuredData(rest.slice(whole.length));
    return {
      header: {
        ...level,
        time: readHeaderTime(time ?? '', { zone, receivedAt }),
        host: nilOf(name),
        app: nilOf(app),
        procId: nilOf(procId),
        msgId: nilOf(msgId),
        structuredData,
      },
      message: message.replace(/^\ufeff/, ''),
    };
  }
  return readOldHeader(rest, level, pri !== null, zone, receivedAt);
}

function readOldHeader(
  rest: string,
  level: Pick<SyslogHeader, 'severity' | 'facility'>,
  hasPriority: boolean,
  zone: string | undefined,
  receivedAt: Date,
): SyslogMessage | null {
  const bare = { ...level, time: null, host: null, app: null, procId: null, msgId: null, structuredData: null };
  const begin = beforeTime.exec(rest)?.[0].length ?? 0;
  const timeText = (bsdTime.exec(rest.slice(begin)) ?? isoTime.exec(rest.slice(begin)))?.[0];
  if (timeText === undefined) return hasPriority ? { header: bare, message: rest } : null;
  const time = readHeaderTime(timeText, { zone, receivedAt });
  if (time === null) return hasPriority ? { header: bare, message: rest } : null;
  let at = begin + timeText.length;
  if (rest[at] === ':') at++;
  const behindTime = rest.slice(at);
  const stream = containerStream.exec(behindTime);
  if (stream !== null) return { header: { ...bare, time }, message: behindTime.slice(stream[0].length) };
  const from = behindTime.slice(spelledLevel.exec(behindTime)?.[0].length ?? 0);
  const named = host.exec(from);
  // `TAG:` right behind the time: the host was left out. A host is never followed by nothing.
  const hostName =
    named?.[1] !== undefined && !named[1].endsWith(':') && from.length > named[0].length ? named[1] : null;
  const behindName = hostName === null ? from : from.slice((named?.[0] ?? '').length);
  const behindHost = behindName.slice(spelledLevel.exec(behindName)?.[0].length ?? 0);
  const found = tag.exec(behindHost);
  // The mark of these formats looks like a tag.
  const tagged = found?.[1] === 'CEF' || found?.[1] === 'LEEF' ? null : found;
  return {
    header: { ...bare, time, host: hostName, app: tagged?.[1] ?? null, procId: tagged?.[2] ?? null },
    message: (tagged === null ? behindHost : behindHost.slice(tagged[0].length)).trimStart(),
  };
}

/** Check Point gateways west of Greenwich write the sign twice. */
function readHeaderTime(text: string, reading: TimeReading): ReadTime | null {
  return readTimeText(text.replace(/-(-\d{1,2}:\d{2})$/, '$1'), reading);
}

/** Elements in brackets, in whose values `\"`, `\\` and `\]` are escaped (RFC 5424, 6.3); then the message. */
function splitStructuredData(text: string): { structuredData: string | null; message: string } {
  if (text.startsWith('-')) return { structuredData: null, message: text.slice(text[1] === ' ' ? 2 : 1) };
  if (!element.test(text)) return { structuredData: null, message: text };
  let inQuotes = false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (inQuotes) {
      if (c === '\\') i++;
      else if (c === '"') inQuotes = false;
    } else if (c === '"') {
      inQuotes = true;
    } else if (c === '[') {
      depth++;
    } else if (c === ']' && --depth === 0 && text[i + 1] !== '[') {
      const message = text.slice(i + 1);
      return { structuredData: text.slice(0, i + 1), message: message.startsWith(' ') ? message.slice(1) : message };
    }
  }
  return { structuredData: null, message: text };
}

function nilOf(value: string | undefined): string | null {
  return value === undefined || value === '-' ? null : value;
}
