import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Query,
  SerializeOptions,
} from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { Clock } from '../context.js';
import { FormatName } from './normal-form.js';
import { PreviewList, previewsOfSample } from './preview.js';
import { HealthQuery, SourceHealth, SourceHealths } from './source-health.js';
import { contextOf, SourceSettings } from './source-settings.js';
import { NewSecret, SecretView, SourceSecrets } from './source-secrets.js';
import { IssuedToken, NewSource, SourceChange, SourceName, Sources, SourceView, TokenView } from './sources.js';

const TokenHint = z.string().length(4, 'the last four characters of the token');

const SecretId = z.uuid();

const SecretList = z.object({ secrets: z.array(SecretView) });

const TokenList = z.object({ tokens: z.array(TokenView) });

const SourceList = z.object({ sources: z.array(SourceView) });

/** Longest sample that is looked at, in characters. */
const longestSample = 500_000;

const PreviewRequest = z.strictObject({
  sample: z.string().min(1).max(longestSample),
  /** Each line of the sample is a record, as with application/x-ndjson. */
  lines: z.boolean().default(false),
  /** To try; without it the source as it is set. */
  format: FormatName.nullable().optional(),
  settings: SourceSettings.optional(),
});

@ApiTags('sources')
@Controller('api/v1/sources')
export class SourcesController {
  constructor(
    @Inject(Sources) private readonly sources: Sources,
    @Inject(SourceSecrets) private readonly sourceSecrets: SourceSecrets,
    @Inject(SourceHealths) private readonly healths: SourceHealths,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Post()
  @Needs('sources.manage')
  @SerializeOptions({ schema: IssuedToken })
  @ApiOperation({ summary: 'Create a source; its token is shown once, in the answer' })
  async create(@CurrentActor() actor: Actor, @Body({ schema: NewSource }) input: NewSource): Promise<IssuedToken> {
    return await this.sources.create(actor, input);
  }

  @Get()
  @Needs('sources.read')
  @SerializeOptions({ schema: SourceList })
  @ApiOperation({ summary: 'List sources and what they have sent' })
  async list(): Promise<z.infer<typeof SourceList>> {
    return { sources: await this.sources.list() };
  }

  @Get(':name')
  @Needs('sources.read')
  @SerializeOptions({ schema: SourceView })
  @ApiOperation({ summary: 'A source, how it is set and what it has sent' })
  async get(@Param('name', { schema: SourceName }) name: string): Promise<SourceView> {
    return await this.sources.get(name);
  }

  @Get(':name/health')
  @Needs('sources.read')
  @SerializeOptions({ schema: SourceHealth })
  @ApiOperation({
    summary: 'Whether a source is heard, how late, and what became of what it sent',
    description: 'received = appended + duplicate + quarantined + refused, in all and for each hour or day.',
  })
  async health(
    @Param('name', { schema: SourceName }) name: string,
    @Query({ schema: HealthQuery }) query: HealthQuery,
  ): Promise<SourceHealth> {
    return await this.healths.of(name, query);
  }

  @Patch(':name')
  @Needs('sources.manage')
  @SerializeOptions({ schema: SourceView })
  @ApiOperation({ summary: 'Change how a source is read from now on' })
  async change(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: SourceName }) name: string,
    @Body({ schema: SourceChange }) change: SourceChange,
  ): Promise<SourceView> {
    return await this.sources.change(actor, name, change);
  }

  @Post(':name/preview')
  @Needs('sources.read')
  @HttpCode(200)
  @SerializeOptions({ schema: PreviewList })
  @ApiOperation({
    summary: 'What would be made of this?',
    description: 'Reads a sample as the source would be read, or as it would be with other settings. Nothing is kept.',
  })
  async preview(
    @Param('name', { schema: SourceName }) name: string,
    @Body({ schema: PreviewRequest }) { sample, lines, format, settings }: z.infer<typeof PreviewRequest>,
  ): Promise<z.infer<typeof PreviewList>> {
    const source = await this.sources.get(name);
    const context = contextOf(format === undefined ? source.format : format, settings ?? source.settings);
    return previewsOfSample(sample, context, lines, this.clock.now());
  }

  @Get(':name/tokens')
  @Needs('sources.read')
  @SerializeOptions({ schema: TokenList })
  @ApiOperation({ summary: 'List the tokens of a source by their last four characters; never the tokens themselves' })
  async tokens(@Param('name', { schema: SourceName }) name: string): Promise<z.infer<typeof TokenList>> {
    return { tokens: await this.sources.tokens(name) };
  }

  @Post(':name/tokens')
  @Needs('sources.manage')
  @SerializeOptions({ schema: IssuedToken })
  @ApiOperation({ summary: 'Issue another token; the earlier ones stay valid until they are revoked' })
  async issueToken(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: SourceName }) name: string,
  ): Promise<IssuedToken> {
    return await this.sources.issueToken(actor, name);
  }

  @Delete(':name/tokens/:hint')
  @Needs('sources.manage')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke the token that ends in these four characters' })
  async revokeToken(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: SourceName }) name: string,
    @Param('hint', { schema: TokenHint }) hint: string,
  ): Promise<void> {
    await this.sources.revokeToken(actor, name, hint);
  }

  @Get(':name/secrets')
  @Needs('sources.read')
  @SerializeOptions({ schema: SecretList })
  @ApiOperation({
    summary: 'List the secrets with which the sender of a source signs its webhooks; never the secrets themselves',
  })
  async secrets(@Param('name', { schema: SourceName }) name: string): Promise<z.infer<typeof SecretList>> {
    return { secrets: await this.sourceSecrets.list(name) };
  }

  @Post(':name/secrets')
  @Needs('sources.manage')
  @SerializeOptions({ schema: SecretView })
  @ApiOperation({ summary: 'Add a secret with which the sender signs; earlier ones stay valid until they are revoked' })
  async addSecret(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: SourceName }) name: string,
    @Body({ schema: NewSecret }) input: NewSecret,
  ): Promise<SecretView> {
    return await this.sourceSecrets.add(actor, name, input);
  }

  @Delete(':name/secrets/:id')
  @Needs('sources.manage')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke a secret' })
  async revokeSecret(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: SourceName }) name: string,
    @Param('id', { schema: SecretId }) id: string,
  ): Promise<void> {
    await this.sourceSecrets.revoke(actor, name, id);
  }
}
