import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Clock } from '../context.js';
import { Database } from '../database/database.js';
import { FindingKind, findingKinds } from './finding.js';

export const FiguresQuery = z.object({ days: z.coerce.number().int().min(1).max(3660).default(90) });
export type FiguresQuery = z.infer<typeof FiguresQuery>;

/** Seconds: the mean, and the value that 95 of 100 stay within (nearest rank). */
const Spread = z.object({ mean: z.number(), p95: z.number() });

export const FindingFiguresView = z.object({
  /** Findings opened or closed from then on are counted. */
  since: z.string(),
  days: z.number().int(),
  kinds: z.array(
    z.object({
      kind: FindingKind,
      /** Open now, whenever opened. */
      open: z.number().int(),
      opened: z.number().int(),
      closed: z.number().int(),
      /** Of those opened: from the beginning of the cause to its finding. Null without any. */
      secondsToDetect: Spread.nullable(),
      /** Of those closed: from the finding to the end of its cause. */
      secondsToRemediate: Spread.nullable(),
    }),
  ),
});
export type FindingFiguresView = z.infer<typeof FindingFiguresView>;

interface FigureRow {
  readonly kind: string;
  readonly open: string;
  readonly opened: string;
  readonly closed: string;
  readonly detect_mean: string | null;
  readonly detect_p95: string | null;
  readonly remediate_mean: string | null;
  readonly remediate_p95: string | null;
}

/** How soon findings are made, and how soon their causes are gone. */
@Injectable()
export class FindingFigures {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** Kinds that never occurred are left out. */
  async of({ days }: FiguresQuery): Promise<FindingFiguresView> {
    const since = new Date(this.clock.now().getTime() - days * 86_400_000);
    const rows = await this.database.query<FigureRow>(
      `SELECT kind, count(*) FILTER (WHERE closed_at IS NULL) AS open,
              count(*) FILTER (WHERE opened_at >= $1) AS opened, count(*) FILTER (WHERE closed_at >= $1) AS closed,
              avg(detect) FILTER (WHERE opened_at >= $1) AS detect_mean,
              percentile_disc(0.95) WITHIN GROUP (ORDER BY detect) FILTER (WHERE opened_at >= $1) AS detect_p95,
              avg(remediate) FILTER (WHERE closed_at >= $1) AS remediate_mean,
              percentile_disc(0.95) WITHIN GROUP (ORDER BY remediate) FILTER (WHERE closed_at >= $1) AS remediate_p95
       FROM (SELECT kind, opened_at, closed_at, greatest(0, extract(epoch FROM opened_at - occurred_at)) AS detect,
                    extract(epoch FROM closed_at - opened_at) AS remediate FROM finding) f
       GROUP BY kind`,
      [since],
    );
    const byKind = new Map(rows.map((row) => [row.kind, row]));
    return {
      since: since.toISOString(),
      days,
      kinds: findingKinds.flatMap((kind) => {
        const row = byKind.get(kind);
        if (row === undefined) return [];
        const spread = (mean: string | null, p95: string | null) =>
          mean === null || p95 === null ? null : { mean: Number(mean), p95: Number(p95) };
        return [
          {
            kind,
            open: Number(row.open),
            opened: Number(row.opened),
            closed: Number(row.closed),
            secondsToDetect: spread(row.detect_mean, row.detect_p95),
            secondsToRemediate: spread(row.remediate_mean, row.remediate_p95),
          },
        ];
      }),
    };
  }
}
