import { All, Controller, Get, Inject, Param, Post, Put, Req } from '@nestjs/common';
import { ApiBody, ApiExcludeEndpoint, ApiOperation, ApiTags } from '@nestjs/swagger';
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Open } from '../../access/guard.js';
import { Clock } from '../../context.js';
import { Problem } from '../../errors.js';
import { Log } from '../../log/log.js';
import { RequestBodies } from '../body.js';
import { bulkItems } from '../elastic-bulk.js';
import { Ingest } from '../ingest.js';
import { SourceRefusals } from '../refusals.js';
import { type IngestSource, Sources } from '../sources.js';
import { sourceTokenOf } from './credentials.js';
import { bulkResult, clusterInfo, elasticAnswer, elasticError } from './elastic-answers.js';

/** Where requests to `/` go that come from clients of Elasticsearch and not from a browser. */
export const elasticRoot = '/_segproof_elastic_root';

/** Things that shippers ask for, or set up, before they send: index templates, life cycles, pipelines, data streams. */
const managed = [
  '_template{/*rest}',
  '_index_template{/*rest}',
  '_component_template{/*rest}',
  '_ilm{/*rest}',
  '_data_stream{/*rest}',
  '_ingest{/*rest}',
  '_alias{/*rest}',
];

/**
 * As much of Elasticsearch as shippers need that write to it: Beats, Logstash, Fluent Bit, rsyslog, its own clients. The token
 * of a source, as API key, password or bearer, names the source.
 */
@ApiTags('ingestion')
@Controller()
export class ElasticController {
  constructor(
    @Inject(Ingest) private readonly ingest: Ingest,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(RequestBodies) private readonly bodies: RequestBodies,
    @Inject(Log) private readonly log: Log,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(SourceRefusals) private readonly refusals: SourceRefusals,
  ) {}

  @Post('_bulk')
  @Open()
  @ApiOperation({ summary: 'Elasticsearch: bulk' })
  @ApiBody({ schema: { type: 'string', description: 'actions and documents, one a line' } })
  async bulk(@Req() request: IncomingMessage): Promise<Response> {
    return await this.take(request, null);
  }

  @Put('_bulk')
  @Open()
  @ApiExcludeEndpoint()
  async putBulk(@Req() request: IncomingMessage): Promise<Response> {
    return await this.take(request, null);
  }

  @Post(':index/_bulk')
  @Open()
  @ApiOperation({ summary: 'Elasticsearch: bulk into an index' })
  @ApiBody({ schema: { type: 'string', description: 'actions and documents, one a line' } })
  async bulkInto(@Param('index') index: string, @Req() request: IncomingMessage): Promise<Response> {
    return await this.take(request, index);
  }

  @Put(':index/_bulk')
  @Open()
  @ApiExcludeEndpoint()
  async putBulkInto(@Param('index') index: string, @Req() request: IncomingMessage): Promise<Response> {
    return await this.take(request, index);
  }

  @Get(elasticRoot)
  @Open()
  @ApiExcludeEndpoint()
  async root(@Req() request: IncomingMessage): Promise<Response> {
    await this.authenticate(request);
    return elasticAnswer(request, clusterInfo(this.uuid()));
  }

  @Get('_license')
  @Open()
  @ApiExcludeEndpoint()
  async license(@Req() request: IncomingMessage): Promise<Response> {
    await this.authenticate(request);
    const license = {
      status: 'active',
      uid: this.uuid(),
      type: 'basic',
      mode: 'basic',
      issued_to: 'segproof',
      issuer: 'elasticsearch',
    };
    return elasticAnswer(request, { license });
  }

  @Get('_xpack')
  @Open()
  @ApiExcludeEndpoint()
  async features(@Req() request: IncomingMessage): Promise<Response> {
    await this.authenticate(request);
    const ilm = { available: true, enabled: true };
    return elasticAnswer(request, {
      license: { uid: this.uuid(), type: 'basic', mode: 'basic', status: 'active' },
      features: { ilm },
    });
  }

  @Get('_cluster/health')
  @Open()
  @ApiExcludeEndpoint()
  async health(@Req() request: IncomingMessage): Promise<Response> {
    await this.authenticate(request);
    return elasticAnswer(request, {
      cluster_name: 'segproof',
      status: 'green',
      timed_out: false,
      number_of_nodes: 1,
      number_of_data_nodes: 1,
      active_primary_shards: 1,
      active_shards: 1,
      unassigned_shards: 0,
    });
  }

  @Get('_nodes{/*rest}')
  @Open()
  @ApiExcludeEndpoint()
  async nodes(@Req() request: IncomingMessage): Promise<Response> {
    await this.authenticate(request);
    return elasticAnswer(request, { cluster_name: 'segproof', nodes: {} });
  }

  /** Nothing is set up by shippers here: what they ask for is not there, and what they set is agreed to. */
  @All(managed)
  @Open()
  @ApiExcludeEndpoint()
  async manage(@Req() request: IncomingMessage): Promise<Response> {
    await this.authenticate(request);
    if (request.method === 'GET' || request.method === 'HEAD') {
      return elasticAnswer(
        request,
        elasticError('resource_not_found_exception', 'nothing of this name is set up', 404),
        404,
      );
    }
    return await this.bodies.with(
      request,
      async () => await Promise.resolve(elasticAnswer(request, { acknowledged: true })),
    );
  }

  private async take(request: IncomingMessage, index: string | null): Promise<Response> {
    const source = await this.authenticate(request);
    const started = this.clock.now().getTime();
    return await this.bodies.of(source.name, request, async (body) => {
      const items = bulkItems(body, index);
      if (items.length === 0) throw new Problem('invalid_input', 'request body is required');
      const records = items.flatMap(({ record }) => record ?? []);
      const { receipts } = await this.ingest.take(source, { records }, 'index');
      this.refusals.count(source.name, 'not_carried_out', items.length - records.length);
      let next = 0;
      let errors = false;
      const results = items.map((item) => {
        const { failed, result } = bulkResult(item, item.record === null ? null : (receipts[next++] ?? null));
        errors ||= failed;
        return result;
      });
      return elasticAnswer(request, { took: this.clock.now().getTime() - started, errors, items: results });
    });
  }

  private async authenticate(request: IncomingMessage): Promise<IngestSource> {
    return await this.sources.authenticateToken(sourceTokenOf(request));
  }

  /** Looks like the id of a cluster, and stays the same for a log. */
  private uuid(): string {
    return hash('sha256', this.log.origin, 'buffer').subarray(0, 16).toString('base64url');
  }
}

/**
 * Does this request to `/` come from a client of Elasticsearch? One that says so in `Accept` or `User-Agent`, or one with
 * credentials that no browser of ours sends; a bearer token alone may be a person's session.
 */
export function isElasticClient(request: IncomingMessage): boolean {
  const { accept = '', authorization = '', cookie, 'user-agent': agent = '' } = request.headers;
  if (/application\/vnd\.elasticsearch/iu.test(accept)) return true;
  if (
    /^(?:elasticsearch-|elastic-|filebeat|metricbeat|auditbeat|packetbeat|winlogbeat|heartbeat|libbeat|beats|logstash)/iu.test(
      agent,
    )
  )
    return true;
  if (cookie !== undefined || accept.includes('text/html')) return false;
  return /^(?:apikey|basic) /iu.test(authorization) || /^bearer +sgt_/iu.test(authorization);
}
