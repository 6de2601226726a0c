import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import { Open, sessionTokenOf } from '../access/guard.js';
import { assertPermitted } from '../access/permissions.js';
import { Sessions } from '../access/sessions.js';
import { CONFIG, type Config } from '../config.js';
import { Problem } from '../errors.js';
import { encodeLeaf } from './core/leaf.js';
import { parseCheckpoint } from './core/checkpoint.js';
import { parseNote } from './core/note.js';
import { parseTilePath } from './core/tile-path.js';
import { formatTlogProof } from './core/tlog-proof.js';
import { leafOf, LogReader } from './read.js';
import { TileReader } from './tile-reader.js';
import { PublishedCheckpoints } from './witness/published.js';

const Index = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const TileSegments = z.union([z.string(), z.array(z.string())]).transform((path) => [path].flat().join('/'));

const plainText = 'text/plain; charset=utf-8';
const yearSeconds = 31_536_000;
const compress = promisify(gzip);

/**
 * The log for everybody's tools: C2SP tlog-tiles under the prefix `/log`, and tlog-proof files. There are no payloads in
 * any of it. Needs `log.read`, or nobody's leave when LOG_READ_PUBLIC is set.
 */
@ApiTags('log')
@Controller('log')
export class TilesController {
  constructor(
    @Inject(PublishedCheckpoints) private readonly published: PublishedCheckpoints,
    @Inject(TileReader) private readonly tiles: TileReader,
    @Inject(LogReader) private readonly reader: LogReader,
    @Inject(Sessions) private readonly sessions: Sessions,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get('checkpoint')
  @Open()
  @ApiOperation({ summary: 'Signed checkpoint with cosignatures, at most a second old (C2SP tlog-checkpoint)' })
  async checkpoint(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    await this.assertMayRead(request);
    const { note } = await this.published.current();
    this.send(request, response, { body: Buffer.from(note), contentType: plainText, seconds: 0 });
  }

  @Get('checkpoint/witnessed')
  @Open()
  @ApiOperation({ summary: 'The last checkpoint that the quorum of witnesses has cosigned, however old' })
  async witnessed(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    await this.assertMayRead(request);
    const witnessed = await this.published.witnessed();
    if (witnessed === null) {
      throw new Problem('not_found', 'No checkpoint has the quorum of a witness policy; see /log/checkpoint.');
    }
    this.send(request, response, { body: Buffer.from(witnessed.note), contentType: plainText, seconds: 0 });
  }

  @Get('tile/*path')
  @Open()
  @ApiOperation({ summary: 'Hash tile `<L>/<N>[.p/<W>]` or entry bundle `entries/<N>[.p/<W>]` (C2SP tlog-tiles)' })
  async tile(
    @Param('path', { schema: TileSegments }) path: string,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    await this.assertMayRead(request);
    const tile = parseTilePath(path);
    if (tile === null) throw new Problem('not_found', `"${path.slice(0, 100)}" is not the path of a tile.`);
    const { level, index, width } = tile;
    const isBundle = level === 'entries';
    const body = isBundle ? await this.tiles.entries(index, width) : await this.tiles.hashes(level, index, width);
    if (body === null) throw new Problem('not_found', 'The log does not reach this tile yet.');
    const contentType = 'application/octet-stream';
    if (!isBundle) this.send(request, response, { body, contentType, seconds: yearSeconds });
    else {
      response.setHeader('Vary', 'Accept-Encoding');
      const gzipped = takesGzip(request);
      if (gzipped) response.setHeader('Content-Encoding', 'gzip');
      const sent = gzipped ? await compress(body, { level: 1 }) : body;
      this.send(request, response, { body: sent, contentType, seconds: yearSeconds });
    }
  }

  @Get('proofs/inclusion/:index.tlog-proof')
  @Open()
  @ApiOperation({
    summary: 'Proof file of an entry, to be verified offline (C2SP tlog-proof), with its leaf data as extra line',
  })
  async proof(
    @Param('index', { schema: Index }) index: number,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    await this.assertMayRead(request);
    const covering = await this.published.covering(index);
    if (covering === null) throw new Problem('not_found', `No checkpoint covers an entry ${index}.`);
    const { size } = parseCheckpoint(parseNote(covering.note).body);
    const [[hashes = []], entry] = await Promise.all([
      this.reader.inclusionProofs([index], size),
      this.reader.entry(index),
    ]);
    const extra = encodeLeaf(leafOf(entry));
    const proof = formatTlogProof({ index, hashes, checkpoint: covering.note, extra });
    response.setHeader('Content-Disposition', `attachment; filename="${index}.tlog-proof"`);
    this.send(request, response, { body: Buffer.from(proof), contentType: plainText, seconds: 0 });
  }

  /** Answers with a body that is kept `seconds`; 0 makes caches ask each time. */
  private send(
    request: IncomingMessage,
    response: ServerResponse,
    given: { readonly body: Buffer; readonly contentType: string; readonly seconds: number },
  ): void {
    const scope = this.config.LOG_READ_PUBLIC ? 'public' : 'private';
    const etag = `"${hash('sha256', given.body, 'hex').slice(0, 32)}"`;
    response.setHeader('ETag', etag);
    response.setHeader(
      'Cache-Control',
      given.seconds === 0 ? 'no-cache' : `${scope}, max-age=${given.seconds}, immutable`,
    );
    if (matches(request.headers['if-none-match'], etag)) {
      response.statusCode = 304;
      response.end();
      return;
    }
    response.setHeader('Content-Type', given.contentType);
    response.setHeader('Content-Length', given.body.length);
    response.end(given.body);
  }

  private async assertMayRead(request: IncomingMessage): Promise<void> {
    if (this.config.LOG_READ_PUBLIC) return;
    const session = sessionTokenOf(request);
    const actor = session === null ? null : await this.sessions.actorOf(session);
    if (actor === null) {
      throw new Problem(
        'not_signed_in',
        'Sign in first: send a session token as "Authorization: Bearer". LOG_READ_PUBLIC opens tiles and checkpoints to everybody.',
      );
    }
    assertPermitted(actor, 'log.read');
  }
}

function matches(given: string | undefined, etag: string): boolean {
  return (
    given !== undefined &&
    given.split(',').some((tag) => tag.trim().replace(/^W\//u, '') === etag || tag.trim() === '*')
  );
}

function takesGzip(request: IncomingMessage): boolean {
  const codings = (request.headers['accept-encoding'] ?? '').split(',');
  return codings.some((coding) => /^\s*(gzip|\*)\s*(;\s*q=(0\.0*[1-9]\d*|1(\.0*)?|0?\.[1-9]\d*)\s*)?$/u.test(coding));
}
