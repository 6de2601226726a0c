/**
 * Intended against observed content of each policy. Intended is what the baseline and the approved changes say it
 * should be; observed is what the records show to be in force. Both move in time, and where they part drift begins.
 */

import { instantKey } from '../changes/instants.js';
import { policyKeyText, type PolicyKey } from '../policies/policy-key.js';
import type { ApprovedItem, Baseline, Content, Departure, Origin, VersionSeen } from './departure.js';

/**
 * A policy created without an approved change in the first hour of the records of its system belongs to the baseline:
 * that is how what stands already is brought in. Accepting a baseline ends it.
 */
export const settlingSeconds = 3600;

const absent = 'absent';
const unknown = 'unknown';

function contentOf({ action, digest }: { readonly action: string; readonly digest: string | null }): Content {
  return action === 'delete' ? absent : (digest ?? unknown);
}

function later(a: string, b: string): string {
  return instantKey(a) < instantKey(b) ? b : a;
}

interface Moment {
  readonly at: string;
  readonly key: string;
  readonly what:
    | { readonly kind: 'version'; readonly version: VersionSeen }
    | { readonly kind: 'accepted' }
    | { readonly kind: 'change'; readonly item: ApprovedItem };
}

/** At one instant what came into force is taken first, then what was accepted, then what changes ask for. */
const order = { version: 0, accepted: 1, change: 2 } as const;

/**
 * When an approved change begins to alter the intended state: at the first instant, from its approval and the beginning
 * of its window on, at which its content is in force; without that at the end of its window. Null while both lie ahead.
 */
function effectiveAt(item: ApprovedItem, versions: readonly VersionSeen[], now: string): string | null {
  const start = later(item.approvedAt, item.windowFrom);
  const end = later(item.approvedAt, item.windowTo);
  const startKey = instantKey(start);
  const endKey = instantKey(end);
  const nowKey = instantKey(now);
  if (startKey > nowKey) return null;
  const wanted = contentOf(item);
  const before = versions.findLast(({ eventTime }) => instantKey(eventTime) <= startKey);
  // A policy that was never seen and is to be deleted may well be there.
  if (before !== undefined && contentOf(before) === wanted) return start;
  const carriedOut = versions.find((version) => {
    const key = instantKey(version.eventTime);
    const content = contentOf(version);
    return key > startKey && key < endKey && (content === wanted || (content === unknown && wanted !== absent));
  });
  if (carriedOut !== undefined) return carriedOut.eventTime;
  return endKey <= nowKey ? end : null;
}

interface State {
  intended: Content | null;
  origin: Origin;
  observed: Content | null;
  version: VersionSeen | null;
}

class PolicyWalk {
  private readonly state: State = { intended: null, origin: { kind: 'not_expected' }, observed: null, version: null };
  private readonly departures: Departure[] = [];
  private open: { readonly since: string; readonly by: Departure['by']; readonly versions: VersionSeen[] } | null =
    null;

  constructor(
    private readonly policy: PolicyKey,
    private readonly first: VersionSeen | undefined,
    private readonly settledAt: string,
  ) {}

  private take({ at, what }: Moment): void {
    const { state, first } = this;
    if (what.kind === 'version') {
      const { version } = what;
      state.observed = contentOf(version);
      state.version = version;
      if (state.intended !== null || version !== first) return;
      if (version.action === 'create' && instantKey(at) > instantKey(this.settledAt)) state.intended = absent;
      else if (version.action !== 'delete') {
        state.intended = state.observed;
        state.origin = { kind: 'first_seen', version };
      }
    } else if (what.kind === 'accepted') {
      // What nobody has seen yet was there all the same, unless it was created afterwards.
      if (state.observed === null && first?.action !== 'create') return;
      state.intended = state.observed ?? absent;
      state.origin = { kind: 'accepted', version: state.version };
    } else {
      state.intended = contentOf(what.item);
      state.origin = { kind: 'change', item: what.item };
    }
  }

  /** All moments of one instant, then the comparison. */
  step(moments: readonly Moment[]): void {
    for (const moment of moments) this.take(moment);
    const { state } = this;
    const versions = moments.flatMap(({ what }) => (what.kind === 'version' ? [what.version] : []));
    const items = moments.flatMap(({ what }) => (what.kind === 'change' ? [what.item] : []));
    // Content that is not recorded, in the window of a change that asks for some, is taken for what was asked for.
    if (state.observed === unknown && items.length > 0 && versions.length > 0) state.observed = state.intended;
    const observed = state.observed ?? absent;
    const differs = state.intended !== null && state.intended !== unknown && observed !== state.intended;
    const at = moments[0]?.at ?? '';
    if (!differs) {
      if (this.open !== null) this.close(at);
      return;
    }
    if (this.open === null) {
      const version = versions.at(-1);
      const item = items.at(-1);
      const by: Departure['by'] | null =
        version !== undefined
          ? { kind: 'edit', version }
          : item !== undefined
            ? { kind: 'not_carried_out', item }
            : null;
      if (by !== null) this.open = { since: at, by, versions: [] };
    }
    this.open?.versions.push(...versions);
  }

