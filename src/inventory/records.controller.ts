import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { NormalForms, RecordForms } from './normal-forms.js';
import { Quarantine, ReprocessAnswer, ReprocessRequest } from './quarantine.js';
import { ExportQuery, RecordExport } from './record-export.js';
import { RecordPage, RecordQuery, Records } from './records.js';

const Index = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Asks for the next piece only when the one before has gone out. */
function streamOf(pieces: AsyncGenerator<Buffer, void>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
    cancel: async () => void (await pieces.return()),
  });
}

@ApiTags('records')
@Controller('api/v1/records')
export class RecordsController {
  constructor(
    @Inject(Records) private readonly records: Records,
    @Inject(RecordExport) private readonly exports: RecordExport,
    @Inject(NormalForms) private readonly forms: NormalForms,
  ) {}

  @Get('export')
  @Needs('records.read')
  @ApiOperation({
    summary: 'Export records as NDJSON, CSV, OCSF 1.8, CEF or the bytes received',
    description:
      'What the export covers is said in the header Segproof-Completeness (JSON, base64) and, in NDJSON and OCSF, in the last line: which entries were looked at, how many records match, and the checkpoint of the log.',
  })
  async export(@CurrentActor() actor: Actor, @Query({ schema: ExportQuery }) query: ExportQuery): Promise<Response> {
    const { completeness, mediaType, lines } = await this.exports.begin(actor, query);
    return new Response(streamOf(lines), {
      headers: {
        'Content-Type': mediaType,
        'Content-Disposition': `attachment; filename="segproof-records.${query.format}"`,
        'Cache-Control': 'no-store',
        'Segproof-Completeness': Buffer.from(JSON.stringify(completeness)).toString('base64'),
      },
    });
  }

  @Get()
  @Needs('records.read')
  @SerializeOptions({ schema: RecordPage })
  @ApiOperation({ summary: 'Search records, newest event first; kind "rejected" lists what could not be read' })
  async list(@Query({ schema: RecordQuery }) query: RecordQuery): Promise<RecordPage> {
    return await this.records.page(query);
  }

  @Get(':index/normal-forms')
  @Needs('records.read')
  @SerializeOptions({ schema: RecordForms })
  @ApiOperation({
    summary: 'What a record is and was read as',
    description:
      'What the present parsers make of its bytes, what the search knows, and what it knew before newer parsers read it again (segproof rebuild).',
  })
  async normalForms(@Param('index', { schema: Index }) index: number): Promise<RecordForms> {
    return await this.forms.of(index);
  }
}

@ApiTags('records')
@Controller('api/v1/quarantine')
export class QuarantineController {
  constructor(@Inject(Quarantine) private readonly quarantine: Quarantine) {}

  @Post('reprocess')
  @Needs('sources.manage')
  @HttpCode(200)
  @SerializeOptions({ schema: ReprocessAnswer })
  @ApiOperation({ summary: 'Read the quarantined records of a source again, as the source is set now' })
  async reprocess(
    @CurrentActor() actor: Actor,
    @Body({ schema: ReprocessRequest }) request: ReprocessRequest,
  ): Promise<ReprocessAnswer> {
    return await this.quarantine.reprocess(actor, request);
  }
}
