import { canonicalAddress } from './ip-address.js';

/** What a line of Azure Firewall's diagnostics says in words (Azure Firewall documentation, "Legacy Azure Diagnostics logs"). */
export interface FirewallMessage {
  readonly protocol: string;
  readonly source: string;
  readonly sourcePort: string | null;
  readonly destination: string | null;
  readonly destinationPort: string | null;
  /** Of a translated destination: `address:port`. */
  readonly translated: string | null;
  /** `Type=8` of ICMP. */
  readonly detail: string | null;
  /** `Action`, `Rule`, `Rule Collection`, `ThreatIntel`, …: what follows in sentences of `key: value`. */
  readonly fields: ReadonlyMap<string, string>;
  /** Sentences without a key: `No rule matched`. */
  readonly remarks: readonly string[];
}

const request = /^([A-Za-z0-9]{1,12})(?: {1,2}([^ ]{1,40}))? {1,2}request from (\S{1,255})(?: to (\S{1,2048}))?/;
const translation = /^ was DNAT'?ed to (\S{1,255})/;

/** Reads `TCP request from A:1 to B:2. Action: Deny. Rule: R`; null for any other text. Linear. */
export function readFirewallMessage(text: string): FirewallMessage | null {
  if (text.length > 16_384) return null;
  const head = request.exec(text);
  if (head === null) return null;
  const [whole, protocol = '', detail, from = '', to = ''] = head;
  let at = whole.length;
  const translated = translation.exec(text.slice(at));
  if (translated !== null) at += translated[0].length;
  const source = splitPort(from);
  const destination = splitPort(to);
  const fields = new Map<string, string>();
  const remarks: string[] = [];
  for (const sentence of text.slice(at).split(/\.(?: +|$)/)) {
    const part = sentence.trim();
    const pair = /^([A-Z][A-Za-z ]{0,40}): ?(.*)$/s.exec(part);
    if (pair?.[1] === undefined) {
      if (part !== '' && part !== '.') remarks.push(part);
    } else if (!fields.has(pair[1])) {
      fields.set(pair[1], (pair[2] ?? '').trim().replace(/\.{1,3}$/, ''));
    }
  }
  return {
    protocol,
    source: source.host,
    sourcePort: source.port,
    destination: destination.host === '' ? null : destination.host,
    destinationPort: destination.port,
    translated: translated === null ? null : withoutStop(translated[1] ?? ''),
    detail: detail ?? null,
    fields,
    remarks,
  };
}

/** `a:1`, `a:`, `a`, `[v6]:1`, a full stop behind it or not. */
export function splitPort(text: string): { readonly host: string; readonly port: string | null } {
  const bare = withoutStop(text);
  const colon = bare.lastIndexOf(':');
  const isAddress = !bare.startsWith('[') && bare.indexOf(':') !== colon && canonicalAddress(bare) !== null;
  if (colon === -1 || isAddress) return { host: withoutBrackets(bare), port: null };
  const port = bare.slice(colon + 1);
  return { host: withoutBrackets(bare.slice(0, colon)), port: port === '' ? null : port };
}

function withoutStop(text: string): string {
  return text.replace(/[.,]$/, '');
}

function withoutBrackets(text: string): string {
  return text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
}
