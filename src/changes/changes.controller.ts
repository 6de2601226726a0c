import { Body, Controller, Get, Inject, Param, Post, Query, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { Changes, ChangeView, NewChange, NewReview } from './changes.js';
import { ChangeState } from './states.js';

const ListQuery = z.object({
  state: ChangeState.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  /** Only changes with a lower number: the next page. */
  before: z.coerce.number().int().positive().optional(),
});
type ListQuery = z.infer<typeof ListQuery>;

const ChangeList = z.object({ changes: z.array(ChangeView) });

@ApiTags('changes')
@Controller('api/v1/changes')
export class ChangesController {
  constructor(@Inject(Changes) private readonly changes: Changes) {}

  @Post()
  @Needs('changes.propose')
  @SerializeOptions({ schema: ChangeView })
  @ApiOperation({ summary: 'Propose a change of policies' })
  async propose(@CurrentActor() actor: Actor, @Body({ schema: NewChange }) input: NewChange): Promise<ChangeView> {
    return await this.changes.propose(actor, input);
  }

  @Get()
  @Needs('changes.read')
  @SerializeOptions({ schema: ChangeList })
  @ApiOperation({ summary: 'List changes, newest first' })
  async list(@Query({ schema: ListQuery }) query: ListQuery): Promise<z.infer<typeof ChangeList>> {
    return {
      changes: await this.changes.list({
        state: query.state ?? null,
        limit: query.limit,
        beforeNumber: query.before ?? null,
      }),
    };
  }

  @Get(':id')
  @Needs('changes.read')
  @SerializeOptions({ schema: ChangeView })
  @ApiOperation({ summary: 'One change' })
  async get(@Param('id') id: string): Promise<ChangeView> {
    return await this.changes.get(id);
  }

  @Post(':id/reviews')
  @Needs('changes.review')
  @SerializeOptions({ schema: ChangeView })
  @ApiOperation({ summary: 'Approve or reject a change proposed by somebody else' })
  async review(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body({ schema: NewReview }) input: NewReview,
  ): Promise<ChangeView> {
    return await this.changes.review(actor, id, input);
  }
}
