import { Controller, Inject, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import { Open } from '../../access/guard.js';
import { RequestBodies } from '../body.js';
import { Ingest } from '../ingest.js';
import { lokiRecords } from '../loki-records.js';
import type { Sent } from '../read-records.js';
import { Sources } from '../sources.js';
import { sourceTokenOf } from './credentials.js';

/** Grafana Loki's push: Promtail, Alloy, the Docker driver, and every logger with a Loki output; the token names the source. */
@ApiTags('ingestion')
@Controller('loki/api/v1/push')
export class LokiController {
  constructor(
    @Inject(Ingest) private readonly ingest: Ingest,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(RequestBodies) private readonly bodies: RequestBodies,
  ) {}

  @Post()
  @Open()
  @ApiOperation({ summary: 'Grafana Loki: push, JSON or protobuf' })
  @ApiBody({ schema: { type: 'string', description: 'streams of lines' } })
  async take(@Req() request: IncomingMessage): Promise<Response> {
    const source = await this.sources.authenticateToken(sourceTokenOf(request));
    return await this.bodies.of(source.name, request, async (body) => {
      const records = lokiRecords(body, this.bodies.limits.decoded);
      const sent: Sent =
        records === null ? { body, split: 'auto', context: { attributes: { protocol: 'loki' } } } : { records };
      await this.ingest.take(source, sent, 'index');
      // What Loki itself answers: its clients take any success, and some take no other.
      return new Response(null, { status: 204 });
    });
  }
}
