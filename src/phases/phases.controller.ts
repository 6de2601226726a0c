import { Body, Controller, Get, HttpCode, Inject, Param, Post, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { SegmentName } from '../inventory/segments.js';
import { BlockedAcceptance, PhaseBoard, PhaseDetail, PhaseMove, Phases } from './phases.js';

@ApiTags('segments')
@Controller('api/v1')
export class PhasesController {
  constructor(@Inject(Phases) private readonly phases: Phases) {}

  @Get('phases')
  @Needs('segments.read')
  @SerializeOptions({ schema: PhaseBoard })
  @ApiOperation({ summary: 'Which segment is in which phase, and what it lacks for the next' })
  async board(): Promise<PhaseBoard> {
    return await this.phases.board();
  }

  @Get('segments/:name/phase')
  @Needs('segments.read')
  @SerializeOptions({ schema: PhaseDetail })
  @ApiOperation({ summary: 'The phase of a segment, the criteria of all phases, and its history' })
  async detail(@Param('name', { schema: SegmentName }) name: string): Promise<PhaseDetail> {
    return await this.phases.detail(name);
  }

  @Post('segments/:name/phase')
  @Needs('phases.move')
  @HttpCode(200)
  @SerializeOptions({ schema: PhaseDetail })
  @ApiOperation({ summary: 'Move a segment to another phase; 409 lists the criteria that do not hold' })
  async move(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: SegmentName }) name: string,
    @Body({ schema: PhaseMove }) move: PhaseMove,
  ): Promise<PhaseDetail> {
    return await this.phases.move(actor, name, move);
  }

  @Post('segments/:name/accepted-blocks')
  @Needs('phases.accept_blocked')
  @HttpCode(200)
  @SerializeOptions({ schema: PhaseDetail })
  @ApiOperation({ summary: 'Accept, with a reason, that policies block connections which passed' })
  async acceptBlocked(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: SegmentName }) name: string,
    @Body({ schema: BlockedAcceptance }) acceptance: BlockedAcceptance,
  ): Promise<PhaseDetail> {
    return await this.phases.acceptBlocked(actor, name, acceptance);
  }
}
