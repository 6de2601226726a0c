import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  allowedFor,
  areaOf,
  assembly,
  controllersMayImport,
  loadedOtherwise,
  mayImport,
  pure,
  purityOf,
} from './architecture/edges.js';
import { filesUnder, importsOf, project, readSources, type Sources } from './architecture/sources.js';

function unknownAreas(sources: Sources): string[] {
  return [...new Set([...sources.keys()].map(areaOf))].filter((area) => allowedFor(area) === undefined);
}

function forbiddenEdges(sources: Sources): string[] {
  return importsOf(sources).flatMap(({ from, file }) => {
    if (file === undefined) return [];
    const [area, target] = [areaOf(from), areaOf(file)];
    if (allowedFor(area)?.has(target)) return [];
    if (from.endsWith('.controller.ts') && controllersMayImport.includes(target)) return [];
    return [`${from} imports ${file}: ${area} may not import ${target}`];
  });
}

function impurities(sources: Sources): string[] {
  return importsOf(sources).flatMap(({ from, specifier, file }) => {
    const packages = purityOf(from);
    if (packages === undefined) return [];
    if (file !== undefined) return purityOf(file) === undefined ? [`${from} imports ${file}, which is not pure`] : [];
    return packages.includes(specifier)
      ? []
      : [`${from} imports ${specifier}; pure files here may import: ${packages.join(', ') || 'no package'}`];
  });
}

/** Each cycle once, as the files on it. */
function cycles(sources: Sources): string[] {
  const targets = new Map<string, string[]>();
  for (const { from, file } of importsOf(sources)) {
    if (file !== undefined) targets.set(from, [...(targets.get(from) ?? []), file]);
  }
  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file].join(' -> '));
    if (start >= 0 || done.has(file)) return;
    path.push(file);
    for (const target of targets.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of sources.keys()) visit(file);
  return found;
}

/** Things a folder or file is not called, because they collect what nobody owns, and re-exports, which hide who imports whom. */
function drawers(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => [
    ...(/(^|\/)(utils?|common|helpers?|shared|misc)(\/|\.tsx?$)/.test(path)
      ? [`${path}: name it after what it holds`]
      : []),
    ...(/(^|\/)index\.tsx?$/.test(path) ? [`${path}: import from the file itself, without a barrel`] : []),
    ...(/^export\s+(type\s+)?\*/m.test(text) ? [`${path}: no "export *"`] : []),
  ]);
}

function forcedCasts(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => (/\bas unknown as\b/.test(text) ? [`${path}: "as unknown as"`] : []));
}

