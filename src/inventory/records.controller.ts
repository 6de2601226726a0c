import { Body, Controller, Get, HttpCode, Inject, Post, Query, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { Quarantine, ReprocessAnswer, ReprocessRequest } from './quarantine.js';
import { RecordPage, RecordQuery, Records } from './records.js';

@ApiTags('records')
@Controller('api/v1/records')
export class RecordsController {
  constructor(@Inject(Records) private readonly records: Records) {}

  @Get()
  @Needs('records.read')
  @SerializeOptions({ schema: RecordPage })
  @ApiOperation({ summary: 'Search records, newest event first; kind "rejected" lists what could not be read' })
  async list(@Query({ schema: RecordQuery }) query: RecordQuery): Promise<RecordPage> {
    return await this.records.page(query);
  }
}

@ApiTags('records')
@Controller('api/v1/quarantine')
export class QuarantineController {
  constructor(@Inject(Quarantine) private readonly quarantine: Quarantine) {}

  @Post('reprocess')
  @Needs('sources.manage')
  @HttpCode(200)
  @SerializeOptions({ schema: ReprocessAnswer })
  @ApiOperation({ summary: 'Read the quarantined records of a source again, as the source is set now' })
  async reprocess(
    @CurrentActor() actor: Actor,
    @Body({ schema: ReprocessRequest }) request: ReprocessRequest,
  ): Promise<ReprocessAnswer> {
    return await this.quarantine.reprocess(actor, request);
  }
}
