import { Controller, Get, Inject, Param, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Needs } from '../access/guard.js';
import { Assessments, AssessmentView, FrameworkSummary } from './assessments.js';

const FrameworkList = z.object({ frameworks: z.array(FrameworkSummary) });

@ApiTags('controls')
@Controller('api/v1/frameworks')
export class ControlsController {
  constructor(@Inject(Assessments) private readonly assessments: Assessments) {}

  @Get()
  @Needs('controls.read')
  @SerializeOptions({ schema: FrameworkList })
  @ApiOperation({ summary: 'List frameworks' })
  list(): z.infer<typeof FrameworkList> {
    return { frameworks: this.assessments.frameworks() };
  }

  @Get(':id/assessment')
  @Needs('controls.read')
  @SerializeOptions({ schema: AssessmentView })
  @ApiOperation({ summary: 'How the estate stands against a framework, over the last 30 days' })
  async assessment(@Param('id') id: string): Promise<AssessmentView> {
    return await this.assessments.view(id);
  }
}
