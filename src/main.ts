import 'reflect-metadata';
import { StandardSchemaSerializerInterceptor, StandardSchemaValidationPipe } from '@nestjs/common';
import { NestFactory, Reflector } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { json } from 'express';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppModule } from './app.module.js';
import { systemActor } from './context.js';
import { Problem } from './errors.js';
import { Reports } from './evidence/reports.js';
import { makePartitions, type Ground } from './ground.js';
import { FigureHistory } from './figures/history.js';
import { FindingsLook } from './findings/look.js';
import { NotYetError, type JobHandlers } from './jobs/jobs.js';
import { actEntry } from './log/act.js';
import { Anchors } from './log/anchors.js';
import { Checkpoints } from './log/checkpoints.js';
import { Verification } from './log/verification.js';
import { Witnessing } from './log/witness/witnessing.js';
import { SourceBalances } from './ingestion/source-balances.js';
import { MissingRecordsRegister } from './inventory/missing-records.js';
import { elasticRoot, isElasticClient } from './ingestion/protocols/elastic.controller.js';
import { isSenderPath } from './ingestion/protocols/problem-forms.js';
import { nestLogger } from './logger.js';
import { describeApi } from './openapi.js';
import { ProblemPages } from './portal/problem-pages.js';
import { contentSecurityPolicy } from './portal/render.js';
import { ProblemFilter } from './problem.filter.js';
import { requestLog } from './request-log.js';
import { Retention } from './retention/retention.js';
import { Simulations } from './simulations/simulations.js';

/** A running service. */
export interface Service {
  /** Where it answers; null for a worker. */
  readonly url: string | null;
  readonly app: NestExpressApplication;
  /** Stops taking requests and answers those taken. Followers and jobs end with the ground. */
  stop(): Promise<void>;
}

/** Starts the service in its role on an opened ground. */
export async function startService(ground: Ground): Promise<Service> {
  const { config, logger } = ground;
  const app = await NestFactory.create<NestExpressApplication>(AppModule.on(ground), {
    logger: nestLogger(logger),
    // Bodies are read per route: ingest reads its own, raw and streamed.
    bodyParser: false,
    routeConflictPolicy: { duplicate: 'error', shadow: 'error' },
    routeResolutionStrategy: 'specificity',
  });
  let stopping = false;
  prepareHttp(app, ground, () => stopping);
  let url: string | null = null;
  if (config.ROLE !== 'worker') {
    await app.listen(config.PORT, config.HOST);
    const server = app.getHttpServer();
    // Longer than clients and load balancers keep idle connections, so that none is reset while they use it again.
    server.keepAliveTimeout = 65_000;
    const { port } = server.address() as AddressInfo; // a listening TCP server has one
    url = config.PUBLIC_URL ?? `http://${config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST}:${port}`;
  } else {
    await app.init();
  }
  if (config.ROLE !== 'api') await startWork(app, ground);
  await ground.log.transact(async ({ append }) => {
    await append(actEntry('log.started', systemActor, { role: config.ROLE, version: config.VERSION }));
  });
  return {
    url,
    app,
    stop: async () => {
      stopping = true;
      ground.jobs.leave();
      await app.close();
    },
  };
}

