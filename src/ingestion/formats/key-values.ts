/**
 * Reads `key=value key="quoted value"` pairs, as FortiGate, iptables, Felix and many others write them.
 * A quoted value keeps its spaces and `\"`; a bare one ends at `separator` or white space. Words without
 * `=` are kept under their own name with an empty value. Of a repeated key the first counts. Linear.
 */
export function readKeyValues(text: string, separator: ' ' | '|' | ';' | ',' = ' '): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  const ends = (c: string | undefined): boolean =>
    c === undefined || c === separator || (separator === ' ' && (c === '\t' || c === '\n'));
  let at = 0;
  while (at < text.length) {
    while (at < text.length && (ends(text[at]) || text[at] === ' ')) at++;
    const start = at;
    while (at < text.length && text[at] !== '=' && !ends(text[at])) at++;
    const key = text.slice(start, at).trim();
    let value = '';
    if (text[at] === '=') {
      at++;
      if (text[at] === '"') {
        const quoted = readQuoted(text, at);
        ({ value } = quoted);
        at = quoted.end;
      } else {
        const from = at;
        while (at < text.length && !ends(text[at])) at++;
        value = text.slice(from, at);
      }
    }
    if (key !== '' && !pairs.has(key)) pairs.set(key, value);
  }
  return pairs;
}

/** Reads the text in quotes that begins at `open`; without a closing quote it runs to the end. */
export function readQuoted(text: string, open: number): { readonly value: string; readonly end: number } {
  let value = '';
  let from = open + 1;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '"') return { value: value + text.slice(from, i), end: i + 1 };
    if (text[i] === '\\' && (text[i + 1] === '"' || text[i + 1] === '\\')) {
      value += text.slice(from, i) + text[i + 1];
      from = ++i + 1;
    }
  }
  return { value: value + text.slice(from), end: text.length };
}
