/** A message in ArcSight's Common Event Format. */
export interface CefMessage {
  readonly version: string;
  readonly vendor: string;
  readonly product: string;
  readonly deviceVersion: string;
  readonly signature: string;
  readonly name: string;
  readonly severity: string;
  readonly extension: ReadonlyMap<string, string>;
}

const mark = /CEF:\s?(\d+(?:\.\d+)?)\|/;
const key = /(?:^|[ \t])([A-Za-z0-9_.,[\]-]{1,128})=/g;

/** Is there a CEF message in the text, and where does it begin? -1 for none. */
export function cefAt(text: string): number {
  return mark.exec(text)?.index ?? -1;
}

/**
 * Reads a CEF message (ArcSight, "Common Event Format"): seven header fields between `|`, in which `\|` and `\\` are
 * escaped, then pairs `key=value`; a value runs up to the next ` key=`, and `\=`, `\\`, `\n` and `\r` are escapes in it.
 * Null when there is no header of eight parts. Linear.
 */
export function readCef(text: string): CefMessage | null {
  const begin = mark.exec(text);
  if (begin === null) return null;
  const header: string[] = [];
  let field = '';
  let at = begin.index + begin[0].length;
  for (; at < text.length && header.length < 6; at++) {
    const c = text[at];
    if (c === '\\' && (text[at + 1] === '|' || text[at + 1] === '\\')) field += text[++at] ?? '';
    else if (c === '|') {
      header.push(field);
      field = '';
    } else field += c;
  }
  // The last header field may end the message.
  if (header.length === 5) header.push(field);
  if (header.length < 6) return null;
  const [vendor = '', product = '', deviceVersion = '', signature = '', name = '', severity = ''] = header;
  return {
    version: begin[1] ?? '0',
    vendor: vendor.trim(),
    product: product.trim(),
    deviceVersion,
    signature,
    name,
    severity: severity.trim(),
    extension: readExtension(text.slice(at)),
  };
}

/** The pairs of an extension, escapes resolved; of a repeated key the first counts. */
export function readExtension(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  let current: { readonly name: string; readonly from: number } | null = null;
  const close = (to: number): void => {
    if (current === null || pairs.has(current.name)) return;
    pairs.set(current.name, unescaped(text.slice(current.from, to).trim()));
  };
  for (const found of text.matchAll(key)) {
    // An escaped `\=` is no key, nor is what stands inside JSON.
    if (text[found.index + found[0].length - 2] === '\\') continue;
    close(found.index);
    current = { name: found[1] ?? '', from: found.index + found[0].length };
  }
  close(text.length);
  return pairs;
}

function unescaped(value: string): string {
  if (!value.includes('\\')) return value;
  return value.replace(/\\([=\\nr|])/g, (_, c: string) => (c === 'n' ? '\n' : c === 'r' ? '\r' : c));
}

/** The value of a custom field (`cs1`, `cn2`, `flexString1`, …) by its label, in any case. */
export function labelled(extension: ReadonlyMap<string, string>, label: string): string | null {
  const wanted = label.toLowerCase();
  for (const [name, value] of extension) {
    if (name.endsWith('Label') && value.toLowerCase() === wanted) return extension.get(name.slice(0, -5)) ?? null;
  }
  return null;
}
