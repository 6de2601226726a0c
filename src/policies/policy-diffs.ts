import { Inject, Injectable } from '@nestjs/common';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { Clock } from '../context.js';
import { Problem } from '../errors.js';
import { PolicyEstates, type Estate } from './estate.js';
import { importObject } from './import.js';
import { policyIdText } from './model.js';
import { objectDigest } from './object-digest.js';
import { Policies, type PolicyVersion } from './policies.js';
import { policyKeyText, systemOf, type PolicyKey } from './policy-key.js';
import { PolicyRegister } from './register/register.js';
import { semanticDiff, type DiffSide } from './semantic-diff.js';

const mostPaths = 2000;

const DiffEnd = z.object({
  /** 0 for "before there was any", null for a draft. */
  version: z.number().int().nullable(),
  eventTime: z.string().nullable(),
  digest: z.string().nullable(),
  /** Null where the policy is not there. */
  object: z.json().nullable(),
});

export const PolicyDiff = z.object({
  policy: z.object({ system: z.string(), kind: z.string(), namespace: z.string().nullable(), name: z.string() }),
  from: DiffEnd,
  to: DiffEnd,
  /** Both have one canonical digest: two spellings of one policy. */
  sameMeaning: z.boolean(),
  /** Which policies stand around it: those in force when `to` came, or on each side those of its own time. */
  others: z.enum(['same', 'each']),
  /** Workloads the paths are counted among. */
  workloads: z.number().int(),
  counts: z.object({ opened: z.number().int(), changed: z.number().int(), closed: z.number().int() }),
  /** Opened first, then changed, then closed; at most 2,000 are listed, all are counted. */
  paths: z.array(
    z.object({
      change: z.enum(['opened', 'closed', 'changed']),
      /** Key of a workload, or addresses. */
      source: z.string(),
      destination: z.string(),
      /** `TCP 8443`; empty for none. */
      gained: z.string(),
      lost: z.string(),
    }),
  ),
  rules: z.array(
    z.object({
      change: z.enum(['added', 'removed', 'changed']),
      direction: z.enum(['ingress', 'egress']).nullable(),
      before: z.string().nullable(),
      after: z.string().nullable(),
    }),
  ),
  statements: z.array(z.object({ before: z.string().nullable(), after: z.string().nullable() })),
  /** What no verdict regards. */
  notes: z.array(z.string()),
});
export type PolicyDiff = z.infer<typeof PolicyDiff>;

export const DiffQuery = z.object({
  /** Version to compare from; 0 for before there was any. Without it, the one before `to`. */
  from: z.coerce.number().int().min(0).optional(),
  /** Version to compare to; without it, the latest. */
  to: z.coerce.number().int().min(1).optional(),
  others: z.enum(['same', 'each']).default('same'),
});
export type DiffQuery = z.infer<typeof DiffQuery>;

export const PolicyDraft = z.object({
  action: z.enum(['apply', 'delete']).default('apply'),
  /** The policy object (for a delete, its kind and metadata suffice), as JSON or as YAML text. */
  manifest: z.union([z.record(z.string(), z.json()), z.string().min(1).max(200_000)]),
});
export type PolicyDraft = z.infer<typeof PolicyDraft>;

const ObjectHead = z.object({
  apiVersion: z.string().optional(),
  kind: z.string().min(1),
  metadata: z.object({ name: z.string().min(1), namespace: z.string().min(1).optional() }),
});

type End = z.infer<typeof DiffEnd>;

