import { Controller, Get, Inject, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { Open } from '../../access/guard.js';
import { CONFIG, type Config } from '../../config.js';
import { Database } from '../../database/database.js';
import { RequestBodies } from '../body.js';
import { hecContext, hecRecords } from '../hec-records.js';
import { Ingest } from '../ingest.js';
import { SourceRefusals } from '../refusals.js';
import { type IngestSource, Sources } from '../sources.js';
import { credentialsOf } from './credentials.js';
import { HecAcks } from './hec-acks.js';
import { hecAnswer, type HecCode } from './hec-answers.js';

const text = z.string().optional().catch(undefined);
/** What may stand in the query; of a parameter that is there twice nothing is taken. */
const HecQuery = z.object({
  channel: text,
  token: text,
  time: text,
  host: text,
  source: text,
  sourcetype: text,
  index: text,
});
type HecQuery = z.infer<typeof HecQuery>;

const AckRequest = z.object({ acks: z.array(z.number().int().min(0)).max(100_000) });
const guid = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/iu;

/**
 * The Splunk HTTP Event Collector: what speaks to Splunk speaks to Segproof with another address and token. What a body calls
 * itself is not looked at, since clients send any Content-Type or none.
 */
@ApiTags('ingestion')
@Controller('services/collector')
export class HecController {
  constructor(
    @Inject(Ingest) private readonly ingest: Ingest,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(RequestBodies) private readonly bodies: RequestBodies,
    @Inject(SourceRefusals) private readonly refusals: SourceRefusals,
    @Inject(HecAcks) private readonly acks: HecAcks,
    @Inject(Database) private readonly database: Database,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post(['', 'event', 'event/1.0'])
  @Open()
  @ApiOperation({ summary: 'Splunk HEC: events in envelopes' })
  @ApiBody({ schema: { type: 'string', description: 'envelopes one after another, or an array' } })
  async events(@Query({ schema: HecQuery }) query: HecQuery, @Req() request: IncomingMessage): Promise<Response> {
    return await this.take(request, query, async (source, body, answer) => {
      const { records, events, refused } = hecRecords(body);
      if (records.length === 0) return hecAnswer(5);
      await this.ingest.take(source, { records }, 'index');
      // Envelopes that hold no event are kept as well. Where there is no event at all, their sender has to hear of it.
      if (events === 0 && refused !== null && records.every(({ problem }) => problem?.reason !== 'invalid_json')) {
        return hecAnswer(refused.code, { 'invalid-event-number': refused.number });
      }
      return answer();
    });
  }

  @Post(['raw', 'raw/1.0'])
  @Open()
  @ApiOperation({ summary: 'Splunk HEC: lines of text' })
  @ApiBody({ schema: { type: 'string', description: 'lines' } })
  async raw(@Query({ schema: HecQuery }) query: HecQuery, @Req() request: IncomingMessage): Promise<Response> {
    return await this.take(request, query, async (source, body, answer) => {
      const taken = await this.ingest.take(source, { body, split: 'lines', context: hecContext(query) }, 'index');
      return taken.received === 0 ? hecAnswer(5) : answer();
    });
  }

  @Post(['ack', 'ack/1.0'])
  @Open()
  @ApiOperation({ summary: 'Splunk HEC: which requests are committed' })
  @ApiBody({ schema: { type: 'object', description: '{"acks":[0,1]}' } })
  async ack(@Query({ schema: HecQuery }) query: HecQuery, @Req() request: IncomingMessage): Promise<Response> {
    const source = await this.authenticate(request, query);
    if (typeof source === 'number') return hecAnswer(source);
    if (!this.config.HEC_ACKS) return hecAnswer(14);
    const channel = channelOf(request, query);
    if (channel === null) return hecAnswer(10);
    if (!guid.test(channel)) return hecAnswer(11);
    return await this.bodies.with(request, async (body) => {
      const asked = AckRequest.safeParse(parsed(body));
      if (!asked.success) return hecAnswer(body.length === 0 ? 5 : 6);
      return Response.json({ acks: this.acks.query(source.name, channel, asked.data.acks) });
    });
  }

  @Get(['health', 'health/1.0'])
  @Open()
  @ApiOperation({ summary: 'Splunk HEC: can events be taken' })
  async health(): Promise<Response> {
    const busy = this.bodies.budget.isFull() || !(await this.databaseAnswers());
    const noAcks = this.config.HEC_ACKS && this.acks.isFull();
    return hecAnswer(busy ? (noAcks ? 20 : 18) : noAcks ? 19 : 17);
  }

  /** Checks credentials and channel, reads the body, and answers; `use` is given the answer of success. */
  private async take(
    request: IncomingMessage,
    query: HecQuery,
    use: (source: IngestSource, body: Buffer, answer: () => Response) => Promise<Response>,
  ): Promise<Response> {
    const source = await this.authenticate(request, query);
    if (typeof source === 'number') return hecAnswer(source);
    const channel = this.config.HEC_ACKS ? channelOf(request, query) : null;
    if (channel !== null) {
      if (!guid.test(channel)) {
        this.refusals.count(source.name, 'invalid_input', 1);
        return hecAnswer(11);
      }
      await this.refusals.watch(source.name, async () => {
        await Promise.resolve(this.acks.assertRoom(source.name, channel));
      });
    }
    return await this.bodies.of(source.name, request, async (body) =>
      body.length === 0
        ? hecAnswer(5)
        : await use(source, body, () =>
            hecAnswer(0, channel === null ? {} : { ackId: this.acks.issue(source.name, channel) }),
          ),
    );
  }

  /** The source of the token, or Splunk's code for why there is none. */
  private async authenticate(request: IncomingMessage, query: HecQuery): Promise<IngestSource | HecCode> {
    const sent = credentialsOf(request);
    if (sent === 'malformed') return 3;
    if (sent === null && query.token !== undefined && !this.config.INGEST_QUERY_TOKENS) return 16;
    const token = sent?.token ?? query.token;
    if (token === undefined || token === '') return 2;
    const found = await this.sources.findToken(token);
    if (found === null) return 4;
    return found.revoked ? 1 : found.source;
  }

  private async databaseAnswers(): Promise<boolean> {
    try {
      await this.database.query('SELECT 1');
      return true;
    } catch {
      return false;
    }
  }
}

function channelOf(request: IncomingMessage, query: HecQuery): string | null {
  const header = request.headers['x-splunk-request-channel'];
  return (typeof header === 'string' ? header : undefined) ?? query.channel ?? null;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
