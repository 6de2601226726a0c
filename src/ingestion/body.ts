import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { createGunzip, createInflate } from 'node:zlib';
import { pipeline } from 'node:stream/promises';
import { Transform, Writable, type Duplex } from 'node:stream';
import { CONFIG, type Config } from '../config.js';
import { Problem } from '../errors.js';
import { SourceRefusals } from './refusals.js';
import { zstdDecoder } from './zstd-decoder.js';
import { ZstdFormatError } from './zstd-frames.js';

export interface BodyLimits {
  /** Bytes as sent. */
  readonly encoded: number;
  /** Bytes after decompression. */
  readonly decoded: number;
}

/** Bodies may grow this far whatever their ratio: a page of equal lines packs very well. */
const freelyInflated = 16 * 1024 * 1024;
/** Beyond that, a body that was sent by a shipper never grows to more than this times its size. */
const mostInflation = 250;

/** Bytes of bodies held at once by all requests of the process; refuses more instead of growing. */
export class BodyBudget {
  private held = 0;
  private readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  /** @throws Problem `unavailable` when the process holds as much as it may. */
  take(bytes: number): void {
    if (this.held + bytes > this.most) {
      throw new Problem('unavailable', 'The service holds as many request bodies as it may. Send again shortly.', {
        retryAfter: 1,
      });
    }
    this.held += bytes;
  }

  /** Nothing of any size can be taken now. */
  isFull(): boolean {
    return this.held >= this.most;
  }

  give(bytes: number): void {
    this.held -= bytes;
  }
}

function decoder(request: IncomingMessage): Duplex | null {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  switch (encoding) {
    case '':
    case 'identity':
      return null;
    case 'gzip':
    case 'x-gzip':
      return createGunzip(inflating);
    case 'deflate':
      return createInflate(inflating);
    case 'zstd':
      return zstdDecoder();
    default:
      throw new Problem(
        'unsupported_media_type',
        `Content-Encoding gzip, deflate, zstd or none is expected, got "${encoding}".`,
      );
  }
}

/** Each piece that is inflated waits its turn in the thread pool: larger pieces than the usual 16 KiB make few turns of a batch. */
const inflating = { chunkSize: 128 * 1024 } as const;

/**
 * Reads a whole body, decompressed, within the limits; a compressed bomb is stopped as soon as it
 * passes the limit. `use` gets the bytes; they count against the budget until it is done.
 * @throws Problem `too_large`, `unsupported_media_type`, `invalid_input` for broken compression, `unavailable`.
 */
export async function withBody<T>(
  request: IncomingMessage,
  limits: BodyLimits,
  budget: BodyBudget,
  use: (body: Buffer) => Promise<T>,
): Promise<T> {
  const decode = decoder(request);
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limits.encoded) throw tooLarge(limits.encoded, 'as sent');
  const chunks: Buffer[] = [];
  let taken = 0;
  let encoded = 0;
  const collect = new Writable({
    write(chunk: Buffer, _encoding, done) {
      try {
        if (taken + chunk.length > limits.decoded) throw tooLarge(limits.decoded, 'after decompression');
        if (taken > freelyInflated && taken > encoded * mostInflation) {
          throw inflatedTooFar();
        }
        budget.take(chunk.length);
        taken += chunk.length;
        chunks.push(chunk);
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
  const count = (chunk: Buffer): void => {
    encoded += chunk.length;
    if (encoded > limits.encoded) request.destroy(tooLarge(limits.encoded, 'as sent'));
  };
  try {
    request.on('data', count);
    try {
      await (decode === null ? pipeline(request, collect) : pipeline(request, decode, collect));
    } catch (error) {
      throw bodyProblem(request, error);
    } finally {
      request.off('data', count);
    }
    return await use(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
  } finally {
    budget.give(taken);
  }
}

function inflatedTooFar(): Problem {
  return new Problem('too_large', `A body may grow to ${mostInflation} times its size as sent; send it less packed.`);
}

/** Why a body could not be read to its end. */
function bodyProblem(request: IncomingMessage, error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isFormatError(error)) {
    const encoding = request.headers['content-encoding'] ?? '';
    return new Problem('invalid_input', `The body is not valid ${encoding} data.`, { cause: error });
  }
  return new Problem('invalid_input', 'The body ended before it was complete.', { cause: error });
}

function isFormatError(error: unknown): boolean {
  if (error instanceof ZstdFormatError) return true;
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}

function tooLarge(limit: number, how: string): Problem {
  return new Problem('too_large', `A body of at most ${limit} bytes ${how} is taken; split the batch.`);
}

/**
 * Hands on a body in decompressed pieces as it arrives, within the limits; the next piece is taken from the sender when `use`
 * is done with the last.
 * @throws Problem as {@link withBody}, without `unavailable`.
 */
export async function eachPiece(
  request: IncomingMessage,
  limits: BodyLimits,
  use: (piece: Buffer) => Promise<void>,
): Promise<void> {
  const decode = decoder(request);
  let encoded = 0;
  let decoded = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      encoded += chunk.length;
      if (encoded > limits.encoded) done(tooLarge(limits.encoded, 'as sent'));
      else done(null, chunk);
    },
  });
  const consume = async (pieces: AsyncIterable<Buffer>): Promise<void> => {
    for await (const piece of pieces) {
      decoded += piece.length;
      if (decoded > limits.decoded) throw tooLarge(limits.decoded, 'after decompression');
      if (decoded > freelyInflated && decoded > encoded * mostInflation) throw inflatedTooFar();
      await use(piece);
    }
  };
  try {
    await (decode === null ? pipeline(request, count, consume) : pipeline(request, count, decode, consume));
  } catch (error) {
    throw bodyProblem(request, error);
  }
}

/** Reads the bodies of all ingestion protocols within one budget. */
@Injectable()
export class RequestBodies {
  readonly budget: BodyBudget;
  readonly limits: BodyLimits;

  constructor(
    @Inject(CONFIG) config: Config,
    @Inject(SourceRefusals) private readonly refusals: SourceRefusals,
  ) {
    this.budget = new BodyBudget(config.INGEST_MAX_IN_FLIGHT_BYTES);
    this.limits = { encoded: config.INGEST_MAX_BODY_BYTES, decoded: config.INGEST_MAX_INFLATED_BYTES };
  }

  /** As {@link withBody}. */
  async with<T>(request: IncomingMessage, use: (body: Buffer) => Promise<T>): Promise<T> {
    return await withBody(request, this.limits, this.budget, use);
  }

  /** As {@link with}, for records of a source: what is refused is counted for it. */
  async of<T>(source: string, request: IncomingMessage, use: (body: Buffer) => Promise<T>): Promise<T> {
    return await this.refusals.watch(source, async () => await this.with(request, use));
  }
}