/** What changes between two versions of a policy, or when a draft takes the place of what is in force. */
@Injectable()
export class PolicyDiffs {
  constructor(
    @Inject(Policies) private readonly policies: Policies,
    @Inject(PolicyRegister) private readonly register: PolicyRegister,
    @Inject(PolicyEstates) private readonly estates: PolicyEstates,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @throws Problem `not_found`; `conflict` where a record left the content out */
  async between(policy: PolicyKey, query: DiffQuery): Promise<PolicyDiff> {
    const versions = await this.policies.versions(policy);
    const to = query.to ?? versions[0]?.version ?? 1;
    const [from, until] = [query.from ?? to - 1, to].map((number) => endOfVersion(policy, versions, number));
    if (from === undefined || until === undefined) throw new TypeError('expected two versions');
    const now = this.clock.now();
    const at = (end: End) => (end.eventTime === null ? now : new Date(end.eventTime));
    const estate = await this.estates.at(at(until));
    const each = query.others === 'each' && from.eventTime !== null;
    const before = each ? await this.estates.at(at(from)) : estate;
    return await this.compared(
      policy,
      [from, before, at(each ? from : until)],
      [until, estate, at(until)],
      query.others,
    );
  }

  /**
   * A draft against what is in force now.
   * @throws Problem `invalid_input` where the draft cannot be read
   */
  async draft({ action, manifest }: PolicyDraft): Promise<PolicyDiff> {
    const object = typeof manifest === 'string' ? readYaml(manifest) : manifest;
    const head = ObjectHead.safeParse(object);
    if (!head.success)
      throw unreadable(head.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })));
    const { apiVersion = null, kind, metadata } = head.data;
    const namespaced = {
      system: systemOf(apiVersion, kind),
      kind,
      namespace: metadata.namespace ?? null,
      name: metadata.name,
    };
    if (action === 'apply') {
      const imported = importObject(object);
      if (imported === null)
        throw unreadable([{ path: 'kind', message: `${kind} is no kind of policy that is modelled` }]);
      if (!imported.ok) throw unreadable(imported.problems);
      const [first] = imported.policies;
      // An object without a namespace is of the namespace its system puts it in.
      if (first !== undefined && first.id.system !== 'segproof') namespaced.namespace = first.id.namespace;
    }
    const estate = await this.estates.at(null);
    const inForce = estate.objects.find((one) => policyKeyText(one) === policyKeyText(namespaced));
    const from: End = {
      version: inForce?.version ?? 0,
      eventTime: inForce?.since ?? null,
      digest: inForce === undefined || inForce.object === null ? null : objectDigest(inForce.object),
      object: z
        .json()
        .nullable()
        .parse(inForce?.object ?? null),
    };
    const to: End = {
      version: null,
      eventTime: null,
      digest: action === 'delete' ? null : objectDigest(object),
      object: action === 'delete' ? null : z.json().parse(object),
    };
    const now = this.clock.now();
    return await this.compared(namespaced, [from, estate, now], [to, estate, now], 'same');
  }

  private async compared(
    policy: PolicyKey,
    before: readonly [End, Estate, Date],
    after: readonly [End, Estate, Date],
    others: DiffQuery['others'],
  ): Promise<PolicyDiff> {
    const side = ([end, estate, at]: readonly [End, Estate, Date]): DiffSide => ({
      object: end.object,
      others: estate.objects
        .filter((one) => one.object !== null && policyKeyText(one) !== policyKeyText(policy))
        .map(({ object }) => object),
      at: at.toISOString(),
    });
    const [[from], [to, estate]] = [before, after];
    const { topology } = estate;
    const diff = semanticDiff(side(before), side(after), {
      topology,
      templates: await this.register.templates(),
      most: mostPaths,
    });
    const { system, kind, namespace, name } = policy;
    return PolicyDiff.parse({
      policy: { system, kind, namespace, name },
      from,
      to,
      sameMeaning: from.digest !== null && from.digest === to.digest,
      others,
      workloads: topology.pods.length,
      ...diff,
      notes: [...unknownContents(estate), ...unknownLabels(estate), ...diff.notes],
    });
  }
}

function unknownContents({ contentUnknown }: Estate): string[] {
  return contentUnknown.map(
    (one) => `${policyIdText(one)}: the records leave its content out, so no verdict regards it`,
  );
}

function unknownLabels({ workloads }: Estate): string[] {
  const unknown = workloads.filter(({ namespace, labels }) => namespace !== null && labels === null);
  return unknown.length === 0
    ? []
    : [`${unknown.length} workloads are known without labels, so policies that select by label do not reach them`];
}

/** @throws Problem */
function endOfVersion(policy: PolicyKey, versions: readonly PolicyVersion[], number: number): End {
  if (number === 0) return { version: 0, eventTime: null, digest: null, object: null };
  const version = versions.find((one) => one.version === number);
  if (version === undefined) throw new Problem('not_found', `${policyIdText(policy)} has no version ${number}.`);
  if (version.object === null && version.action !== 'delete')
    throw new Problem(
      'conflict',
      `The record of version ${number} leaves the content out, so it cannot be compared. Raise the audit level of policy objects to RequestResponse.`,
    );
  return { version: number, eventTime: version.eventTime, digest: version.digest, object: version.object };
}

function readYaml(text: string): unknown {
  try {
    // maxAliasCount stops documents whose aliases multiply ("billion laughs").
    return parseYaml(text, { maxAliasCount: 50 }) as unknown;
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw unreadable([{ path: '', message: `not readable as one YAML document: ${line}` }]);
  }
}

function unreadable(found: readonly { readonly path: string; readonly message: string }[]): Problem {
  return new Problem('invalid_input', 'The draft cannot be read as a policy.', {
    errors: found.map(({ path, message }) => ({
      pointer: `/manifest${path === '' ? '' : `/${path.replaceAll('[', '.').replaceAll(']', '').split('.').join('/')}`}`,
      message,
    })),
  });
}
