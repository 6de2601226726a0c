import { Controller, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { Open } from '../../access/guard.js';
import { CONFIG, type Config } from '../../config.js';
import { Problem } from '../../errors.js';
import { eachPiece, RequestBodies } from '../body.js';
import { Ingest, type IngestAnswer } from '../ingest.js';
import type { ReceivedRecord } from '../received-record.js';
import { SourceRefusals } from '../refusals.js';
import { type IngestSource, SourceName, Sources } from '../sources.js';
import { StreamedItems } from '../streamed-items.js';
import { sourceTokenOf } from './credentials.js';

const AuditAnswer = z.object({
  received: z.number().int(),
  appended: z.number().int(),
  duplicate: z.number().int(),
  conflict: z.number().int(),
  rejected: z.number().int(),
});
type AuditAnswer = z.infer<typeof AuditAnswer>;

/** Events that are appended together: a request of any size takes no more memory than a few of these. */
const bytesPerAppend = 2 * 1024 * 1024;

/**
 * The audit webhook of kube-apiserver (kubernetes.io/docs/tasks/debug/debug-cluster/audit/#webhook-backend): an EventList of
 * hundreds of events, each with whole objects in it, taken piece by piece while it arrives. kube-apiserver sends a batch again after
 * any other answer than success; what was appended before is known by its audit id.
 */
@ApiTags('ingestion')
@Controller('k8s/audit')
export class KubernetesAuditController {
  constructor(
    @Inject(Ingest) private readonly ingest: Ingest,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(SourceRefusals) private readonly refusals: SourceRefusals,
    @Inject(RequestBodies) private readonly bodies: RequestBodies,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post(':source')
  @HttpCode(200)
  @Open()
  @ApiOkResponse({ standardSchema: AuditAnswer })
  @ApiOperation({ summary: 'kube-apiserver: audit webhook' })
  @ApiBody({ schema: { type: 'object', description: 'EventList of audit.k8s.io' } })
  async take(
    @Param('source', { schema: SourceName }) name: string,
    @Req() request: IncomingMessage,
  ): Promise<AuditAnswer> {
    const source = await this.sources.authenticate(name, sourceTokenOf(request));
    return await this.refusals.watch(name, async () => await this.stream(source, request));
  }

  private async stream(source: IngestSource, request: IncomingMessage): Promise<AuditAnswer> {
    const { budget, limits } = this.bodies;
    const items = new StreamedItems();
    const counts = { received: 0, appended: 0, duplicate: 0, conflict: 0, rejected: 0 };
    let ready: ReceivedRecord[] = [];
    let readyBytes = 0;
    const add = (answer: IngestAnswer): void => {
      for (const outcome of ['received', 'appended', 'duplicate', 'conflict', 'rejected'] as const) {
        counts[outcome] += answer[outcome];
      }
    };
    const append = async (): Promise<void> => {
      if (ready.length === 0) return;
      const records = ready;
      ready = [];
      readyBytes = 0;
      add(await this.ingest.take(source, { records }, 'index'));
    };
    let held = 0;
    const account = (): void => {
      const now = items.waiting + readyBytes;
      if (now > held) budget.take(now - held);
      else budget.give(held - now);
      held = now;
    };
    try {
      const streamed = { encoded: this.config.INGEST_MAX_STREAM_BYTES, decoded: this.config.INGEST_MAX_STREAM_BYTES };
      await eachPiece(request, streamed, async (piece) => {
        for (const { raw, problem } of items.push(piece)) {
          ready.push({ raw, context: {}, ...(problem === undefined ? {} : { problem }) });
          readyBytes += raw.length;
        }
        if (items.waiting > limits.decoded) {
          throw new Problem('too_large', `A single event of at most ${limits.decoded} bytes is taken.`);
        }
        account();
        if (readyBytes >= bytesPerAppend) await append();
      });
      const { whole, cut } = items.end();
      if (cut !== null) ready.push({ context: {}, ...cut });
      await append();
      if (whole !== null) add(await this.ingest.take(source, { body: whole, split: 'auto' }, 'index'));
      return counts;
    } finally {
      budget.give(held);
    }
  }
}
