import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Headers } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Open } from '../access/guard.js';
import { packageRoot } from '../package-root.js';

interface Asset {
  readonly content: Buffer;
  readonly mediaType: string;
  readonly tag: string;
}

function readAsset(name: string, mediaType: string): Asset {
  const content = readFileSync(join(packageRoot, 'src', 'portal', name));
  return { content, mediaType, tag: `"${hash('sha256', content, 'base64url')}"` };
}

/** The stylesheet, the script and the icon: read once at start, nothing else is ever read from disk. */
@ApiExcludeController()
@Controller('assets')
export class AssetsController {
  private readonly stylesheet = readAsset('portal.css', 'text/css; charset=utf-8');
  private readonly script = readAsset('portal.js', 'text/javascript; charset=utf-8');
  private readonly icon = readAsset('portal.svg', 'image/svg+xml');

  @Get('portal.css')
  @Open()
  css(@Headers('if-none-match') known?: string): Response {
    return assetAnswer(this.stylesheet, known);
  }

  @Get('portal.js')
  @Open()
  js(@Headers('if-none-match') known?: string): Response {
    return assetAnswer(this.script, known);
  }

  @Get('portal.svg')
  @Open()
  svg(@Headers('if-none-match') known?: string): Response {
    return assetAnswer(this.icon, known);
  }
}

/** Asked for again with every page, and sent again only when it has changed (RFC 9110 section 13.1.2). */
function assetAnswer({ content, mediaType, tag }: Asset, known: string | undefined): Response {
  const headers = { ETag: tag, 'Cache-Control': 'no-cache' };
  const tags = (known ?? '').split(',').map((candidate) => candidate.trim().replace(/^W\//u, ''));
  if (tags.includes(tag) || tags.includes('*')) return new Response(null, { status: 304, headers });
  return new Response(new Uint8Array(content), {
    headers: { ...headers, 'Content-Type': mediaType, 'Content-Length': String(content.length) },
  });
}
