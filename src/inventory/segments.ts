import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Actor } from '../context.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { actEntry } from '../log/act.js';
import { Log } from '../log/log.js';
import { SegmentPhase } from './segment-phase.js';

export const SegmentName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/u, 'lower-case letters, digits and "-", at most 63');

export const SegmentDefinition = z.object({
  owner: z.string().trim().min(1).max(200),
  criticality: z.enum(['low', 'medium', 'high', 'critical']),
  phase: SegmentPhase,
  namespace: z.string().min(1).max(253),
  /** Labels a workload of the namespace must have; none takes all of them. */
  matchLabels: z.record(z.string(), z.string()).default({}),
});
export type SegmentDefinition = z.infer<typeof SegmentDefinition>;

/** A definition as it is sent; a new segment begins in `discovery` unless it says otherwise. */
export const NewSegment = SegmentDefinition.extend({ phase: SegmentPhase.optional() });
export type NewSegment = z.infer<typeof NewSegment>;

export const SegmentView = SegmentDefinition.extend({
  name: SegmentName,
  /** When it entered its phase. */
  phaseSince: z.string(),
  updatedAt: z.string(),
});
export type SegmentView = z.infer<typeof SegmentView>;

interface SegmentRow {
  readonly name: string;
  readonly owner: string;
  readonly criticality: string;
  readonly phase: string;
  readonly namespace: string;
  readonly match_labels: unknown;
  readonly phase_since: Date;
  readonly updated_at: Date;
}

@Injectable()
export class Segments {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
  ) {}

  /**
   * Defines a segment, or defines it anew; the entry holds what was there before. The phase is given at first only:
   * later phases have criteria, which a definition must not go round.
   * @throws Problem `conflict` when the segment is in another phase
   */
  async define(actor: Actor, name: string, given: NewSegment): Promise<SegmentView> {
    return await this.log.transact(async ({ transaction, now, append }) => {
      const [before] = await transaction.query<SegmentRow>('SELECT * FROM segment WHERE name = $1 FOR UPDATE', [name]);
      const phase = given.phase ?? SegmentPhase.parse(before?.phase ?? 'discovery');
      if (before !== undefined && before.phase !== phase)
        throw new Problem(
          'conflict',
          `Segment ${name} is in phase ${before.phase}; move it to ${phase} with POST /api/v1/segments/${name}/phase, which looks at the criteria.`,
        );
      const definition = { ...given, phase };
      const phaseSince = before?.phase_since ?? now;
      await transaction.query(
        `INSERT INTO segment (name, owner, criticality, phase, namespace, match_labels, phase_since, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, criticality = excluded.criticality, phase = excluded.phase,
           namespace = excluded.namespace, match_labels = excluded.match_labels, phase_since = excluded.phase_since, updated_at = excluded.updated_at`,
        [
          name,
          definition.owner,
          definition.criticality,
          definition.phase,
          definition.namespace,
          definition.matchLabels,
          phaseSince,
          now,
        ],
      );
      const index = await append(
        actEntry('segment.defined', actor, {
          segment: { name, ...definition },
          before: before === undefined ? null : viewOf(before),
        }),
      );
      if (before === undefined)
        await transaction.query(
          `INSERT INTO segment_phase (segment, position, phase, entered_at, index, entered_by, reason, missing)
           VALUES ($1, 1, $2, $3, $4, $5, 'Defined in this phase', '[]')`,
          [name, phase, now, index, actor.name],
        );
      return { name, ...definition, phaseSince: phaseSince.toISOString(), updatedAt: now.toISOString() };
    });
  }

  /** @throws Problem `not_found` */
  async one(name: string): Promise<SegmentView> {
    const [row] = await this.database.query<SegmentRow>('SELECT * FROM segment WHERE name = $1', [name]);
    if (row === undefined) throw new Problem('not_found', `There is no segment ${name}.`);
    return viewOf(row);
  }

  async list(): Promise<SegmentView[]> {
    return (await this.database.query<SegmentRow>('SELECT * FROM segment ORDER BY name')).map(viewOf);
  }
}

function viewOf(row: SegmentRow): SegmentView {
  return SegmentView.parse({
    name: row.name,
    owner: row.owner,
    criticality: row.criticality,
    phase: row.phase,
    namespace: row.namespace,
    matchLabels: row.match_labels,
    phaseSince: row.phase_since.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  });
}

/** Whether a workload belongs to a segment. */
export function belongsTo(
  segment: Pick<SegmentDefinition, 'namespace' | 'matchLabels'>,
  workload: { readonly namespace: string | null; readonly labels: Readonly<Record<string, string>> },
): boolean {
  return (
    workload.namespace === segment.namespace &&
    Object.entries(segment.matchLabels).every(([key, value]) => workload.labels[key] === value)
  );
}
