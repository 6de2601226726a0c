import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../context.js';
import { Database } from '../database/database.js';
import { dayAfter, daysFrom } from './days.js';
import { EstateMaps } from './estate-maps.js';
import { Fingerprints } from './fingerprints.js';
import { FigureInputReader } from './inputs.js';
import { figuresVersion, ScopeFigures, type FigureSet } from './model.js';

/** Days before today that are computed where they are missing or no longer hold. */
export const backfillDays = 90;

/** Scope of figures of the whole estate. */
export const wholeEstate = '*';

export interface DayFigures {
  readonly day: string;
  readonly figures: ScopeFigures;
  readonly asOf: string;
  readonly estateDigest: string;
  readonly windowDigest: string;
  readonly computedAt: string;
}

/** Figures by day: kept for trends, and computed again whenever what they follow from has changed. */
@Injectable()
export class FigureHistory {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(FigureInputReader) private readonly reader: FigureInputReader,
    @Inject(Fingerprints) private readonly fingerprints: Fingerprints,
    @Inject(EstateMaps) private readonly maps: EstateMaps,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * Brings the days up to today up to date, oldest first, each in its own transaction, so that it may be interrupted at
   * any time. Days before the first record have no figures. Gives how many days were computed.
   */
  async bringUpToDate(): Promise<number> {
    const now = this.clock.now();
    const today = now.toISOString().slice(0, 10);
    const [first] = await this.database.query<{ day: string | null }>(
      `SELECT to_char(least((SELECT min(first_seen) FROM workload), (SELECT min(event_time) FROM policy_version)), 'YYYY-MM-DD') AS day`,
    );
    const bound = dayAfter(today, -backfillDays);
    const beginning = first?.day ?? today;
    const days = daysFrom(beginning < bound ? bound : beginning, today);
    const [fingerprints, kept] = await Promise.all([
      this.fingerprints.of(days),
      this.database.query<{ day: string; fingerprint: string; as_of: Date }>(
        `SELECT to_char(day, 'YYYY-MM-DD') AS day, fingerprint, as_of FROM figure_day WHERE scope = $1`,
        [wholeEstate],
      ),
    ]);
    const known = new Map(kept.map((row) => [row.day, row]));
    let computed = 0;
    for (const day of days) {
      const fingerprint = fingerprints.get(day) ?? '';
      const before = known.get(day);
      // What was computed while the day was not over is computed once more after it.
      const whole = before !== undefined && (day === today || before.as_of.toISOString() >= `${dayAfter(day)}T00`);
      if (whole && before.fingerprint === fingerprint) continue;
      await this.compute(day, now, fingerprint);
      computed++;
    }
    return computed;
  }

  private async compute(day: string, now: Date, fingerprint: string): Promise<void> {
    const inputs = await this.reader.of(day, now);
    const figures = await this.maps.ask<'figures'>(inputs, { kind: 'figures' });
    await this.database.transaction(async (transaction) => {
      await transaction.query('DELETE FROM figure_day WHERE day = $1', [day]);
      await transaction.query(
        `INSERT INTO figure_day (day, scope, figures, version, as_of, estate_digest, window_digest, fingerprint, computed_at)
         SELECT $1, scope, figures, $2, $3, $4, $5, $6, $7
         FROM json_to_recordset($8) AS new (scope text, figures json)
         ON CONFLICT (day, scope) DO NOTHING`,
        [
          day,
          figuresVersion,
          inputs.window.inputs.asOf,
          inputs.estate.digest,
          inputs.window.digest,
          fingerprint,
          now,
          JSON.stringify(rowsOf(figures)),
        ],
      );
    });
  }

  /** Days of a scope that have figures, oldest first; both days included. */
  async of(scope: string, from: string, to: string): Promise<DayFigures[]> {
    const rows = await this.database.query<{
      day: string;
      figures: unknown;
      as_of: Date;
      estate_digest: string;
      window_digest: string;
      computed_at: Date;
    }>(
      `SELECT to_char(day, 'YYYY-MM-DD') AS day, figures, as_of, estate_digest, window_digest, computed_at
       FROM figure_day WHERE scope = $1 AND day >= $2 AND day <= $3 AND version = $4 ORDER BY figure_day.day`,
      [scope, from, to, figuresVersion],
    );
    return rows.map((row) => ({
      day: row.day,
      figures: ScopeFigures.parse(row.figures),
      asOf: row.as_of.toISOString(),
      estateDigest: row.estate_digest,
      windowDigest: row.window_digest,
      computedAt: row.computed_at.toISOString(),
    }));
  }
}

function rowsOf({ estate, segments }: FigureSet): { readonly scope: string; readonly figures: ScopeFigures }[] {
  const rows = Object.entries(segments).map(([scope, figures]) => ({ scope, figures }));
  return [{ scope: wholeEstate, figures: estate }, ...rows];
}
