import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { SourceName } from '../ingestion/sources.js';
import { Acknowledgement, MissingRecords, MissingRecordsQuery, MissingRecordsRegister } from './missing-records.js';

const MissingRecordsList = z.object({ missing: z.array(MissingRecords) });

@ApiTags('sources')
@Controller('api/v1/sources')
export class MissingRecordsController {
  constructor(@Inject(MissingRecordsRegister) private readonly register: MissingRecordsRegister) {}

  @Get(':name/missing')
  @Needs('sources.read')
  @SerializeOptions({ schema: MissingRecordsList })
  @ApiOperation({
    summary: 'Records of a source that never came: numbers it skipped, losses it reported',
    description: 'Newest first; those that are open unless asked otherwise.',
  })
  async list(
    @Param('name', { schema: SourceName }) name: string,
    @Query({ schema: MissingRecordsQuery }) query: MissingRecordsQuery,
  ): Promise<z.infer<typeof MissingRecordsList>> {
    return { missing: await this.register.list(name, query) };
  }

  @Post(':name/missing/:id/acknowledge')
  @Needs('sources.manage')
  @HttpCode(200)
  @SerializeOptions({ schema: MissingRecords })
  @ApiOperation({ summary: 'Say why records are missing; the finding is closed' })
  async acknowledge(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: SourceName }) name: string,
    @Param('id', { schema: z.uuid() }) id: string,
    @Body({ schema: Acknowledgement }) input: Acknowledgement,
  ): Promise<MissingRecords> {
    return await this.register.acknowledge(actor, name, id, input);
  }
}
