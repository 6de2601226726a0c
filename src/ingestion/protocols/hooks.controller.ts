import { Controller, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { Open } from '../../access/guard.js';
import { CONFIG, type Config } from '../../config.js';
import { Clock } from '../../context.js';
import { Problem } from '../../errors.js';
import { Metrics } from '../../metrics.js';
import { RequestBodies } from '../body.js';
import { isObject, type JsonObject, type JsonValue, objectOf, textOf } from '../formats/json-value.js';
import { Ingest } from '../ingest.js';
import type { RecordContext } from '../normal-form.js';
import { SourceRefusals } from '../refusals.js';
import { SourceSecrets } from '../source-secrets.js';
import { type IngestSource, SourceName, Sources } from '../sources.js';
import { isSigned, type SignatureScheme, verifyWebhook } from '../webhook-signatures.js';
import { sourceTokenOf } from './credentials.js';

const HookQuery = z.object({ token: z.string().optional().catch(undefined) });

/** Headers worth keeping beside a delivery: they name what its body does not. */
const keptHeaders = [
  'x-github-event',
  'x-github-hook-id',
  'x-slack-retry-num',
  'x-webhook-id',
  'x-gitlab-event',
] as const;

/**
 * Webhooks as other products send them: signed with a secret of the source (Standard Webhooks and Svix, GitHub, Slack, PagerDuty,
 * Stripe), or with its token, as Alertmanager and most alert webhooks can. A delivery that comes again, from its sender or from
 * somebody who listened, is known by its id and adds nothing.
 */
@ApiTags('ingestion')
@Controller('hooks')
export class HooksController {
  constructor(
    @Inject(Ingest) private readonly ingest: Ingest,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(SourceSecrets) private readonly secrets: SourceSecrets,
    @Inject(RequestBodies) private readonly bodies: RequestBodies,
    @Inject(SourceRefusals) private readonly refusals: SourceRefusals,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post(':source')
  @Open()
  @ApiOperation({ summary: 'Webhooks: signed, or with the token of the source' })
  @ApiBody({ schema: { type: 'string', description: 'the delivery' } })
  async take(
    @Param('source', { schema: SourceName }) name: string,
    @Query({ schema: HookQuery }) query: z.infer<typeof HookQuery>,
    @Req() request: IncomingMessage,
  ): Promise<Response> {
    const token = sourceTokenOf(request) ?? (this.config.INGEST_QUERY_TOKENS ? (query.token ?? null) : null);
    if (token !== null) {
      const source = await this.sources.authenticate(name, token);
      return await this.bodies.of(name, request, async (body) => {
        const context = contextOf(request, null, null);
        return Response.json(
          await this.ingest.take(source, { body: unwrapped(request, body), split: 'auto', context }, 'leaf'),
        );
      });
    }
    const source = await this.sources.find(name);
    const secrets = source === null ? [] : await this.secrets.open(name);
    // Nothing of a body is held for those who cannot have signed it.
    if (source === null || secrets.length === 0 || !isSigned(request.headers))
      throw this.refused(source, 'there is no signature that fits');
    return await this.bodies.of(name, request, async (body) => {
      const verified = verifyWebhook(request.headers, body, secrets, this.clock.now());
      if (!verified.ok) throw this.refused(source, verified.detail);
      const content = unwrapped(request, body);
      const message = parsed(content);
      if (verified.scheme === 'slack' && message?.type === 'url_verification') {
        return new Response(textOf(message.challenge) ?? '', {
          headers: { 'Content-Type': 'text/plain; charset=utf-8' },
        });
      }
      const id = verified.id ?? idIn(verified.scheme, message);
      const context = contextOf(request, verified.scheme, id);
      return Response.json(await this.ingest.take(source, { body: content, split: 'auto', context }, 'leaf'));
    });
  }

  /** Names that are no source's are not counted: they would be as many as somebody likes to invent. */
  private refused(source: IngestSource | null, detail: string): Problem {
    const problem = new Problem('wrong_credentials', `Send the token of the source, or sign the webhook: ${detail}.`);
    if (source !== null) {
      this.metrics.countRefusedWebhook(source.name);
      this.refusals.countError(source.name, problem, 1);
    }
    return problem;
  }
}

function contextOf(request: IncomingMessage, scheme: SignatureScheme | null, id: string | null): RecordContext {
  const attributes: Record<string, JsonValue> = {};
  if (scheme !== null) attributes.signature = scheme;
  for (const header of keptHeaders) {
    const value = request.headers[header];
    if (typeof value === 'string') attributes[header] = value;
  }
  return {
    ...(id === null ? {} : { nativeId: id }),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
  };
}

/** Where a scheme puts the id of a delivery into the body. */
function idIn(scheme: SignatureScheme, message: JsonObject | null): string | null {
  switch (scheme) {
    case 'slack':
      return textOf(message?.event_id);
    case 'pagerduty':
      return textOf(objectOf(message?.event)?.id);
    case 'stripe':
      return textOf(message?.id);
    default:
      return null;
  }
}

/** GitHub and Slack can send JSON as the field `payload` of a form. */
function unwrapped(request: IncomingMessage, body: Buffer): Buffer {
  if (!/^application\/x-www-form-urlencoded\b/iu.test(request.headers['content-type'] ?? '')) return body;
  const text = body.toString('latin1', 0, 8);
  const payload = text.startsWith('payload=') ? new URLSearchParams(body.toString('utf8')).get('payload') : null;
  return payload === null || payload === '' ? body : Buffer.from(payload);
}

function parsed(body: Buffer): JsonObject | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