  private close(until: string | null): void {
    if (this.open === null) return;
    const { intended, origin, observed, version } = this.state;
    this.departures.push({
      policy: this.policy,
      ...this.open,
      until,
      intended: intended ?? absent,
      origin,
      observed: observed ?? absent,
      observedVersion: version,
    });
    this.open = null;
  }

  finish(): readonly Departure[] {
    this.close(null);
    return this.departures;
  }
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** When bringing in what stands already ends, by system. */
function settledTimes(versions: readonly VersionSeen[], baselines: readonly Baseline[]): ReadonlyMap<string, string> {
  const accepted = baselines
    .filter(({ policies }) => policies === null)
    .map(({ at }) => at)
    .sort((a, b) => (instantKey(a) < instantKey(b) ? -1 : 1))[0];
  const times = new Map<string, string>();
  for (const { system, eventTime } of versions) {
    if (times.has(system)) continue;
    const settled = new Date(Date.parse(eventTime) + settlingSeconds * 1000).toISOString();
    times.set(system, accepted !== undefined && instantKey(accepted) < instantKey(settled) ? accepted : settled);
  }
  return times;
}

/**
 * Every time a policy was not what it should have been, the present ones last (`until` null), in the order of the
 * policies. Versions are taken by event time, those of one instant in the order of the log.
 *
 * @throws RangeError when a time is not RFC 3339
 */
export function departures(
  versions: readonly VersionSeen[],
  items: readonly ApprovedItem[],
  baselines: readonly Baseline[],
  now: string,
): Departure[] {
  const nowKey = instantKey(now);
  const ordered = versions
    .map((version) => ({ version, key: instantKey(version.eventTime) }))
    .filter(({ key }) => key <= nowKey)
    .sort((a, b) =>
      a.key === b.key
        ? a.version.index - b.version.index || a.version.position - b.version.position
        : a.key < b.key
          ? -1
          : 1,
    )
    .map(({ version }) => version);
  const settled = settledTimes(ordered, baselines);
  const itemsByPolicy = grouped(items, policyKeyText);
  const byPolicy = grouped(ordered, policyKeyText);
  const seen = new Set(ordered.map(policyKeyText));
  // A policy that a change creates and no record ever showed has no versions, and its change says its name only.
  const neverSeen = [...itemsByPolicy].filter(([key]) => !seen.has(key)).map(([, own]) => own);
  const walks = [
    ...[...byPolicy.values()].map((own) => ({
      own,
      asked: itemsByPolicy.get(policyKeyText(own[0] ?? noPolicy)) ?? [],
    })),
    ...neverSeen.map((asked) => ({ own: [] as VersionSeen[], asked })),
  ];
  return walks.flatMap(({ own, asked }) => {
    const named = own[0] ?? asked[0];
    if (named === undefined) return [];
    const { system, kind, namespace, name } = named;
    const [first] = own;
    const moments: Moment[] = [
      ...own.map((version): Moment => momentAt(version.eventTime, { kind: 'version', version })),
      ...baselines
        .filter(
          ({ policies }) => policies === null || policies.some((one) => policyKeyText(one) === policyKeyText(named)),
        )
        .filter(({ at }) => instantKey(at) <= nowKey)
        .map(({ at }) => momentAt(at, { kind: 'accepted' })),
      ...asked.flatMap((item) => {
        const at = effectiveAt(item, own, now);
        return at === null ? [] : [momentAt(at, { kind: 'change', item })];
      }),
    ].sort((a, b) => (a.key === b.key ? order[a.what.kind] - order[b.what.kind] : a.key < b.key ? -1 : 1));
    const walk = new PolicyWalk({ system, kind, namespace, name }, first, settled.get(system) ?? now);
    for (const together of grouped(moments, ({ key }) => key).values()) walk.step(together);
    return walk.finish();
  });
}

const noPolicy: PolicyKey = { system: '', kind: '', namespace: null, name: '' };

function momentAt(at: string, what: Moment['what']): Moment {
  return { at, key: instantKey(at), what };
}
