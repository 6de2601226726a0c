/** Scheme files of network-config-analyzer (IBM, SchemeFileFormat.md): the sets they name, and their queries. */

import { z } from 'zod';
import { readDocuments, type ManifestFile, type ManifestObject } from '../manifests/documents.js';
import { clusterOf } from '../manifests/cluster.js';
import { importTopology } from '../kubernetes/topology.js';
import { answerQuery, isSetQuery, type NamedSet, type SetQuery } from './set-queries.js';

const paths = z
  .union([z.string().transform((path) => [path]), z.array(z.string())])
  .nullish()
  .transform((list) => list ?? undefined);

const sources = { namespaceList: paths, podList: paths, resourceList: paths };

const scheme = z.object({
  ...sources,
  networkConfigList: z.array(z.object({ name: z.string(), networkPolicyList: paths, ...sources })),
  queries: z.array(
    z.looseObject({
      name: z.string(),
      expected: z.number().nullish(),
      expectedNotExecuted: z.number().nullish(),
    }),
  ),
});

type Scheme = z.infer<typeof scheme>;
type Config = Scheme['networkConfigList'][number];

/** Thrown when a scheme file is none. */
export class SchemeError extends Error {
  override readonly name = 'SchemeError';
}

/** A query of a scheme with our answer; `result` is `null` when it cannot be answered, and `message` says why. */
export interface SchemeAnswer {
  readonly name: string;
  readonly query: SetQuery | null;
  readonly sets: readonly string[];
  readonly result: number | null;
  readonly notExecuted: number;
  readonly expected: number | null;
  readonly agrees: boolean | null;
  readonly message: string;
}

/** Gives the files a path of the scheme means, which is relative to the scheme; `/**` at its end means all below. */
export type SchemeLoader = (path: string) => readonly ManifestFile[];

/** Pods one by one, as the analyzer counts them, with the workloads they belong to. */
function podsOf(objects: readonly unknown[]) {
  const owner = z.object({
    kind: z.literal('Pod'),
    metadata: z.looseObject({ ownerReferences: z.array(z.object({ name: z.string() })).optional() }),
  });
  const workloads = new Map<string, string>();
  const alone = objects.map((object) => {
    const pod = owner.safeParse(object);
    if (!pod.success) return object;
    const { ownerReferences, ...metadata } = pod.data.metadata;
    const [single] = importTopology([{ ...(object as object), metadata }]).pods; // parsed as an object above
    if (single !== undefined)
      workloads.set(single.key, `${single.namespace}/${ownerReferences?.[0]?.name ?? single.name}`);
    return { ...(object as object), metadata }; // as above
  });
  const topology = importTopology(alone);
  return { topology, workloads: topology.pods.map(({ key }) => workloads.get(key) ?? key) };
}

/** Kinds of policies by the names schemes have for them. */
const kindsOfSchemes: ReadonlyMap<string, { readonly system: string; readonly kind: string }> = new Map([
  ['K8sNetworkPolicy', { system: 'kubernetes', kind: 'NetworkPolicy' }],
  ['CalicoNetworkPolicy', { system: 'calico', kind: 'NetworkPolicy' }],
  ['CalicoGlobalNetworkPolicy', { system: 'calico', kind: 'GlobalNetworkPolicy' }],
]);

/** Schemes name policies as no cluster would take them; only which is which matters here. */
function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9.-]/g, '-');
}

function withPlainName(object: ManifestObject): ManifestObject {
  const read = z.looseObject({ metadata: z.looseObject({ name: z.string() }) }).safeParse(object.value);
  if (!read.success) return object;
  const { metadata } = read.data;
  return { ...object, value: { ...object.value, metadata: { ...metadata, name: plainName(metadata.name) } } };
}

class SchemeReader {
  private readonly sets = new Map<string, NamedSet | string>();

  constructor(
    private readonly given: Scheme,
    private readonly load: SchemeLoader,
  ) {}

  private files(list: readonly string[] | undefined): ManifestFile[] {
    return (list ?? []).flatMap((path) => [...this.load(path)]);
  }

  private objects(list: readonly string[] | undefined, wanted: (kind: unknown) => boolean): unknown[] {
    return readDocuments(this.files(list))
      .objects.map(({ value }) => value)
      .filter(({ kind }) => wanted(kind));
  }

