import { Controller, Get, Inject } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiExcludeController } from '@nestjs/swagger';
import { SignedIn } from '../access/guard.js';
import { apiDocument } from '../openapi.js';
import { pageAnswer } from './answers.js';
import type { OpenApiDocument } from './openapi.js';
import { ApiReferencePage } from './pages/api-reference.js';
import { CurrentShell } from './shell.js';
import type { Shell } from './views.js';

/** What the API takes and answers, for people and as the document itself. */
@ApiExcludeController()
@Controller()
export class ApiReferenceController {
  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  @Get('docs')
  @SignedIn()
  page(@CurrentShell() shell: Shell): Response {
    return pageAnswer(ApiReferencePage({ shell, document: this.document() }));
  }

  @Get('openapi.json')
  @SignedIn()
  json(): Response {
    return new Response(JSON.stringify(this.document()), {
      headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
    });
  }

  private document(): OpenApiDocument {
    return apiDocument(this.host.httpAdapter);
  }
}
