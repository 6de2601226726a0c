/** The objects in manifest files: YAML or JSON, several documents in one file, lists opened. */

import { parseAllDocuments } from 'yaml';

/** A manifest file: how messages name it, and what is in it. */
export interface ManifestFile {
  readonly name: string;
  readonly text: string;
}

/** Where an object stands; documents of a file count from 1, `item` is the place in a list, from 0. */
export interface ManifestPlace {
  readonly file: string;
  readonly document: number;
  readonly item: string;
}

/** An object as it stands, not yet read. */
export interface ManifestObject {
  readonly place: ManifestPlace;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Something that was found wrong, or was left out, and where. `object` is empty when the file itself is meant. */
export interface ManifestNote {
  readonly place: ManifestPlace;
  readonly object: string;
  readonly path: string;
  readonly message: string;
}

/** What stands in files: the objects, what cannot be read, and what reads in more than one way. */
export interface ManifestDocuments {
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly ManifestNote[];
  readonly doubts: readonly ManifestNote[];
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The parts of a YAML stream; one part when directives or end marks ask for a reader of the whole. */
function parts(text: string): string[] {
  if (/^(?:%|\.\.\.)/m.test(text)) return [text];
  return text.split(/^(?=---(?:\s|$))/m);
}

/** JSON is read as such, which is many times faster; undefined when it is none. */
function asJson(text: string): { readonly value: unknown } | undefined {
  const body = text.replace(/^---[^\S\n]*(?:\n|$)/, '').trim();
  if (!body.startsWith('{') && !body.startsWith('[')) return undefined;
  try {
    return { value: JSON.parse(body) as unknown };
  } catch {
    return undefined;
  }
}

interface Found {
  readonly values: readonly unknown[];
  readonly problem?: string;
  readonly doubt?: string;
}

function asYaml(text: string): Found {
  try {
    const strict = [...parseAllDocuments(text, { merge: true, logLevel: 'silent' })];
    const errors = strict.flatMap((document) => document.errors);
    const [other] = errors.filter(({ code }) => code !== 'DUPLICATE_KEY');
    if (other !== undefined) return { values: [], problem: other.message.split('\n')[0] ?? '' };
    const [double] = errors;
    if (double === undefined) return { values: strict.map((document): unknown => document.toJS()) };
    const lenient = [...parseAllDocuments(text, { merge: true, uniqueKeys: false, logLevel: 'silent' })];
    return {
      values: lenient.map((document): unknown => document.toJS()),
      doubt: `${(double.message.split('\n')[0] ?? '').replace(/:$/, '')}; the last one counts, as for the API server`,
    };
  } catch (error) {
    return { values: [], problem: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
}

/** The objects of a document; lists, and lists in them, opened. What is no object is left out. */
function opened(value: unknown, place: ManifestPlace, depth = 0): ManifestObject[] {
  if (Array.isArray(value) && depth < 5)
    return value.flatMap((item: unknown, at) => opened(item, { ...place, item: `${place.item}[${at}]` }, depth + 1));
  if (!isFields(value)) return [];
  const { kind, items } = value;
  const isList = Array.isArray(items) && (kind === undefined || (typeof kind === 'string' && kind.endsWith('List')));
  if (!isList || depth >= 5) return [{ place, value }];
  const inherited =
    typeof kind === 'string' && kind !== 'List'
      ? { apiVersion: value['apiVersion'], kind: kind.slice(0, -'List'.length) }
      : {};
  return items.flatMap((item: unknown, at: number) =>
    opened(
      isFields(item) ? { ...inherited, ...item } : item,
      { ...place, item: `${place.item}items[${at}]` },
      depth + 1,
    ),
  );
}

function lineOf(text: string, before: number): number {
  let line = 1;
  for (let at = 0; at < before; at++) if (text.charCodeAt(at) === 10) line++;
  return line;
}

/**
 * Reads the objects of manifest files, in the order they stand. Empty documents and comments say nothing; a document
 * that cannot be parsed is a problem, and the others of its file are read all the same. Never throws.
 */
export function readDocuments(files: readonly ManifestFile[]): ManifestDocuments {
  const objects: ManifestObject[] = [];
  const problems: ManifestNote[] = [];
  const doubts: ManifestNote[] = [];
  for (const { name: file, text } of files) {
    let document = 0;
    let offset = 0;
    const whole = asJson(text);
    for (const part of whole === undefined ? parts(text) : [text]) {
      const json = whole ?? asJson(part);
      const { values, problem, doubt }: Found = json === undefined ? asYaml(part) : { values: [json.value] };
      const place = { file, document: document + 1, item: '' };
      const begins = offset;
      const where = () => `in the document that begins at line ${lineOf(text, begins)}`;
      if (problem !== undefined) {
        document++;
        problems.push({ place, object: '', path: '', message: `not readable as YAML or JSON, ${where()}: ${problem}` });
      }
      if (doubt !== undefined) doubts.push({ place, object: '', path: '', message: `${where()}: ${doubt}` });
      for (const value of values) {
        if (value === null || value === undefined) continue;
        document++;
        objects.push(...opened(value, { file, document, item: '' }));
      }
      offset += part.length;
    }
  }
  return { objects, problems, doubts };
}
