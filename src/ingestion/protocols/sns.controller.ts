import { Controller, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import { Open } from '../../access/guard.js';
import { RequestBodies } from '../body.js';
import { Ingest } from '../ingest.js';
import type { RecordContext } from '../normal-form.js';
import { SourceName, Sources } from '../sources.js';
import { sourceTokenOf } from './credentials.js';

/**
 * Amazon SNS over HTTPS, with the token of the source as the password in the endpoint's address: SNS sends it as Basic once it was
 * refused without. Nothing is ever fetched from an address in a message; a subscription is confirmed by a person.
 */
@ApiTags('ingestion')
@Controller('sns')
export class SnsController {
  constructor(
    @Inject(Ingest) private readonly ingest: Ingest,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(RequestBodies) private readonly bodies: RequestBodies,
  ) {}

  @Post(':source')
  @Open()
  @ApiOperation({ summary: 'Amazon SNS: HTTPS subscription, plain or with raw message delivery' })
  @ApiBody({ schema: { type: 'string', description: 'a message of SNS' } })
  async take(
    @Param('source', { schema: SourceName }) name: string,
    @Req() request: IncomingMessage,
  ): Promise<Response> {
    const source = await this.sources.authenticate(name, sourceTokenOf(request));
    return await this.bodies.of(source.name, request, async (body) =>
      Response.json(await this.ingest.take(source, { body, split: 'auto', context: contextOf(request) }, 'leaf')),
    );
  }
}

/** With raw message delivery, the id and the topic stand in headers alone. */
function contextOf({ headers }: IncomingMessage): RecordContext {
  const [id, topic] = [headers['x-amz-sns-message-id'], headers['x-amz-sns-topic-arn']];
  return {
    ...(typeof id === 'string' ? { nativeId: id } : {}),
    attributes: { protocol: 'sns', ...(typeof topic === 'string' ? { topic } : {}) },
  };
}
