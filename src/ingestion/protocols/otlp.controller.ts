import { Controller, Inject, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import { Open } from '../../access/guard.js';
import { RequestBodies } from '../body.js';
import { Ingest } from '../ingest.js';
import { notAnExport } from '../otlp-records.js';
import { Sources } from '../sources.js';
import { sourceTokenOf } from './credentials.js';
import { isJsonRequest, isProtobufRequest, otlpSuccess } from './otlp-answers.js';

/** OTLP/HTTP logs: the OpenTelemetry Collector, SDKs, and whatever else exports logs; the token names the source. */
@ApiTags('ingestion')
@Controller('v1/logs')
export class OtlpController {
  constructor(
    @Inject(Ingest) private readonly ingest: Ingest,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(RequestBodies) private readonly bodies: RequestBodies,
  ) {}

  @Post()
  @Open()
  @ApiOperation({ summary: 'OTLP/HTTP: log records, JSON or protobuf' })
  @ApiBody({ schema: { type: 'string', description: 'ExportLogsServiceRequest' } })
  async take(@Req() request: IncomingMessage): Promise<Response> {
    const source = await this.sources.authenticateToken(sourceTokenOf(request));
    return await this.bodies.of(source.name, request, async (body) => {
      const json = isJsonRequest(request);
      const split = json || (!isProtobufRequest(request) && looksLikeJson(body)) ? 'otlp-json' : 'otlp-protobuf';
      const { receipts } = await this.ingest.take(source, { body, split }, 'index');
      // What is no export at all was kept all the same; the client must not send it again, but its operator should know.
      const [first] = receipts;
      const isNone = receipts.length === 1 && first?.detail?.startsWith(notAnExport) === true;
      return otlpSuccess(json, isNone ? `The request was kept, but is ${first.detail}` : null);
    });
  }
}

/** For senders that do not say what they send. */
function looksLikeJson(body: Buffer): boolean {
  return /^\s*\{\s*["}]/u.test(body.toString('latin1', 0, 64));
}
