import { Body, Controller, HttpCode, Inject, Param, Post, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Needs } from '../access/guard.js';
import { SegmentName } from '../inventory/segments.js';
import { RecommendationRequest, Recommendations, RecommendationView } from './recommendations.js';

@ApiTags('segments')
@Controller('api/v1/segments/:name/recommendation')
export class RecommendationsController {
  constructor(@Inject(Recommendations) private readonly recommendations: Recommendations) {}

  @Post()
  @Needs('policies.read')
  @HttpCode(200)
  @SerializeOptions({ schema: RecommendationView })
  @ApiOperation({
    summary: 'Recommend policies for a segment from its observed flows',
    description: 'Stores nothing. Each rule says what it is based on, each flow left out says why.',
  })
  async recommend(
    @Param('name', { schema: SegmentName }) name: string,
    @Body({ schema: RecommendationRequest }) request: RecommendationRequest,
  ): Promise<RecommendationView> {
    return await this.recommendations.of(name, request);
  }
}
