import { Controller, Inject, Options, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiExcludeEndpoint, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { Open } from '../../access/guard.js';
import { CONFIG, type Config } from '../../config.js';
import { RequestBodies } from '../body.js';
import { cloudEvents } from '../cloud-events.js';
import { Ingest } from '../ingest.js';
import { type IngestSource, SourceName, Sources } from '../sources.js';
import { sourceTokenOf } from './credentials.js';

const EventQuery = z.object({ access_token: z.string().optional().catch(undefined) });
type EventQuery = z.infer<typeof EventQuery>;

/** CloudEvents over HTTP: Knative, Azure Event Grid, anything with an SDK; binary, structured and batch. */
@ApiTags('ingestion')
@Controller('cloudevents')
export class CloudEventsController {
  constructor(
    @Inject(Ingest) private readonly ingest: Ingest,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(RequestBodies) private readonly bodies: RequestBodies,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post()
  @Open()
  @ApiOperation({ summary: 'CloudEvents, of the source whose token it is' })
  @ApiBody({ schema: { type: 'string', description: 'an event, a batch of events, or the data of one' } })
  async take(@Query({ schema: EventQuery }) query: EventQuery, @Req() request: IncomingMessage): Promise<Response> {
    return await this.accept(await this.sources.authenticateToken(this.tokenOf(query, request)), request);
  }

  @Post(':source')
  @Open()
  @ApiOperation({ summary: 'CloudEvents of a source' })
  @ApiBody({ schema: { type: 'string', description: 'an event, a batch of events, or the data of one' } })
  async takeOf(
    @Param('source', { schema: SourceName }) name: string,
    @Query({ schema: EventQuery }) query: EventQuery,
    @Req() request: IncomingMessage,
  ): Promise<Response> {
    return await this.accept(await this.sources.authenticate(name, this.tokenOf(query, request)), request);
  }

  /** Abuse protection (CloudEvents, HTTP webhook section 4): a sender asks whether it may; the token says who does. */
  @Options(['', ':source'])
  @Open()
  @ApiExcludeEndpoint()
  handshake(@Req() request: IncomingMessage): Response {
    const origin = request.headers['webhook-request-origin'];
    const headers: Record<string, string> = { Allow: 'POST, OPTIONS' };
    if (typeof origin === 'string') {
      headers['WebHook-Allowed-Origin'] = origin;
      headers['WebHook-Allowed-Rate'] = '*';
    }
    return new Response('', { status: 200, headers });
  }

  private tokenOf(query: EventQuery, request: IncomingMessage): string | null {
    return sourceTokenOf(request) ?? (this.config.INGEST_QUERY_TOKENS ? (query.access_token ?? null) : null);
  }

  private async accept(source: IngestSource, request: IncomingMessage): Promise<Response> {
    return await this.bodies.of(source.name, request, async (body) => {
      const answer = await this.ingest.take(source, cloudEvents(request.headers, body), 'leaf');
      return Response.json(answer);
    });
  }
}
