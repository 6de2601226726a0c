/** How a text can stand in the bytes of a payload, and where it stands as a whole word. */

/**
 * The byte forms of a text: itself, and as JSON writers spell it (RFC 8259 section 7), with what Go escapes for HTML, with
 * escaped slashes, and with `\u` for all that is not ASCII.
 */
export function spellingsOf(text: string): Buffer[] {
  const json = JSON.stringify(text).slice(1, -1);
  const html = json.replace(/[<>&\u2028\u2029]/gu, escaped);
  const forms = [text];
  for (const form of [json, html]) {
    const ascii = form.replace(/[\u0080-\uFFFF]/g, escaped);
    forms.push(
      form,
      ascii,
      ascii.replace(/\\u[0-9a-f]{4}/gu, (unit) => `\\u${unit.slice(2).toUpperCase()}`),
    );
  }
  const slashed = forms.map((form) => form.replaceAll('/', String.raw`\/`));
  return [...new Set([...forms, ...slashed])].map((form) => Buffer.from(form));
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Whether one of the spellings stands in the payload as a whole word: `10.0.0.1` is not in `10.0.0.12`, `ann` not in
 * `anna`, but in `ann@example.com`. Where it cannot be told, it counts.
 */
export function names(payload: Buffer, spellings: readonly Buffer[]): boolean {
  return spellings.some((spelling) => {
    for (let at = payload.indexOf(spelling); at >= 0; at = payload.indexOf(spelling, at + 1)) {
      const end = at + spelling.length;
      const begins = !isWordByte(spelling[0]) || !isWordByte(payload[at - 1]) || endsEscape(payload, at);
      const ends = !isWordByte(spelling[spelling.length - 1]) || !isWordByte(payload[end]);
      if (begins && ends) return true;
    }
    return false;
  });
}

function isWordByte(byte: number | undefined): boolean {
  return byte !== undefined && (byte >= 0x80 || /[0-9A-Za-z_]/u.test(String.fromCharCode(byte)));
}

/** Whether what stands before `at` may be a JSON escape, such as the `n` of a line break. */
function endsEscape(payload: Buffer, at: number): boolean {
  return /\\(?:[bfnrt]|u[0-9A-Fa-f]{4})$/u.test(payload.toString('latin1', Math.max(0, at - 6), at));
}
