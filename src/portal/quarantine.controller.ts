import { Controller, Get, Inject, Post, Query } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { QuarantineReason } from '../ingestion/normal-form.js';
import { SourceName } from '../ingestion/sources.js';
import { Quarantine, type ReprocessAnswer } from '../inventory/quarantine.js';
import { pageAnswer } from './answers.js';
import { fieldText, SentForm, type Fields } from './forms.js';
import { may } from './may.js';
import { QuarantinePage } from './pages/quarantine.js';
import { paths } from './paths.js';
import { readCursor } from './read/cursor.js';
import { QuarantinedRecords } from './read/quarantined-records.js';
import { SourceActivity } from './read/source-activity.js';
import { CurrentShell } from './shell.js';
import type { Shell } from './views.js';

const pageSize = 50;

/** What sources sent and could not be read, and reading it again. */
@ApiExcludeController()
@Controller('quarantine')
export class QuarantinePagesController {
  constructor(
    @Inject(Quarantine) private readonly quarantines: Quarantine,
    @Inject(QuarantinedRecords) private readonly quarantinedRecords: QuarantinedRecords,
    @Inject(SourceActivity) private readonly sources: SourceActivity,
  ) {}

  @Get()
  @Needs('rejected.read')
  async list(@CurrentShell() shell: Shell, @Query() query: Fields): Promise<Response> {
    return await this.page(shell, query, null);
  }

  @Post('reprocess')
  @Needs('sources.manage')
  async reprocess(
    @CurrentShell() shell: Shell,
    @CurrentActor() actor: Actor,
    @SentForm() sent: Fields,
  ): Promise<Response> {
    const reason = QuarantineReason.safeParse(sent['reason']);
    const source = SourceName.parse(fieldText(sent, 'source') ?? '');
    const answer = await this.quarantines.reprocess(actor, {
      source,
      ...(reason.success ? { reason: reason.data } : {}),
    });
    return await this.page(shell, sent, answer);
  }

  private async page(shell: Shell, query: Fields, reprocessed: ReprocessAnswer | null): Promise<Response> {
    const reason = QuarantineReason.safeParse(query['reason']);
    const filters = { source: fieldText(query, 'source'), reason: reason.success ? reason.data : null };
    const [sources, { rows, paging }, matching] = await Promise.all([
      this.sources.names(),
      this.quarantinedRecords.page(filters, pageSize, readCursor(fieldText(query, 'cursor'))),
      this.quarantinedRecords.count(filters),
    ]);
    const mayReprocess = may(shell, 'sources.manage');
    const page = { shell: { ...shell, path: paths.quarantine() }, filters, sources, rows, matching, paging };
    return pageAnswer(QuarantinePage({ ...page, mayReprocess, reprocessed }));
  }
}
