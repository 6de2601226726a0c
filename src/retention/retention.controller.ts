import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { ErasurePreview, ErasureSelection } from './erasure-selection.js';
import { Erasures, ErasureView, NewErasure } from './erasures.js';
import { HoldView, LegalHolds, NewHold } from './holds.js';
import { DueMonth, RemovalView, Retention } from './retention.js';
import { NewRule, Reason, RetentionClass, RetentionRules, RuleView } from './rules.js';

const RuleList = z.object({ rules: z.array(RuleView) });
const HoldList = z.object({ holds: z.array(HoldView) });
const HoldQuery = z.object({ active: z.stringbool().default(false) });
const HoldRelease = z.object({ reason: Reason });
const ErasureList = z.object({ erasures: z.array(ErasureView) });
const Decision = z.object({ comment: z.string().trim().max(2000).default('') });
const Refusal = z.object({ comment: Reason });
const DueList = z.object({ months: z.array(DueMonth) });
const RemovalList = z.object({ removals: z.array(RemovalView) });

/** How long payloads are kept, what stops their removal, and their erasure. */
@ApiTags('retention')
@Controller('api/v1/retention')
export class RetentionController {
  constructor(
    @Inject(RetentionRules) private readonly rules: RetentionRules,
    @Inject(LegalHolds) private readonly holds: LegalHolds,
    @Inject(Erasures) private readonly erasures: Erasures,
    @Inject(Retention) private readonly retention: Retention,
  ) {}

  @Get('rules')
  @Needs('retention.read')
  @SerializeOptions({ schema: RuleList })
  @ApiOperation({ summary: 'How long payloads of each class are kept, and who set it' })
  async listRules(): Promise<z.infer<typeof RuleList>> {
    return { rules: await this.rules.list() };
  }

  @Put('rules/:retentionClass')
  @Needs('retention.manage')
  @SerializeOptions({ schema: RuleList })
  @ApiOperation({ summary: 'Set how long payloads of a class are kept' })
  async setRule(
    @CurrentActor() actor: Actor,
    @Param('retentionClass', { schema: RetentionClass }) retentionClass: RetentionClass,
    @Body({ schema: NewRule }) input: NewRule,
  ): Promise<z.infer<typeof RuleList>> {
    return { rules: await this.rules.set(actor, retentionClass, input) };
  }

  @Get('due')
  @Needs('retention.read')
  @SerializeOptions({ schema: DueList })
  @ApiOperation({ summary: 'Months whose payloads go with the next run, and legal holds that keep them' })
  async listDue(): Promise<z.infer<typeof DueList>> {
    return { months: await this.retention.due() };
  }

  @Get('removals')
  @Needs('retention.read')
  @SerializeOptions({ schema: RemovalList })
  @ApiOperation({ summary: 'What was removed, newest first' })
  async listRemovals(): Promise<z.infer<typeof RemovalList>> {
    return { removals: await this.retention.removals(500) };
  }

  @Get('holds')
  @Needs('retention.read')
  @SerializeOptions({ schema: HoldList })
  @ApiOperation({ summary: 'Legal holds, newest first' })
  async listHolds(@Query({ schema: HoldQuery }) query: z.infer<typeof HoldQuery>): Promise<z.infer<typeof HoldList>> {
    return { holds: await this.holds.list(query.active) };
  }

  @Post('holds')
  @Needs('retention.manage')
  @SerializeOptions({ schema: HoldView })
  @ApiOperation({ summary: 'Place a legal hold' })
  async placeHold(@CurrentActor() actor: Actor, @Body({ schema: NewHold }) input: NewHold): Promise<HoldView> {
    return await this.holds.place(actor, input);
  }

  @Post('holds/:id/release')
  @Needs('retention.approve')
  @HttpCode(200)
  @SerializeOptions({ schema: HoldView })
  @ApiOperation({ summary: 'Release a legal hold that somebody else placed' })
  async releaseHold(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body({ schema: HoldRelease }) input: z.infer<typeof HoldRelease>,
  ): Promise<HoldView> {
    return await this.holds.release(actor, id, input.reason);
  }

  @Get('erasures')
  @Needs('retention.read')
  @SerializeOptions({ schema: ErasureList })
  @ApiOperation({ summary: 'Erasures, newest first' })
  async listErasures(): Promise<z.infer<typeof ErasureList>> {
    return { erasures: await this.erasures.list(500) };
  }

  @Get('erasures/:id')
  @Needs('retention.read')
  @SerializeOptions({ schema: ErasureView })
  @ApiOperation({ summary: 'One erasure' })
  async getErasure(@Param('id') id: string): Promise<ErasureView> {
    return await this.erasures.get(id);
  }

  // The text is in the body, so that it does not come into anybody's log of addresses.
  @Post('erasure-previews')
  @Needs('retention.manage')
  @HttpCode(200)
  @SerializeOptions({ schema: ErasurePreview })
  @ApiOperation({ summary: 'What an erasure would take; keeps nothing' })
  async previewErasure(@Body({ schema: ErasureSelection }) selection: ErasureSelection): Promise<ErasurePreview> {
    return await this.erasures.preview(selection);
  }

  @Post('erasures')
  @Needs('retention.manage')
  @SerializeOptions({ schema: ErasureView })
  @ApiOperation({ summary: 'Ask for an erasure; somebody else has to approve it' })
  async requestErasure(
    @CurrentActor() actor: Actor,
    @Body({ schema: NewErasure }) input: NewErasure,
  ): Promise<ErasureView> {
    return await this.erasures.request(actor, input);
  }

  @Post('erasures/:id/approve')
  @Needs('retention.approve')
  @HttpCode(200)
  @SerializeOptions({ schema: ErasureView })
  @ApiOperation({ summary: 'Approve an erasure that somebody else asked for, and carry it out' })
  async approveErasure(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body({ schema: Decision }) input: z.infer<typeof Decision>,
  ): Promise<ErasureView> {
    return await this.erasures.approve(actor, id, input.comment);
  }

  @Post('erasures/:id/reject')
  @Needs('retention.approve')
  @HttpCode(200)
  @SerializeOptions({ schema: ErasureView })
  @ApiOperation({ summary: 'Turn an erasure down' })
  async rejectErasure(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body({ schema: Refusal }) input: z.infer<typeof Refusal>,
  ): Promise<ErasureView> {
    return await this.erasures.reject(actor, id, input.comment);
  }
}
