import { Controller, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { Open } from '../../access/guard.js';
import { bearerToken } from '../../access/tokens.js';
import { RequestBodies } from '../body.js';
import { Ingest, IngestAnswer, ReceiptDetail } from '../ingest.js';
import { SourceName, Sources } from '../sources.js';

/** Line-wise media types; anything else is read as JSON, whatever it calls itself. */
const lineTypes = /^\s*(application\/(x-)?(ndjson|jsonlines|jsonl|json-lines|json-seq)|text\/)/iu;

const TakeQuery = z.object({ receipt: ReceiptDetail.default('proof') });

/** The generic webhook: JSON (one, an array, concatenated) or NDJSON, with the source's token. */
@ApiTags('ingestion')
@Controller('ingest/v1')
export class WebhookController {
  constructor(
    @Inject(Ingest) private readonly ingest: Ingest,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(RequestBodies) private readonly bodies: RequestBodies,
  ) {}

  @Post(':source')
  @HttpCode(200)
  @Open()
  // No serializer: checking a thousand receipts that the type checker has checked costs as much as making them.
  @ApiOkResponse({ standardSchema: IngestAnswer })
  @ApiOperation({
    summary: 'Send records of a source',
    description:
      'application/json (an object, an array, or several values one after another) or application/x-ndjson; Content-Encoding gzip, deflate and zstd. Answered 200 after the records are durable; records that cannot be read are kept and listed as rejected. Each record is answered with its index, leaf hash and inclusion proof; `receipt=leaf` or `receipt=index` asks for less.',
  })
  @ApiBody({ schema: { type: 'string', description: 'records' } })
  async take(
    @Param('source', { schema: SourceName }) name: string,
    @Query({ schema: TakeQuery }) query: z.infer<typeof TakeQuery>,
    @Req() request: IncomingMessage,
  ): Promise<IngestAnswer> {
    const source = await this.sources.authenticate(name, bearerToken(request.headers.authorization));
    const lines = lineTypes.test(request.headers['content-type'] ?? '');
    return await this.bodies.of(
      source.name,
      request,
      async (body) => await this.ingest.take(source, { body, split: lines ? 'lines' : 'auto' }, query.receipt),
    );
  }
}
