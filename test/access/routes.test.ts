import 'reflect-metadata';
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { Controller, Get, Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD, ModulesContainer, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { z } from 'zod';
import { AccessGuard } from '../../src/access/guard.js';
import { permissions } from '../../src/access/permissions.js';
import { Sessions } from '../../src/access/sessions.js';
import { roles } from '../../src/context.js';
import { Log } from '../../src/log/log.js';
import { makeLogger } from '../../src/logger.js';
import { ProblemFilter } from '../../src/problem.filter.js';
import { requestIdOf } from '../../src/request-log.js';
import { Api } from '../journeys/api.js';
import { entriesOf } from '../portal/browser.js';
import { startTestService, type TestService } from '../support/service.js';

/** What of an OpenAPI document is read here. */
const Operation = z.looseObject({
  summary: z.string().min(1),
  tags: z.array(z.string()).min(1),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.enum(['path', 'query', 'header']) })).default([]),
  requestBody: z
    .looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.looseObject({}) })) })
    .optional(),
  responses: z.record(z.string(), z.looseObject({})),
});
const Document = z.looseObject({
  openapi: z.literal('3.1.0'),
  info: z.looseObject({ title: z.literal('Segproof'), version: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
});
type Document = z.infer<typeof Document>;

/** What everybody may ask, and what it answers to who asks with nothing. */
const openRoutes: Readonly<Record<string, number>> = {
  'GET /healthz': 200,
  'GET /readyz': 200,
  'POST /api/v1/sessions': 400,
  'GET /services/collector/health': 200,
  'GET /services/collector/health/1.0': 200,
};

let service: TestService;
let document: Document;
let documentText: string;

before(async () => {
  service = await startTestService();
  const auditor = new Api(service.url, (await service.signedIn('auditor')).token);
  const answer = await auditor.send('GET', '/openapi.json');
  documentText = answer.text;
  document = Document.parse(JSON.parse(documentText));
});

after(() => service.stop());

function operations(): {
  readonly route: string;
  readonly path: string;
  readonly method: string;
  readonly operation: z.infer<typeof Operation>;
}[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([name, operation]) => {
      const method = name.toUpperCase();
      return { route: `${method} ${path}`, path, method, operation };
    }),
  );
}

/** Every handler of every controller of the running application, with what its decorators say. */
function handlers(): {
  readonly name: string;
  readonly permission: unknown;
  readonly excluded: boolean;
  readonly paths: number;
}[] {
  const controllers = [...service.app.get(ModulesContainer).values()].flatMap((module) => [
    ...module.controllers.values(),
  ]);
  return controllers.flatMap(({ metatype }) => {
    if (typeof metatype !== 'function') return [];
    const prototype = metatype.prototype as Record<string, unknown>; // a class's prototype holds its methods
    const read = (key: string, handler: object): unknown =>
      Reflect.getMetadata(key, handler) ?? Reflect.getMetadata(key, metatype);
    return Object.getOwnPropertyNames(prototype).flatMap((name) => {
      const handler = prototype[name];
      if (name === 'constructor' || typeof handler !== 'function' || Reflect.getMetadata('path', handler) === undefined)
        return [];
      return [
        {
          name: `${metatype.name}.${name}`,
          permission: read('segproof:permission', handler),
          excluded:
            Reflect.getMetadata('swagger/apiExcludeController', metatype) !== undefined ||
            Reflect.getMetadata('swagger/apiExcludeEndpoint', handler) !== undefined,
          paths: [Reflect.getMetadata('path', handler)].flat().length,
        },
      ];
    });
  });
}

