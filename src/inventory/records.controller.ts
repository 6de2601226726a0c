import { Controller, Get, Inject, Query, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Needs } from '../access/guard.js';
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
