import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../../database/database.js';
import type { ResultTotals } from '../views.js';

const Totals = z.object({
  satisfied: z.number().int(),
  notSatisfied: z.number().int(),
  notApplicable: z.number().int(),
  notAssessed: z.number().int(),
});

const mostKept = 1000;

/** Totals of issued reports, which never change: read once out of the whole report, then kept. */
@Injectable()
export class ReportTotals {
  private readonly kept = new Map<string, ResultTotals>();

  constructor(@Inject(Database) private readonly database: Database) {}

  /** Totals by report id, of these reports and others; those that are not ready are left out. */
  async of(ids: readonly string[]): Promise<ReadonlyMap<string, ResultTotals>> {
    if (this.kept.size > mostKept) this.kept.clear();
    const missing = ids.filter((id) => !this.kept.has(id));
    if (missing.length > 0) {
      const rows = await this.database.query<{ id: string; totals: unknown }>(
        `SELECT id, model -> 'totals' AS totals FROM report WHERE id = ANY ($1::uuid[]) AND state = 'ready'`,
        [missing],
      );
      for (const { id, totals } of rows) this.kept.set(id, Totals.parse(totals));
    }
    return this.kept;
  }
}
