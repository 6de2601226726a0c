import { Controller, Get, Inject, Param, Query, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Needs } from '../access/guard.js';
import { FindingView } from './finding.js';
import { FiguresQuery, FindingFigures, FindingFiguresView } from './finding-figures.js';
import { FindingPage, FindingQuery, Findings } from './findings.js';

@ApiTags('findings')
@Controller('api/v1/findings')
export class FindingsController {
  constructor(
    @Inject(Findings) private readonly findings: Findings,
    @Inject(FindingFigures) private readonly figures: FindingFigures,
  ) {}

  @Get()
  @Needs('findings.read')
  @SerializeOptions({ schema: FindingPage })
  @ApiOperation({ summary: 'List findings, newest first; open ones unless asked otherwise' })
  async list(@Query({ schema: FindingQuery }) query: FindingQuery): Promise<FindingPage> {
    return await this.findings.page(query);
  }

  @Get(':id')
  @Needs('findings.read')
  @SerializeOptions({ schema: FindingView })
  @ApiOperation({ summary: 'One finding with its facts' })
  async one(@Param('id', { schema: z.uuid() }) id: string): Promise<FindingView> {
    return await this.findings.one(id);
  }

  // After `:id`: the more specific route is tried first, and the check for routes in each other's shadow knows it only this way.
  @Get('figures')
  @Needs('findings.read')
  @SerializeOptions({ schema: FindingFiguresView })
  @ApiOperation({ summary: 'Times to detect and to remediate, by kind of finding' })
  async figuresOf(@Query({ schema: FiguresQuery }) query: FiguresQuery): Promise<FindingFiguresView> {
    return await this.figures.of(query);
  }
}
