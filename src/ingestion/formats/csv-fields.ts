/** Cuts one line of comma-separated values (RFC 4180): quoted fields may hold commas, and `""` for a quote. Linear. */
export function readCsv(line: string, separator = ','): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let value = '';
      let from = ++at;
      for (;;) {
        const end = line.indexOf('"', from);
        if (end === -1) {
          value += line.slice(from);
          at = line.length;
          break;
        }
        value += line.slice(from, end);
        if (line[end + 1] !== '"') {
          at = end + 1;
          break;
        }
        value += '"';
        from = end + 2;
      }
      const next = line.indexOf(separator, at);
      fields.push(value);
      if (next === -1) return fields;
      at = next + 1;
    } else {
      const next = line.indexOf(separator, at);
      fields.push(line.slice(at, next === -1 ? undefined : next));
      if (next === -1) return fields;
      at = next + 1;
    }
  }
}
