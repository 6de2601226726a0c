import { Controller, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { Open } from '../../access/guard.js';
import { CONFIG, type Config } from '../../config.js';
import { RequestBodies } from '../body.js';
import { Ingest } from '../ingest.js';
import { pubsubMessage } from '../pubsub-records.js';
import { SourceName, Sources } from '../sources.js';
import { sourceTokenOf } from './credentials.js';

const PushQuery = z.object({ token: z.string().optional().catch(undefined) });

/** Google Cloud Pub/Sub push subscriptions; a message is acknowledged by the answer 200, which comes when it is stored. */
@ApiTags('ingestion')
@Controller('pubsub')
export class PubsubController {
  constructor(
    @Inject(Ingest) private readonly ingest: Ingest,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(RequestBodies) private readonly bodies: RequestBodies,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post(':source')
  @Open()
  @ApiOperation({ summary: 'Google Cloud Pub/Sub: push subscription' })
  @ApiBody({ schema: { type: 'string', description: 'a message, wrapped or not' } })
  async take(
    @Param('source', { schema: SourceName }) name: string,
    @Query({ schema: PushQuery }) query: z.infer<typeof PushQuery>,
    @Req() request: IncomingMessage,
  ): Promise<Response> {
    // Pub/Sub can send a token in the query alone; what it may put into `Authorization` is Google's.
    const asked = this.config.INGEST_QUERY_TOKENS ? (query.token ?? null) : null;
    const source = await this.sources.authenticate(name, asked ?? sourceTokenOf(request));
    return await this.bodies.of(source.name, request, async (body) =>
      Response.json(await this.ingest.take(source, pubsubMessage(request.headers, body), 'leaf')),
    );
  }
}
