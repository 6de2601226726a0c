import { Controller, Get, Header, Inject, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Open, sessionTokenOf } from './access/guard.js';
import { assertPermitted } from './access/permissions.js';
import { Sessions } from './access/sessions.js';
import { bearerToken, tokenHash } from './access/tokens.js';
import { CONFIG, type Config } from './config.js';
import { Clock } from './context.js';
import { Database } from './database/database.js';
import { Problem } from './errors.js';
import { SourceHealths } from './ingestion/source-health.js';
import { Log } from './log/log.js';
import { Verification } from './log/verification.js';
import { Metrics } from './metrics.js';

@ApiTags('health')
@Controller()
export class HealthController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(Verification) private readonly verification: Verification,
    @Inject(Sessions) private readonly sessions: Sessions,
    @Inject(SourceHealths) private readonly healths: SourceHealths,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get('healthz')
  @Open()
  @ApiOperation({ summary: 'The process lives' })
  health(): { status: 'ok'; version: string } {
    return { status: 'ok', version: this.config.VERSION };
  }

  @Get('readyz')
  @Open()
  @ApiOperation({ summary: 'The service can take records: its database answers' })
  async ready(): Promise<{ status: 'ok' }> {
    try {
      await this.database.query('SELECT 1');
    } catch (cause) {
      throw new Problem('unavailable', 'The database does not answer.', { cause, retryAfter: 2 });
    }
    return { status: 'ok' };
  }

  @Get('metrics')
  @Open()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({ summary: 'Figures for Prometheus' })
  async figures(@Req() request: IncomingMessage): Promise<string> {
    await this.assertMayRead(request);
    const head = await this.log.head();
    this.metrics.logSize.set(head.size);
    const last = await this.verification.last();
    if (last !== null) {
      // From the database: another process may have verified it.
      this.metrics.verificationTime.set({ kind: last.kind }, last.finishedAt.getTime() / 1000);
      if (last.fullAt !== null) {
        const now = this.clock.now().getTime();
        this.metrics.verificationAge.set(Math.max(0, (now - last.fullAt.getTime()) / 1000));
        this.metrics.verificationTime.set({ kind: 'full' }, last.fullAt.getTime() / 1000);
      }
      this.metrics.verificationProblems.set(last.problems.length);
    }
    await this.showSources();
    return await this.metrics.registry.metrics();
  }

  private async showSources(): Promise<void> {
    for (const { name, lastReceivedAt, lag, clockAheadSeconds } of await this.healths.figures()) {
      const labels = { source: name };
      if (lastReceivedAt !== null) this.metrics.sourceLastReceived.set(labels, Date.parse(lastReceivedAt) / 1000);
      if (lag === null) continue;
      this.metrics.sourceLag.set({ ...labels, quantile: '0.5' }, lag.p50);
      this.metrics.sourceLag.set({ ...labels, quantile: '0.95' }, lag.p95);
      this.metrics.sourceLag.set({ ...labels, quantile: '1' }, lag.max);
      this.metrics.sourceClockAhead.set(labels, clockAheadSeconds);
    }
  }

  /** The scraper's token, or a signed-in user who may read the log. */
  private async assertMayRead(request: IncomingMessage): Promise<void> {
    const bearer = bearerToken(request.headers.authorization);
    const { METRICS_TOKEN } = this.config;
    if (bearer !== null && METRICS_TOKEN !== undefined && timingSafeEqual(tokenHash(bearer), tokenHash(METRICS_TOKEN)))
      return;
    const session = sessionTokenOf(request);
    const actor = session === null ? null : await this.sessions.actorOf(session);
    if (actor === null)
      throw new Problem('not_signed_in', 'Send METRICS_TOKEN as "Authorization: Bearer", or sign in.');
    assertPermitted(actor, 'log.read');
  }
}
