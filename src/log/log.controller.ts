import { Controller, Get, Inject, Param, Query, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Needs } from '../access/guard.js';
import { encodeLeaf } from './core/leaf.js';
import { hashLeaf } from './core/tree.js';
import { Log } from './log.js';
import { leafOf, LogReader } from './read.js';

const Index = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const HeadView = z.object({ origin: z.string(), size: z.number().int(), root: z.string(), verifierKey: z.string() });

const EntryView = z.object({
  index: z.number().int(),
  /** Leaf data: RFC 8785 canonical JSON. */
  leaf: z.string(),
  leafHash: z.string(),
  /** Base64; null once the payload is gone. */
  salt: z.string().nullable(),
  payload: z.string().nullable(),
});
type EntryView = z.infer<typeof EntryView>;

const InclusionQuery = z.object({ index: Index, size: Index.optional() });
const InclusionView = z.object({
  index: z.number().int(),
  size: z.number().int(),
  leafHash: z.string(),
  /** Base64, from the leaf upwards (RFC 6962 section 2.1.1). */
  proof: z.array(z.string()),
  /** Signed checkpoint, when the proof is for the present size. */
  checkpoint: z.string().nullable(),
});

const ConsistencyQuery = z.object({ first: Index.pipe(z.number().min(1)), second: Index.pipe(z.number().min(1)) });
const ConsistencyView = z.object({ first: z.number().int(), second: z.number().int(), proof: z.array(z.string()) });

/** Lets anybody with the right to read check the log. Hashes are base64 unless they are hex by name. */
@ApiTags('log')
@Controller('log')
export class LogController {
  constructor(
    @Inject(Log) private readonly log: Log,
    @Inject(LogReader) private readonly reader: LogReader,
  ) {}

  @Get('head')
  @Needs('log.read')
  @SerializeOptions({ schema: HeadView })
  @ApiOperation({ summary: 'Size and root of the log, and the key that verifies it' })
  async head(): Promise<z.infer<typeof HeadView>> {
    const head = await this.log.head();
    return {
      origin: head.origin,
      size: head.size,
      root: head.root.toString('base64'),
      verifierKey: this.log.verifierKey,
    };
  }

  @Get('entries/:index')
  @Needs('records.read')
  @SerializeOptions({ schema: EntryView })
  @ApiOperation({ summary: 'One entry with its payload' })
  async entry(@Param('index', { schema: Index }) index: number): Promise<EntryView> {
    const entry = await this.reader.entry(index);
    const leaf = encodeLeaf(leafOf(entry));
    return {
      index,
      leaf: leaf.toString(),
      leafHash: hashLeaf(leaf).toString('base64'),
      salt: entry.salt?.toString('base64') ?? null,
      payload: entry.payload?.toString('base64') ?? null,
    };
  }

  @Get('proofs/inclusion')
  @Needs('log.read')
  @SerializeOptions({ schema: InclusionView })
  @ApiOperation({ summary: 'Inclusion proof of an entry' })
  async inclusion(
    @Query({ schema: InclusionQuery }) query: z.infer<typeof InclusionQuery>,
  ): Promise<z.infer<typeof InclusionView>> {
    const head = await this.log.head();
    const size = query.size ?? head.size;
    const entry = await this.reader.entry(query.index);
    const [proof = []] = await this.reader.inclusionProofs([query.index], size);
    return {
      index: query.index,
      size,
      leafHash: hashLeaf(encodeLeaf(leafOf(entry))).toString('base64'),
      proof: proof.map((hash) => hash.toString('base64')),
      checkpoint: size === head.size ? (await this.log.trySign(head)).checkpoint : null,
    };
  }

  @Get('proofs/consistency')
  @Needs('log.read')
  @SerializeOptions({ schema: ConsistencyView })
  @ApiOperation({ summary: 'Consistency proof between two sizes' })
  async consistency(
    @Query({ schema: ConsistencyQuery }) query: z.infer<typeof ConsistencyQuery>,
  ): Promise<z.infer<typeof ConsistencyView>> {
    const proof = await this.reader.consistencyProof(query.first, query.second);
    return { ...query, proof: proof.map((hash) => hash.toString('base64')) };
  }
}
