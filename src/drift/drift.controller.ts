import { Body, Controller, Get, Inject, Post, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { BaselineView, DriftBaselines, NewBaseline } from './baselines.js';

const BaselineList = z.object({ baselines: z.array(BaselineView) });

@ApiTags('drift')
@Controller('api/v1/drift/baselines')
export class DriftController {
  constructor(@Inject(DriftBaselines) private readonly baselines: DriftBaselines) {}

  @Get()
  @Needs('findings.read')
  @SerializeOptions({ schema: BaselineList })
  @ApiOperation({ summary: 'Instants whose policies were accepted as intended, the latest first' })
  async list(): Promise<z.infer<typeof BaselineList>> {
    return { baselines: await this.baselines.list() };
  }

  @Post()
  @Needs('drift.accept')
  @SerializeOptions({ schema: BaselineView })
  @ApiOperation({ summary: 'Accept what is, or was, in force as intended' })
  async accept(@CurrentActor() actor: Actor, @Body({ schema: NewBaseline }) input: NewBaseline): Promise<BaselineView> {
    return await this.baselines.accept(actor, input);
  }
}
