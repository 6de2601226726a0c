import { Inject, Injectable } from '@nestjs/common';
import { changeNumber } from '../changes/change-number.js';
import { Database } from '../database/database.js';
import type { Finder } from '../findings/finder.js';
import type { Cause } from '../findings/finding.js';
import { Segments } from '../inventory/segments.js';
import { PolicyEstates, type Estate } from '../policies/estate.js';
import { importPolicies } from '../policies/import.js';
import { policyKeyText } from '../policies/policy-key.js';
import { Analysis } from './analysis.js';
import { DriftBaselines } from './baselines.js';
import { driftCauses, type DriftCause } from './causes.js';
import type { ApprovedItem, Departure, VersionSeen } from './departure.js';
import { driftFinding, type MeasuredCause } from './drift-findings.js';
import { sharing } from './effect.js';
import { departures } from './intended.js';
import { Places } from './places.js';

/** Above it, causes are found without their paths: each costs two maps of the estate. */
const causesMeasured = 50;

/** Policies that are not what baseline and approved changes say they should be. */
@Injectable()
export class DriftFinder implements Finder {
  readonly kinds = ['drift'] as const;
  private versionsKnown: { readonly key: string; readonly versions: readonly VersionSeen[] } | null = null;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(PolicyEstates) private readonly estates: PolicyEstates,
    @Inject(Segments) private readonly segments: Segments,
    @Inject(DriftBaselines) private readonly baselines: DriftBaselines,
    @Inject(Analysis) private readonly analysis: Analysis,
  ) {}

  async find(now: Date): Promise<readonly Cause[]> {
    const [versions, items, baselines] = await Promise.all([
      this.versions(),
      this.approvedItems(),
      this.baselines.all(),
    ]);
    const causes = driftCauses(departures(versions, items, baselines, now.toISOString()));
    if (causes.length === 0) return [];
    const [estate, segments] = await Promise.all([this.estates.at(null), this.segments.list()]);
    const places = new Places(segments, estate.workloads);
    const found: Cause[] = [];
    for (const [at, cause] of causes.entries()) {
      const measured =
        at < causesMeasured
          ? await this.measured(cause, estate, now)
          : { cause, effect: null, effectUnknown: `more than ${causesMeasured} causes at once` };
      found.push(driftFinding(measured, places));
    }
    return found;
  }

  /** The policies in force against the same with those of this cause as intended; other drift is left as it is. */
  private async measured(cause: DriftCause, estate: Estate, now: Date): Promise<MeasuredCause> {
    if (cause.open.some(({ observed }) => observed === 'unknown'))
      return { cause, effect: null, effectUnknown: 'a record lacks the content of the policy' };
    const intended = new Map<string, unknown>();
    for (const departure of cause.open) {
      const object = departure.intended === 'absent' ? null : await this.intendedObject(departure);
      if (object === undefined)
        return { cause, effect: null, effectUnknown: 'the intended content is not kept any more' };
      intended.set(policyKeyText(departure.policy), object);
    }
    const objects: unknown[] = [];
    for (const inForce of estate.objects) {
      const key = policyKeyText(inForce);
      const replaced = intended.get(key);
      if (replaced === undefined) {
        if (inForce.object !== null) objects.push(inForce.object);
      } else {
        if (replaced !== null) objects.push(replaced);
        intended.delete(key);
      }
    }
    for (const object of intended.values()) if (object !== null) objects.push(object);
    const imported = importPolicies(objects, now.toISOString());
    const effect = await this.analysis.effect({
      topology: estate.topology,
      intended: sharing(estate.policies, imported.policies),
      observed: estate.policies,
    });
    return { cause, effect, effectUnknown: null };
  }

  /** Undefined where it is not known. */
  private async intendedObject({ origin }: Departure): Promise<unknown> {
    const rows =
      origin.kind === 'change'
        ? await this.database.query<{ object: unknown }>(
            'SELECT object FROM change_item WHERE change_id = $1 AND position = $2',
            [origin.item.changeId, origin.item.position],
          )
        : origin.kind === 'not_expected' || origin.version === null
          ? []
          : await this.database.query<{ object: unknown }>(
              'SELECT object FROM policy_version WHERE index = $1 AND position = $2',
              [origin.version.index, origin.version.position],
            );
    return rows[0]?.object ?? undefined;
  }

  /** All versions there ever were; read again when there are others. */
  private async versions(): Promise<readonly VersionSeen[]> {
    const [{ key } = { key: '' }] = await this.database.query<{ key: string }>(
      `SELECT count(*) || '/' || coalesce(max(index), -1) || '/' || coalesce(sum(index % 1000003), 0) AS key FROM policy_version`,
    );
    if (this.versionsKnown?.key === key) return this.versionsKnown.versions;
    const rows = await this.database.query<Omit<VersionSeen, 'index'> & { readonly index: string }>(
      `SELECT system, kind, namespace, name, version, index, position, action, author, source,
              event_time_text AS "eventTime", digest FROM policy_version ORDER BY index, position`,
    );
    const versions = rows.map((row) => ({ ...row, index: Number(row.index) }));
    this.versionsKnown = { key, versions };
    return versions;
  }

  private async approvedItems(): Promise<ApprovedItem[]> {
    const rows = await this.database.query<{
      id: string;
      number: number;
      window_from: Date;
      window_to: Date;
      approved_at: Date;
      position: number;
      system: string;
      kind: string;
      namespace: string | null;
      name: string;
      action: ApprovedItem['action'];
      digest: string | null;
    }>(
      `SELECT c.id, c.number, c.window_from, c.window_to, r.approved_at, i.position, i.system, i.kind, i.namespace, i.name, i.action, i.digest
       FROM change c JOIN change_item i ON i.change_id = c.id
       JOIN LATERAL (SELECT max(v.reviewed_at) AS approved_at FROM change_review v
                     WHERE v.change_id = c.id AND v.decision = 'approve') r ON r.approved_at IS NOT NULL
       WHERE c.state = 'approved' ORDER BY c.number, i.position`,
    );
    return rows.map(({ system, kind, namespace, name, action, digest, position, ...change }) => ({
      system,
      kind,
      namespace,
      name,
      action,
      digest,
      position,
      changeId: change.id,
      change: changeNumber(change.number),
      approvedAt: change.approved_at.toISOString(),
      windowFrom: change.window_from.toISOString(),
      windowTo: change.window_to.toISOString(),
    }));
  }
}
