import { isObject, type JsonValue, objectOf, textOf } from './formats/json-value.js';
import { memberSpan, splitLines } from './json-spans.js';
import type { ReceivedRecord } from './received-record.js';

/** As Elasticsearch has it, in bytes; only the start of a longer name is kept. */
const longestIndex = 255;

export const bulkActions = ['create', 'index', 'update', 'delete'] as const;
export type BulkAction = (typeof bulkActions)[number];

/** One action of a bulk request, in the order sent. */
export interface BulkItem {
  readonly action: BulkAction;
  readonly index: string;
  readonly id: string | null;
  /** What it writes; null for a delete, which an append-only log does not carry out. */
  readonly record: ReceivedRecord | null;
}

/**
 * Reads the body of Elasticsearch's bulk API (elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk): a line with an
 * action, and a line with the document for all but deletes. The document is the record, byte for byte. A line that is neither
 * becomes an item of its own with a problem, so that it is kept.
 * @param index the index of the path, for actions that name none
 */
export function bulkItems(body: Buffer, index: string | null): BulkItem[] {
  const lines = splitLines(body).map(({ start, end }) => body.subarray(start, end));
  const items: BulkItem[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? Buffer.alloc(0);
    const found = actionOf(line);
    if (found === null) {
      const detail = 'expected an action, such as {"create":{}}';
      const record: ReceivedRecord = {
        raw: line,
        context: { attributes: { protocol: 'elasticsearch' } },
        problem: { reason: 'missing_field', detail },
      };
      items.push({ action: 'index', index: index ?? '', id: null, record });
      continue;
    }
    const { action, said } = found;
    const item = { action, index: textOf(said._index) ?? index ?? '', id: idOf(said._id) };
    if (action === 'delete') {
      items.push({ ...item, record: null });
      continue;
    }
    const document = lines[++at];
    const attributes: Record<string, JsonValue> = { protocol: 'elasticsearch', action };
    if (item.index !== '') attributes.index = item.index.slice(0, longestIndex);
    const nativeId = item.id === null ? {} : { nativeId: `${item.index.slice(0, longestIndex)}/${item.id}` };
    const context = { ...nativeId, attributes };
    items.push({
      ...item,
      record:
        document === undefined
          ? { raw: line, context, problem: { reason: 'missing_field', detail: 'the action has no document behind it' } }
          : { raw: action === 'update' ? updated(document) : document, context },
    });
  }
  return items;
}

function actionOf(line: Buffer): { readonly action: BulkAction; readonly said: Record<string, unknown> } | null {
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const names = Object.keys(value);
  const action = bulkActions.find((name) => name === names[0]);
  const said = action === undefined ? null : objectOf(value[action]);
  return action === undefined || said === null || names.length !== 1 ? null : { action, said };
}

/** The document in `{"doc":{…}}` or `{"upsert":{…}}`; the whole of an update of another kind. */
function updated(line: Buffer): Buffer {
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return line;
  }
  if (!isObject(value)) return line;
  const name = ['doc', 'upsert'].find((member) => isObject(value[member]));
  const span = name === undefined ? null : memberSpan(line, name);
  return span === null ? line : line.subarray(span.start, span.end);
}

function idOf(value: unknown): string | null {
  return typeof value === 'number' ? String(value) : textOf(value);
}