function prepareHttp(app: NestExpressApplication, ground: Ground, isStopping: () => boolean): void {
  const { config, logger, metrics } = ground;
  app.disable('x-powered-by');
  app.use(requestLog(logger, metrics));
  app.useSecurityHeaders({
    contentSecurityPolicy: false,
    strictTransportSecurity: config.SECURE_COOKIES,
  });
  app.use((_request: unknown, response: ServerResponse, next: () => void) => {
    if (isStopping()) {
      // In the words of the protocol, as any other problem: splunk-logging takes what it cannot read for success.
      response.setHeader('Connection', 'close');
      throw new Problem('unavailable', 'The service is stopping. Send again shortly.', { retryAfter: 2 });
    }
    response.setHeader('Content-Security-Policy', contentSecurityPolicy);
    next();
  });
  // Senders of records are no browsers and may carry any Origin; they authenticate by token or signature only.
  app.enableCsrfProtection({
    exclude: (request: { url?: string }) => isSenderPath((request.url ?? '').split('?')[0] ?? ''),
  });
  // Clients of Elasticsearch ask `/` who is there; browsers get the portal.
  app.use((request: IncomingMessage, _response: ServerResponse, next: () => void) => {
    if (/^\/(?:\?|$)/u.test(request.url ?? '') && isElasticClient(request)) request.url = elasticRoot;
    next();
  });
  app.use('/api', json({ limit: '2mb', strict: false }));
  app.useGlobalPipes(
    new StandardSchemaValidationPipe({
      exceptionFactory: (issues) =>
        new Problem(
          'invalid_input',
          issues
            .map((issue) => `${pointerOf(issue.path)}: ${issue.message}`)
            .join('; ')
            .slice(0, 2000),
          {
            errors: issues.slice(0, 50).map((issue) => ({ pointer: pointerOf(issue.path), message: issue.message })),
          },
        ),
    }),
  );
  app.useGlobalInterceptors(new StandardSchemaSerializerInterceptor(app.get(Reflector)));
  app.useGlobalFilters(new ProblemFilter(logger, async (...problem) => await app.get(ProblemPages).render(...problem)));
  describeApi(app, config.VERSION);
}

type IssuePath = readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;

/** JSON pointer (RFC 6901) of a schema issue. */
function pointerOf(path: IssuePath): string {
  const parts = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  return parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('') || '/';
}

async function startWork(app: NestExpressApplication, ground: Ground): Promise<void> {
  const { config, jobs, database, clock } = ground;
  const reports = app.get(Reports);
  const simulations = app.get(Simulations);
  const handlers: JobHandlers = {
    'report.build': async ({ reportId }) => await reports.build(reportId),
    'simulation.run': async ({ simulationId }) => await simulations.run(simulationId),
    'log.keep-checkpoint': async () => {
      await app.get(Checkpoints).keep();
      app.get(Witnessing).wake();
      app.get(Anchors).wake();
    },
    'log.verify': async () => {
      await app.get(Verification).run();
    },
    'log.verify-new': async () => {
      await app.get(Verification).runIncremental();
    },
    'log.make-partitions': async () => {
      await makePartitions(database, clock);
    },
    'retention.apply': async () => {
      const { removed, held } = await app.get(Retention).apply();
      if (removed.length + held.length > 0) ground.logger.info({ removed, held }, 'retention rules were applied');
      await jobs.add('retention.rewrite', {});
    },
    'retention.rewrite': async () => {
      const { rewritten, waiting } = await app.get(Retention).rewriteFiles();
      if (rewritten.length + waiting.length > 0) ground.logger.info({ rewritten, waiting }, 'tables were written anew');
      if (waiting.length > 0) throw new NotYetError(`${waiting.join(', ')}: in use by others`);
    },
    'findings.look': async () => {
      await app.get(SourceBalances).record();
      await app.get(MissingRecordsRegister).record();
      const { opened, closed } = await app.get(FindingsLook).run();
      if (opened + closed > 0) ground.logger.info({ opened, closed }, 'findings changed');
    },
    'figures.keep': async () => {
      const days = await app.get(FigureHistory).bringUpToDate();
      if (days > 0) ground.logger.info({ days }, 'figures were computed');
    },
  };
  ground.followers.start();
  jobs.work(handlers);
  await jobs.every(config.CHECKPOINT_SECONDS, 'log.keep-checkpoint');
  await jobs.every(config.FSCK_MINUTES * 60, 'log.verify');
  await jobs.every(config.FSCK_NEW_SECONDS, 'log.verify-new');
  // Months ahead, so that a read of the whole log may be in its way for long.
  await jobs.every(600, 'log.make-partitions');
  await jobs.every(86_400, 'retention.apply');
  await jobs.every(60, 'retention.rewrite');
  await jobs.every(config.FINDINGS_SECONDS, 'findings.look');
  await jobs.every(3600, 'figures.keep');
  await reports.resumeBuilding();
  await simulations.resumeRunning();
}
