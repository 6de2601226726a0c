import { type ReadTime, readTimeText } from './event-time.js';

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
const rfc5424 = /^1 (\S{1,64}) (\S{1,255}) (\S{1,128}) (\S{1,128}) (\S{1,64}) /;
/** `Oct 30 09:46:12`, `Oct 30 2026 09:46:12`, with a fraction or zone where devices add them. */
const bsdTime = /^(?:[A-Z][a-z]{2} {1,2}\d{1,2} (?:\d{4} )?\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?: \d{4}(?= ))?)(?= |:|$)/;
/** RFC 3339, also without seconds or zone: `2025-12-22T17:17Z`. */
const isoTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?(?= |$)/;
const host = /^ ([A-Za-z0-9._:%-]{1,255})(?= |$)/;
/** TAG, with a process id in brackets; what follows the colon is the message. */
const tag = /^ ([^\s:[\]{}"|,=]{1,64})(?:\[([^\]\s]{1,64})\])?: ?/;

/**
 * Takes a syslog header off a line: RFC 5424, RFC 3164, and what devices send in their place (no
 * priority, no host, an ISO time, text right behind `<PRI>`). Null when the line has neither a
 * priority nor begins with a time. `receivedAt` is what the year of a time without one is guessed from.
 */
export function readSyslog(line: string, zone: string | undefined, receivedAt: Date): SyslogMessage | null {
  const pri = priority.exec(line);
  const number = pri === null ? null : Number(pri[1]);
  if (number !== null && number > 191) return null;
  const rest = pri === null ? line : line.slice(pri[0].length);
  const level =
    number === null ? { severity: null, facility: null } : { severity: number % 8, facility: Math.floor(number / 8) };

  const modern = pri === null ? null : rfc5424.exec(rest);
  if (modern !== null) {
    const [whole, time, name, app, procId, msgId] = modern;
    const { structuredData, message } = splitStructuredData(rest.slice(whole.length));
    return {
      header: {
        ...level,
        time: readTimeText(time ?? '', { zone, receivedAt }),
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
  const timeText = (bsdTime.exec(rest) ?? isoTime.exec(rest))?.[0];
  if (timeText === undefined) return hasPriority ? { header: bare, message: rest } : null;
  const time = readTimeText(timeText, { zone, receivedAt });
  if (time === null) return hasPriority ? { header: bare, message: rest } : null;
  let at = timeText.length;
  if (rest[at] === ':') at++;
  const from = rest.slice(at);
  const named = host.exec(from);
  // `TAG:` right behind the time: the host was left out. A host is never followed by nothing.
  const hostName =
    named?.[1] !== undefined && !named[1].endsWith(':') && from.length > named[0].length ? named[1] : null;
  const behindHost = hostName === null ? from : from.slice((named?.[0] ?? '').length);
  const found = tag.exec(behindHost);
  // The mark of these formats looks like a tag.
  const tagged = found?.[1] === 'CEF' || found?.[1] === 'LEEF' ? null : found;
  return {
    header: { ...bare, time, host: hostName, app: tagged?.[1] ?? null, procId: tagged?.[2] ?? null },
    message: (tagged === null ? behindHost : behindHost.slice(tagged[0].length)).trimStart(),
  };
}

/** Elements in brackets, in whose values `\"`, `\\` and `\]` are escaped (RFC 5424, 6.3); then the message. */
function splitStructuredData(text: string): { structuredData: string | null; message: string } {
  if (text.startsWith('-')) return { structuredData: null, message: text.slice(text[1] === ' ' ? 2 : 1) };
  if (!text.startsWith('[')) return { structuredData: null, message: text };
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
