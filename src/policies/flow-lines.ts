/** Lists of flows as lines of NDJSON or CSV. */

import type { FlowQuestion } from './flow-questions.js';

const aliases: Readonly<Record<string, keyof FlowQuestion>> = {
  src: 'source',
  source: 'source',
  dst: 'destination',
  dest: 'destination',
  destination: 'destination',
  proto: 'protocol',
  protocol: 'protocol',
  port: 'port',
  dport: 'port',
  destination_port: 'port',
  destinationport: 'port',
};

function fieldOf(name: string): keyof FlowQuestion | undefined {
  const key = name.trim().toLowerCase();
  return Object.hasOwn(aliases, key) ? aliases[key] : undefined;
}

/** Fields of a line of CSV (RFC 4180), a field with a line break aside. */
function csvFields(line: string): string[] {
  const fields: string[] = [];
  let at = 0;
  while (at <= line.length) {
    if (line[at] === '"') {
      let field = '';
      let from = at + 1;
      let close = line.indexOf('"', from);
      while (close !== -1 && line[close + 1] === '"') {
        field += line.slice(from, close + 1);
        from = close + 2;
        close = line.indexOf('"', from);
      }
      const end = close === -1 ? line.length : close;
      fields.push(field + line.slice(from, end));
      const comma = line.indexOf(',', end);
      at = comma === -1 ? line.length + 1 : comma + 1;
    } else {
      const comma = line.indexOf(',', at);
      const end = comma === -1 ? line.length : comma;
      fields.push(line.slice(at, end).trim());
      at = end + 1;
    }
  }
  return fields;
}

const empty: FlowQuestion = { source: '', destination: '', protocol: '', port: '' };

/**
 * Reads lines of flows: NDJSON when a line begins with `{`, else CSV whose first line names the columns. Columns and
 * members are `source` (`src`), `destination` (`dst`), `protocol` (`proto`) and `port`; others are passed over.
 */
export class FlowLines {
  private columns: (keyof FlowQuestion | undefined)[] | null = null;

  /** The question of a line; `null` for empty lines and the header, a text for what cannot be read. */
  read(line: string): FlowQuestion | string | null {
    const text = line.trim();
    if (text === '') return null;
    if (text.startsWith('{')) return this.json(text);
    const fields = csvFields(text);
    if (this.columns !== null) {
      const question = { ...empty };
      for (const [at, column] of this.columns.entries()) if (column !== undefined) question[column] = fields[at] ?? '';
      return question;
    }
    const columns = fields.map(fieldOf);
    const missing = (['source', 'destination', 'protocol', 'port'] as const).filter((name) => !columns.includes(name));
    if (missing.length > 0)
      return `expected a header with the columns src,dst,protocol,port; ${missing.join(', ')} not there`;
    this.columns = columns;
    return null;
  }

  private json(text: string): FlowQuestion | string {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return 'not readable as JSON';
    }
    const question = { ...empty };
    const members = value as object; // the text begins with a brace
    for (const [name, member] of Object.entries(members)) {
      const field = fieldOf(name);
      if (field !== undefined && (typeof member === 'string' || typeof member === 'number'))
        question[field] = String(member);
    }
    return question;
  }
}
