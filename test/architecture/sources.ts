import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';

/** Path under src/ with forward slashes, or `../migrations/...` -> text. */
export type Sources = ReadonlyMap<string, string>;

export interface Import {
  readonly from: string;
  readonly specifier: string;
  /** The file meant, when the specifier is relative. */
  readonly file: string | undefined;
}

const staticImport = /^(?:import|export)\s+(?:type\s+)?[\w$*\s{},]*?\bfrom\s+'([^']+)'/gm;
const bareImport = /^import\s+'([^']+)'/gm;
const dynamicImport = /^(?!\s*(?:\*|\/\/)).*?\bimport\(\s*'([^']+)'/gm;

/** Imports and re-exports of all files, static and dynamic, types included. */
export function importsOf(sources: Sources): Import[] {
  const imports: Import[] = [];
  for (const [from, text] of sources) {
    for (const pattern of [staticImport, bareImport, dynamicImport]) {
      for (const [, specifier = ''] of text.matchAll(pattern)) {
        imports.push({ from, specifier, file: resolve(sources, from, specifier) });
      }
    }
  }
  return imports;
}

function resolve(sources: Sources, from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const stem = posix.join(posix.dirname(from), specifier).replace(/\.js$/, '');
  return [`${stem}.ts`, `${stem}.tsx`].find((path) => sources.has(path)) ?? `${stem}.ts`;
}

function findProject(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  if (from === dirname(from)) throw new Error('no package.json above this test');
  return findProject(dirname(from));
}

/** Folder of package.json. */
export const project = findProject(import.meta.dirname);

/** Files under a folder of the project whose name matches, as absolute paths. */
export function filesUnder(folder: string, name: RegExp): string[] {
  return readdirSync(join(project, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

/** All code of the product. */
export function readSources(): Sources {
  const paths = [...filesUnder('src', /\.tsx?$/), ...filesUnder('migrations', /\.ts$/)];
  const nameOf = (path: string): string => relative(join(project, 'src'), path).split(sep).join('/');
  return new Map(paths.map((path) => [nameOf(path), readFileSync(path, 'utf8')]));
}
