import { Controller, Get, Inject, Param, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Needs } from '../access/guard.js';
import { Assessments, AssessmentView, FrameworkSummary } from './assessments.js';

@ApiTags('controls')
@Controller('api/v1/frameworks')
export class ControlsController {
  constructor(@Inject(Assessments) private readonly assessments: Assessments) {}

  @Get()
  @Needs('controls.read')
  @SerializeOptions({ schema: z.array(FrameworkSummary) })
  @ApiOperation({ summary: 'List frameworks' })
  list(): z.infer<typeof FrameworkSummary>[] {
    return this.assessments.frameworks();
  }

  @Get(':id/assessment')
  @Needs('controls.read')
  @SerializeOptions({ schema: AssessmentView })
  @ApiOperation({ summary: 'How the estate stands against a framework, over the last 30 days' })
  async assessment(@Param('id') id: string): Promise<AssessmentView> {
    return await this.assessments.view(id);
  }
}
