import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../database/database.js';
import type { Finder } from '../findings/finder.js';
import type { Cause } from '../findings/finding.js';
import { normaliseStored } from '../ingestion/stored-record.js';
import { belongsTo, Segments } from '../inventory/segments.js';
import { selectEntries } from '../log/read.js';
import { PolicyEstates } from '../policies/estate.js';
import { auditFindings, isolationFindings, modeFindings, type ModeChange, type PolicyRemoval } from './enforcement.js';
import { ObservedEdges } from './observed-edges.js';
import { Places } from './places.js';
import { violationDays } from './violations.js';

const mostEdges = 200_000;
const entriesAtOnce = 500;

const ModeSwitch = z.object({
  enforcement_mode: z.object({ before: z.string().nullable().default(null), after: z.string() }),
});

/** Places that are said to enforce and only report, or deny nothing by default. */
@Injectable()
export class EnforcementFinder implements Finder {
  readonly kinds = ['enforcement_off'] as const;
  private modes: { readonly upTo: number; readonly changes: readonly ModeChange[] } = { upTo: -1, changes: [] };

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(PolicyEstates) private readonly estates: PolicyEstates,
    @Inject(Segments) private readonly segments: Segments,
    @Inject(ObservedEdges) private readonly edges: ObservedEdges,
  ) {}

  async find(now: Date): Promise<readonly Cause[]> {
    const since = new Date(now.getTime() - violationDays * 86_400_000);
    const [estate, segments, audited, denied, removals, modes] = await Promise.all([
      this.estates.at(null),
      this.segments.list(),
      this.edges.withVerdict('would_deny', since, mostEdges),
      this.edges.withVerdict('deny', since, mostEdges),
      this.removals(),
      this.modeChanges(),
    ]);
    const places = new Places(segments, estate.workloads);
    const pods = new Set(estate.topology.pods.map(({ key }) => key));
    const members = (segment: Parameters<typeof belongsTo>[0]) =>
      estate.workloads
        .filter(
          ({ key, namespace, labels }) => pods.has(key) && belongsTo(segment, { namespace, labels: labels ?? {} }),
        )
        .map(({ key }) => key);
    return [
      ...auditFindings(audited, denied, places, now),
      ...isolationFindings(segments, members, estate.topology, estate.policies, removals),
      ...modeFindings(modes),
    ];
  }

  /** Policies that are gone, the latest first. */
  private async removals(): Promise<PolicyRemoval[]> {
    const rows = await this.database.query<{
      kind: string;
      namespace: string | null;
      name: string;
      action: string;
      index: string;
      event_time: Date;
    }>(
      `SELECT kind, namespace, name, action, index, event_time FROM (
         SELECT DISTINCT ON (system, kind, namespace, name) * FROM policy_version
         ORDER BY system, kind, namespace, name, event_time DESC, index DESC, position DESC) latest
       WHERE action = 'delete' ORDER BY event_time DESC LIMIT 1000`,
    );
    return rows.map(({ kind, namespace, name, index, event_time: at }) => ({
      namespace,
      policy: `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`,
      index: Number(index),
      at: at.toISOString(),
    }));
  }

  /** Illumio's audit events say what a host's mode was and is; those not yet seen are read from the log. */
  private async modeChanges(): Promise<readonly ModeChange[]> {
    const rows = await this.database.query<{ index: string }>(
      `SELECT DISTINCT index FROM policy_version WHERE system = 'illumio' AND kind = 'workload' ORDER BY index`,
    );
    const indices = rows.map(({ index }) => Number(index));
    // Withdrawn or rebuilt: what was known may be gone.
    const known = new Set(indices);
    const kept = this.modes.changes.filter(({ index }) => known.has(index));
    const fresh = indices.filter((index) => index > this.modes.upTo);
    const found: ModeChange[] = [];
    for (let at = 0; at < fresh.length; at += entriesAtOnce) {
      for (const entry of await selectEntries(this.database, fresh.slice(at, at + entriesAtOnce))) {
        const stored = normaliseStored(entry);
        if (stored?.ok !== true) continue;
        for (const { policyChange, eventTime } of stored.records) {
          const mode = ModeSwitch.safeParse(policyChange?.requested);
          if (policyChange?.applied !== true || !mode.success) continue;
          found.push({
            system: policyChange.resource.system,
            host: policyChange.resource.name ?? '(unnamed)',
            ...mode.data.enforcement_mode,
            at: eventTime ?? entry.receivedAt.toISOString(),
            index: entry.index,
          });
        }
      }
    }
    const changes = [...kept, ...found].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.index - b.index));
    this.modes = { upTo: indices.at(-1) ?? -1, changes };
    return changes;
  }
}