  private topologyOf(config: Config) {
    const isNamespace = (kind: unknown) => kind === 'Namespace';
    const isWorkload = (kind: unknown) =>
      typeof kind === 'string' &&
      /^(Pod|Deployment|ReplicaSet|StatefulSet|DaemonSet|ReplicationController|Job|CronJob)$/.test(kind);
    const find = (list: 'namespaceList' | 'podList', wanted: (kind: unknown) => boolean) => {
      for (const from of [config, this.given])
        for (const source of [from[list], from.resourceList]) {
          const found = this.objects(source, wanted);
          if (found.length > 0) return found;
        }
      return [];
    };
    return podsOf([...find('namespaceList', isNamespace), ...find('podList', isWorkload)]);
  }

  private read(config: Config): NamedSet | string {
    const documents = readDocuments(this.files(config.networkPolicyList ?? config.resourceList));
    const cluster = clusterOf({ ...documents, objects: documents.objects.map(withPlainName) });
    const [problem] = cluster.problems;
    if (problem !== undefined) return `${problem.place.file}: ${problem.object}: ${problem.path}: ${problem.message}`;
    const beyond = cluster.passedOver.find(({ meaning }) => meaning !== null);
    if (beyond !== undefined) return `${beyond.kind}: ${beyond.meaning ?? ''}`;
    return { name: config.name, ...this.topologyOf(config), policies: cluster.policies };
  }

  private config(name: string): NamedSet | string {
    let set = this.sets.get(name);
    if (set === undefined) {
      const config = this.given.networkConfigList.find((one) => one.name === name);
      set = config === undefined ? `there is no set ${name}` : this.read(config);
      this.sets.set(name, set);
    }
    return set;
  }

  /** A whole set, or one policy of it: `set/namespace/policy`, `set/kind/namespace/policy`, `set/policy`. */
  set(name: string): NamedSet | string {
    const [whole = '', ...rest] = name.split('/');
    const set = this.config(whole);
    if (rest.length === 0 || typeof set === 'string') return set;
    const [policy, namespace, kind] = rest.toReversed();
    const wanted = kind === undefined ? null : (kindsOfSchemes.get(kind) ?? { system: '', kind });
    const policies = set.policies.filter(
      ({ id }) =>
        id.name === plainName(policy ?? '') &&
        (namespace === undefined || namespace === '' || (id.namespace ?? '') === namespace) &&
        (wanted === null || (id.system === wanted.system && id.kind === wanted.kind)),
    );
    return policies.length === 0 ? `there is no policy ${name}` : { ...set, name, policies };
  }
}

/**
 * Answers every query of a scheme.
 *
 * @throws SchemeError when the text is no scheme
 */
export function answerScheme(file: ManifestFile, load: SchemeLoader): SchemeAnswer[] {
  const { objects, problems } = readDocuments([file]);
  const parsed = scheme.safeParse(objects[0]?.value);
  if (!parsed.success || problems.length > 0) {
    const reason =
      problems[0]?.message ??
      parsed.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    throw new SchemeError(`expected a scheme with networkConfigList and queries in ${file.name}: ${reason ?? ''}`);
  }
  const reader = new SchemeReader(parsed.data, load);
  return parsed.data.queries.map((query): SchemeAnswer => {
    const kind = Object.keys(query).find(isSetQuery) ?? null;
    const listed = kind === null ? [] : z.array(z.string()).catch([]).parse(query[kind]);
    const base = { name: query.name, query: kind, sets: listed, expected: query.expected ?? null };
    const failed = (message: string) => ({ ...base, result: null, notExecuted: 0, agrees: null, message });
    if (kind === null) return failed('no query that is known here');
    const sets = listed.map((name) => reader.set(name));
    const reason = sets.find((set) => typeof set === 'string');
    if (reason !== undefined) return failed(reason);
    const answer = answerQuery(
      kind,
      sets.filter((set) => typeof set !== 'string'),
      { ipBlockMatchesPods: false },
    );
    const agrees = base.expected === null ? null : base.expected === answer.result;
    return { ...base, ...answer, agrees, message: '' };
  });
}