describe('routes', () => {
  test('of the API refuse whoever is not signed in, but for those that are open', async () => {
    const nobody = new Api(service.url);
    const asked: Record<string, number> = {};
    for (const { route, path, method } of operations()) {
      const body = method === 'GET' || method === 'DELETE' ? undefined : {};
      const answer = await nobody.send(method, path.replaceAll(/\{\w+\}/gu, '1'), body);
      if (answer.status !== 401) asked[route] = answer.status;
      else assert.match(answer.headers.get('www-authenticate') ?? '', /^(?:Bearer|Splunk|Basic)/u, route);
    }
    assert.deepEqual(asked, openRoutes);
    assert.ok(operations().length > 25, `${operations().length} routes`);
  });

  test('each say who may use them, in words of the one table of permissions', () => {
    const all = handlers();
    assert.ok(all.length > 40, `${all.length} handlers`);
    const known: readonly unknown[] = ['open', 'signed-in', ...Object.keys(permissions)];
    assert.deepEqual(
      all.filter(({ permission }) => !known.includes(permission)).map(({ name }) => name),
      [],
      'a route without @Needs, @SignedIn or @Open is refused to everybody',
    );
    for (const [permission, allowed] of Object.entries(permissions)) {
      assert.ok(allowed.length > 0 && allowed.every((role) => roles.includes(role)), permission);
    }
  });

  test('are all in the description of the API, but for the pages and what only imitates another product', () => {
    const described = handlers().filter(({ excluded }) => !excluded);
    assert.equal(
      operations().length,
      described.reduce((sum, { paths }) => sum + paths, 0),
    );
  });

  test('that say nothing are refused to everybody, and the attempt is an entry', async (t) => {
    const app = await undeclaredRoutes();
    t.after(() => app.close());
    const { port } = app.getHttpServer().address() as { port: number }; // a listening TCP server has one
    const url = `http://127.0.0.1:${port}`;
    await new Api(url).refused([401, 'not_signed_in'], 'GET', '/undeclared');
    const earlier = await entriesOf(service, 'access.refused');
    for (const role of roles) {
      const { token } = await service.signedIn(role);
      await new Api(url, token).refused([403, 'not_permitted'], 'GET', '/undeclared');
    }
    assert.equal(await entriesOf(service, 'access.refused'), earlier + roles.length);
  });
});

@Controller('undeclared')
class UndeclaredController {
  @Get()
  get(): string {
    return 'nobody should read this';
  }
}

@Module({})
class UndeclaredModule {
  static on(sessions: Sessions, log: Log): DynamicModule {
    return {
      module: UndeclaredModule,
      controllers: [UndeclaredController],
      providers: [
        { provide: Sessions, useValue: sessions },
        { provide: Log, useValue: log },
        { provide: APP_GUARD, useClass: AccessGuard },
      ],
    };
  }
}

/** An application with the guard of the service and a controller that forgot to say who may use it. */
async function undeclaredRoutes(): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(
    UndeclaredModule.on(service.app.get(Sessions), service.app.get(Log)),
    { logger: false },
  );
  const logger = makeLogger({ LOG_LEVEL: 'silent' });
  app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
    response.setHeader('X-Request-Id', requestIdOf(request));
    next();
  });
  app.useGlobalFilters(new ProblemFilter(logger, () => Promise.reject(new Error('there are no pages'))));
  await app.listen(0, '127.0.0.1');
  return app;
}

describe('the description of the API', () => {
  test('defines everything it refers to', () => {
    const references = [...documentText.matchAll(/"\$ref":"#[^"]*\/(\w+)"/gu)].map(([, name = '']) => name);
    for (const name of references) assert.ok(documentText.includes(`"${name}":{`), name);
  });

  test('names every parameter of a path, and no other', () => {
    for (const { route, path, operation } of operations()) {
      const inPath = [...path.matchAll(/\{(\w+)\}/gu)].map(([, name = '']) => name);
      const described = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      assert.deepEqual(described.toSorted(), inPath.toSorted(), route);
    }
  });

  test('has a schema for every body that is taken or answered as JSON', () => {
    const bodiless = new Set(['POST /api/v1/sources/{name}/tokens', 'POST /api/v1/figures/history']);
    for (const { route, method, operation } of operations()) {
      if ((method === 'POST' || method === 'PUT') && !bodiless.has(route)) {
        const [content] = Object.values(operation.requestBody?.content ?? {});
        assert.ok(content !== undefined && Object.keys(content.schema).length > 0, `${route} takes something`);
      }
      assert.ok(
        Object.keys(operation.responses).some((status) => status.startsWith('2')),
        `${route} answers something`,
      );
    }
    for (const part of ['receipts', 'duplicate', 'checkpoint']) {
      assert.ok(documentText.includes(`"${part}"`), `the answer to a sender is described: ${part}`);
    }
  });
});
