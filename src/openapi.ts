import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';

/** By the HTTP adapter: unlike the application, controllers are given it. */
const documents = new WeakMap<object, OpenAPIObject>();

/** Makes the OpenAPI document from the routes and the zod schemas they carry. */
export function describeApi(app: INestApplication, version: string): void {
  const info = new DocumentBuilder()
    .setTitle('Segproof')
    .setDescription('Audit and compliance service for micro-segmentation. Errors are problem+json (RFC 9457).')
    .setVersion(version)
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'Session token, or for /ingest the token of the source',
    })
    .addSecurityRequirements('bearer')
    .setOpenAPIVersion('3.1.0')
    .build();
  documents.set(
    app.getHttpAdapter(),
    SwaggerModule.createDocument(app, info, {
      standardSchemaConverter: (schema, { schemaType }) =>
        schema instanceof z.ZodType
          ? { schema: z.toJSONSchema(schema, { io: schemaType, target: 'draft-2020-12', unrepresentable: 'any' }) }
          : undefined,
    }),
  );
}

/** The document of the running application that has this HTTP adapter. */
export function apiDocument(httpAdapter: object): OpenAPIObject {
  const document = documents.get(httpAdapter);
  if (document === undefined) throw new Error('the API is described when the service starts');
  return document;
}