function clockAndChance(sources: Sources): string[] {
  const impure =
    /\bnew Date\(\)|\bDate\.now\(|\bMath\.random\(|\brandom(?:Bytes|UUID|Int)\(|\bprocess\.|\bsetTimeout\(/;
  return [...sources].flatMap(([path, text]) => {
    if (purityOf(path) === undefined) return [];
    return text.split('\n').flatMap((line, at) => {
      const use = /^\s*(?:\*|\/\/|\/\*)/.test(line) ? null : impure.exec(line);
      return use === null ? [] : [`${path}:${at + 1}: ${use[0]}`];
    });
  });
}

function folderMap(sources: Sources): string {
  const edges = new Map<string, Set<string>>();
  for (const { from, file } of importsOf(sources)) {
    if (file === undefined || areaOf(from) === areaOf(file)) continue;
    edges.set(areaOf(from), (edges.get(areaOf(from)) ?? new Set()).add(areaOf(file)));
  }
  const rows = [...Object.keys(mayImport), ...Object.keys(assembly)].flatMap((area) => {
    const files = [...sources].filter(([path]) => areaOf(path) === area);
    if (files.length === 0) return [];
    const lines = files.reduce((sum, [, text]) => sum + text.split('\n').length - 1, 0);
    const pureFiles = files.filter(([path]) => purityOf(path) !== undefined).length;
    const counts = `${files.length} files, ${lines} lines${pureFiles > 0 ? `, ${pureFiles} pure` : ''}`;
    return [
      `${area.padEnd(13)} ${counts.padEnd(34)} -> ${[...(edges.get(area) ?? [])].toSorted().join(', ') || 'nothing'}`,
    ];
  });
  return rows.join('\n');
}

const sources = readSources();

test('every folder and top-level file of src is in the table of edges', (t) => {
  assert.deepEqual(unknownAreas(sources), []);
  assert.ok(sources.size > 20, 'the sources were not found');
  t.diagnostic(`imports between areas:\n${folderMap(sources)}`);
});

test('areas import only what the table allows, and nothing imports the portal but the assembly', () => {
  assert.deepEqual(forbiddenEdges(sources), []);
});

test('pure files import pure files and the few packages named for them', () => {
  assert.deepEqual(impurities(sources), []);
});

test('pure files ask no clock, no process and no chance', () => {
  assert.deepEqual(clockAndChance(sources), []);
});

test('every path called pure exists', () => {
  const paths = [...sources.keys()];
  const stale = pure.filter(
    (rule) => !paths.some((path) => path === rule.path || (rule.path.endsWith('/') && path.startsWith(rule.path))),
  );
  assert.deepEqual(
    stale.map((rule) => rule.path),
    [],
  );
});

test('the linter calls the same files pure', () => {
  const withoutComments = readFileSync(join(project, '.oxlintrc.json'), 'utf8').replaceAll(/^\s*\/\/.*$/gm, '');
  const { overrides } = JSON.parse(withoutComments) as { overrides: { files: string[] }[] };
  const inTable = pure.map(({ path }) => `src/${path}${path.endsWith('/') ? '**' : ''}`);
  const inLinter = overrides.find(({ files }) => files.includes('src/log/core/**'))?.files ?? [];
  assert.deepEqual(inLinter.toSorted(), inTable.toSorted());
});

test('no file imports itself over others, types included', () => {
  assert.deepEqual(cycles(sources), []);
});

test('there are no drawers, barrels or forced casts', () => {
  assert.deepEqual([...drawers(sources), ...forcedCasts(sources)], []);
});

interface Finding {
  /** Rule; without one the finding is about a directive. */
  readonly code?: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly offset: number; readonly length: number } }[];
}

/** Casts that narrow and non-null assertions, as the linter finds them, that no comment stands at. */
function castsWithoutReason(findings: readonly Finding[], read: (path: string) => Buffer): string[] {
  return findings.flatMap(({ code = '', filename, labels }) => {
    const span = labels[0]?.span;
    if (span === undefined || !/no-unsafe-type-assertion|no-non-null-assertion/.test(code)) return [];
    const bytes = read(filename);
    const before = bytes.subarray(0, span.offset).toString('utf8').split('\n');
    const cast = bytes
      .subarray(span.offset, span.offset + span.length)
      .toString('utf8')
      .split('\n').length;
    const [first, last] = [before.length - 1, before.length + cast - 2];
    const beside = bytes
      .toString('utf8')
      .split('\n')
      .slice(Math.max(first - 1, 0), last + 1);
    return beside.some((line) => /\/\/ |\*\//.test(line))
      ? []
      : [`${filename}:${first + 1}: ${(before.at(-1) ?? '').trim()}...`];
  });
}

test('every cast that narrows and every "!" has its reason beside it', () => {
  const rules = ['typescript/no-unsafe-type-assertion', 'typescript/no-non-null-assertion'].flatMap((rule) => [
    '-D',
    rule,
  ]);
  const linter = join(project, 'node_modules', 'oxlint', 'bin', 'oxlint');
  const run = spawnSync(process.execPath, [linter, '--type-aware', '-A', 'all', ...rules, '-f', 'json', 'src'], {
    cwd: project,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const { diagnostics, number_of_files: files } = JSON.parse(run.stdout) as {
    diagnostics: Finding[];
    number_of_files: number;
  };
  assert.ok(files > 20, `the linter looked at ${files} files`);
  assert.deepEqual(
    castsWithoutReason(diagnostics, (path) => readFileSync(join(project, path))),
    [],
  );
});

test('every package imported at run time is a dependency, and every dependency is used', () => {
  const manifest = readFileSync(join(project, 'package.json'), 'utf8');
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  const commands = filesUnder('bin', /\.mjs$/).map((path) => readFileSync(path, 'utf8'));
  const packages = new Set(
    importsOf(sources).flatMap(({ specifier, file }) =>
      file !== undefined || specifier.startsWith('node:') ? [] : [packageOf(specifier)],
    ),
  );
  assert.deepEqual(
    [...packages].filter((name) => !Object.hasOwn(dependencies, name)),
    [],
    'imported, but not a dependency',
  );
  const text = [...sources.values(), ...commands].join('\n');
  const unused = Object.keys(dependencies).filter(
    (name) => !(name in loadedOtherwise) && !packages.has(name) && !text.includes(`'${name}`),
  );
  assert.deepEqual(unused, [], 'a dependency that nothing uses');
});

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

test('no test is switched off or runs alone', () => {
  const switched = filesUnder('test', /\.tsx?$/).flatMap((path) => {
    const found = /\b(?:test|it|describe|suite)\.(?:only|skip|todo)\(|\bonly: true\b/.exec(readFileSync(path, 'utf8'));
    return found === null || path.endsWith('architecture.test.ts') ? [] : [`${path}: ${found[0]}`];
  });
  assert.deepEqual(switched, []);
});

test('the gate finds what it is there to find', () => {
  const planted: Sources = new Map([
    [
      'log/core/tree.ts',
      "import { readFileSync } from 'node:fs';\nimport { Log } from '../log.js';\nconst t = Date.now();\n",
    ],
    ['log/log.ts', "import type { User } from '../access/user.js';\nimport { hash } from './core/tree.js';\n"],
    ['access/user.ts', "export type User = string;\nexport { Page } from '../portal/page.js';\n"],
    ['portal/page.tsx', "const log = await import('../log/log.js');\n"],
    [
      'changes/states.ts',
      "import {\n  rule,\n} from './matching.js';\n// import('../portal/page.js') is only spoken of here\n",
    ],
    ['changes/utils.ts', "export * from './states.js';\nconst x = y as unknown as string;\n"],
    ['sheep/wool.ts', ''],
  ]);
  assert.deepEqual(unknownAreas(planted), ['sheep']);
  assert.deepEqual(forbiddenEdges(planted), [
    'log/log.ts imports access/user.ts: log may not import access',
    'access/user.ts imports portal/page.tsx: access may not import portal',
  ]);
  assert.deepEqual(impurities(planted), [
    'log/core/tree.ts imports node:fs; pure files here may import: node:crypto',
    'log/core/tree.ts imports log/log.ts, which is not pure',
  ]);
  assert.deepEqual(clockAndChance(planted), ['log/core/tree.ts:3: Date.now(']);
  assert.deepEqual(cycles(planted), [
    'log/log.ts -> access/user.ts -> portal/page.tsx -> log/log.ts',
    'log/core/tree.ts -> log/log.ts -> log/core/tree.ts',
  ]);
  assert.deepEqual(drawers(planted), [
    'changes/utils.ts: name it after what it holds',
    'changes/utils.ts: no "export *"',
  ]);
  assert.deepEqual(forcedCasts(planted), ['changes/utils.ts: "as unknown as"']);
  const cast = 'const a = 1;\nconst row = rows[0]!;\n';
  const at = {
    code: 'typescript(no-non-null-assertion)',
    filename: 'a.ts',
    labels: [{ span: { offset: 25, length: 8 } }],
  };
  assert.deepEqual(
    castsWithoutReason([at], () => Buffer.from(cast)),
    ['a.ts:2: const row =...'],
  );
  const reasoned = cast.replace('= 1;', '= 1; // x');
  assert.deepEqual(
    castsWithoutReason([{ ...at, labels: [{ span: { offset: 30, length: 8 } }] }], () => Buffer.from(reasoned)),
    [],
  );
});
