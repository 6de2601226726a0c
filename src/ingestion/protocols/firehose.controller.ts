import { Controller, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import { Open } from '../../access/guard.js';
import { Clock } from '../../context.js';
import { RequestBodies } from '../body.js';
import { firehoseDelivery } from '../firehose-records.js';
import { Ingest } from '../ingest.js';
import type { Sent } from '../read-records.js';
import { SourceName, Sources } from '../sources.js';
import { deliveryId } from './aws-answers.js';
import { sourceTokenOf } from './credentials.js';

/** Amazon Data Firehose with this service as its HTTP endpoint; the access key is the token of the source. */
@ApiTags('ingestion')
@Controller('firehose')
export class FirehoseController {
  constructor(
    @Inject(Ingest) private readonly ingest: Ingest,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(RequestBodies) private readonly bodies: RequestBodies,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Post(':source')
  @Open()
  @ApiOperation({ summary: 'Amazon Data Firehose: HTTP endpoint delivery' })
  @ApiBody({ schema: { type: 'string', description: 'the delivery, JSON' } })
  async take(
    @Param('source', { schema: SourceName }) name: string,
    @Req() request: IncomingMessage,
  ): Promise<Response> {
    const { 'x-amz-firehose-access-key': key, 'x-amz-firehose-common-attributes': common } = request.headers;
    const token = typeof key === 'string' && key !== '' ? key : sourceTokenOf(request);
    const source = await this.sources.authenticate(name, token);
    return await this.bodies.of(source.name, request, async (body) => {
      const said = typeof common === 'string' ? common : null;
      const { requestId, records } = firehoseDelivery(body, said, this.bodies.limits.decoded);
      const sent: Sent = records === null ? { body, split: 'auto' } : { records };
      await this.ingest.take(source, sent, 'index');
      // The id it was sent with has to come back, or the delivery counts as failed.
      return Response.json({ requestId: requestId ?? deliveryId(request), timestamp: this.clock.now().getTime() });
    });
  }
}
