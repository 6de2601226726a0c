import { Body, Controller, Get, Inject, Param, Put, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { NewSegment, SegmentName, Segments, SegmentView } from './segments.js';

const SegmentList = z.object({ segments: z.array(SegmentView) });

@ApiTags('segments')
@Controller('api/v1/segments')
export class SegmentsController {
  constructor(@Inject(Segments) private readonly segments: Segments) {}

  @Get()
  @Needs('segments.read')
  @SerializeOptions({ schema: SegmentList })
  @ApiOperation({ summary: 'List segments' })
  async list(): Promise<z.infer<typeof SegmentList>> {
    return { segments: await this.segments.list() };
  }

  @Put(':name')
  @Needs('segments.manage')
  @SerializeOptions({ schema: SegmentView })
  @ApiOperation({ summary: 'Define a segment, or define it anew; its phase is given at first only' })
  async define(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: SegmentName }) name: string,
    @Body({ schema: NewSegment }) definition: NewSegment,
  ): Promise<SegmentView> {
    return await this.segments.define(actor, name, definition);
  }
}
