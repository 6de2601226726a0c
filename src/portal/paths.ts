/**
 * The addresses of the portal, in one place: pages link with them, controllers redirect with them.
 * Every value put into a path or a query is percent-encoded here and nowhere else.
 */

import type { PolicyKey } from '../policies/policy-key.js';

/** Query of a list page; null, undefined and empty values are left out. */
export type Query = Readonly<Record<string, string | number | null | undefined>>;

/** `path` with `query` appended in the order given, so that the same filters give the same address. */
export function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

const part = encodeURIComponent;

function policy({ system, kind, namespace, name }: PolicyKey): string {
  return `/policies/${part(system)}/${part(kind)}/${part(namespace ?? '-')}/${part(name)}`;
}

export const paths = {
  home: '/',
  signIn: '/sign-in',
  signOut: '/sign-out',
  records: (query: Query = {}) => withQuery('/records', query),
  record: (index: number) => `/records/${index}`,
  /** The payload exactly as received, as a download. */
  rawRecord: (index: number) => `/records/${index}/raw`,
  quarantine: (query: Query = {}) => withQuery('/quarantine', query),
  reprocess: '/quarantine/reprocess',
  findings: (query: Query = {}) => withQuery('/findings', query),
  finding: (id: string) => `/findings/${part(id)}`,
  acceptDrift: (id: string) => `/findings/${part(id)}/accept`,
  hygiene: (query: Query = {}) => withQuery('/hygiene', query),
  changes: (query: Query = {}) => withQuery('/changes', query),
  newChange: '/changes/new',
  newChangeOf: (simulation: string) => withQuery('/changes/new', { simulation }),
  change: (id: string) => `/changes/${part(id)}`,
  reviewChange: (id: string) => `/changes/${part(id)}/review`,
  simulations: (query: Query = {}) => withQuery('/simulations', query),
  newSimulation: '/simulations',
  simulation: (id: string) => `/simulations/${part(id)}`,
  cancelSimulation: (id: string) => `/simulations/${part(id)}/cancel`,
  simulationEdges: (id: string, query: Query = {}) => withQuery(`/simulations/${part(id)}/edges`, query),
  simulationPaths: (id: string, query: Query = {}) => withQuery(`/simulations/${part(id)}/paths`, query),
  /** JSON `{ state, step, done, total }`, polled by portal.js while it runs. */
  simulationProgress: (id: string) => `/simulations/${part(id)}/progress`,
  simulationJson: (id: string) => `/api/v1/simulations/${part(id)}`,
  simulationInputs: (id: string) => `/api/v1/simulations/${part(id)}/inputs`,
  policies: (query: Query = {}) => withQuery('/policies', query),
  /** Cluster-scoped policies have `-` in the place of the namespace. */
  policy,
  policyDiff: (id: PolicyKey, query: Query = {}) => withQuery(`${policy(id)}/diff`, query),
  /** Of the policy, or of the rule with this digest. */
  policyRegister: (id: PolicyKey, rule: string | null = null) =>
    `${policy(id)}/register${rule === null ? '' : `/${part(rule)}`}`,
  policyDraft: '/policies/draft',
  policyTemplates: '/policies/templates',
  segments: '/segments',
  segment: (name: string) => `/segments/${part(name)}`,
  segmentPhase: (name: string) => `/segments/${part(name)}/phase`,
  acceptBlocked: (name: string) => `/segments/${part(name)}/accepted-blocks`,
  recommendation: (name: string) => `/segments/${part(name)}/recommendation`,
  phases: '/phases',
  figures: (query: Query = {}) => withQuery('/figures', query),
  /** The inputs of all figures, as a download. */
  figuresExport: '/api/v1/figures/export',
  openPaths: (query: Query = {}) => withQuery('/figures/paths', query),
  figureWorkloads: (query: Query = {}) => withQuery('/figures/workloads', query),
  map: (query: Query = {}) => withQuery('/map', query),
  workload: (key: string) => `/workloads/${part(key)}`,
  incident: (query: Query = {}) => withQuery('/incident', query),
  sources: '/sources',
  newSource: '/sources/new',
  source: (name: string) => `/sources/${part(name)}`,
  trySource: (name: string) => `/sources/${part(name)}/sample`,
  issueToken: (name: string) => `/sources/${part(name)}/tokens`,
  revokeToken: (name: string, hint: string) => `/sources/${part(name)}/tokens/${part(hint)}/revoke`,
  acknowledgeMissing: (name: string) => `/sources/${part(name)}/missing/acknowledge`,
  exportRecords: (query: Query) => withQuery('/api/v1/records/export', query),
  controls: '/controls',
  control: (id: string) => `/controls#control-${part(id)}`,
  reports: '/reports',
  newReport: '/reports/new',
  report: (id: string, query: Query = {}) => withQuery(`/reports/${part(id)}`, query),
  reportPdf: (id: string) => `/reports/${part(id)}/report.pdf`,
  reportPackage: (id: string) => `/reports/${part(id)}/package.zip`,
  /** JSON `{ state, step, done, total }`, polled by portal.js while a report is built. */
  reportProgress: (id: string) => `/reports/${part(id)}/progress`,
  integrity: '/integrity',
  resumeSigning: '/integrity/resume-signing',
  verifyLog: '/integrity/verify',
  retention: '/retention',
  retentionRules: '/retention/rules',
  legalHolds: '/retention/holds',
  releaseHold: (id: string) => `/retention/holds/${part(id)}/release`,
  erasures: '/retention/erasures',
  newErasure: '/retention/erasures/new',
  erasure: (id: string) => `/retention/erasures/${part(id)}`,
  decideErasure: (id: string) => `/retention/erasures/${part(id)}/decision`,
  apiReference: '/docs',
  openApi: '/openapi.json',
  stylesheet: '/assets/portal.css',
  script: '/assets/portal.js',
  icon: '/assets/portal.svg',
} as const;
