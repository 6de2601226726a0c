import { Body, Controller, Get, HttpCode, Inject, Param, Post, SerializeOptions, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { Problem } from '../errors.js';
import { ReportModel } from './report-model.js';
import { NewReport, Reports, ReportView } from './reports.js';

const FileName = z.string().regex(/^[a-z.]{1,40}$/u, 'the name of a file of the report');

const ReportList = z.object({ reports: z.array(ReportView) });

@ApiTags('evidence')
@Controller('api/v1/reports')
export class ReportsController {
  constructor(@Inject(Reports) private readonly reports: Reports) {}

  @Post()
  @Needs('reports.request')
  @HttpCode(202)
  @SerializeOptions({ schema: ReportView })
  @ApiOperation({ summary: 'Ask for an evidence report; it is built by a job' })
  async request(@CurrentActor() actor: Actor, @Body({ schema: NewReport }) input: NewReport): Promise<ReportView> {
    return await this.reports.request(actor, input);
  }

  @Get()
  @Needs('reports.read')
  @SerializeOptions({ schema: ReportList })
  @ApiOperation({ summary: 'List reports, newest first' })
  async list(): Promise<z.infer<typeof ReportList>> {
    return { reports: await this.reports.list(200) };
  }

  @Get(':id')
  @Needs('reports.read')
  @SerializeOptions({ schema: ReportView })
  @ApiOperation({ summary: 'One report and its files' })
  async get(@Param('id') id: string): Promise<ReportView> {
    return await this.reports.get(id);
  }

  @Get(':id/model')
  @Needs('reports.read')
  @SerializeOptions({ schema: ReportModel })
  @ApiOperation({ summary: 'The report as data' })
  async model(@Param('id') id: string): Promise<ReportModel> {
    await this.reports.get(id);
    const model = await this.reports.model(id);
    if (model === null) throw new Problem('conflict', 'The report is not ready yet.');
    return model;
  }

  @Get(':id/files/:name')
  @Needs('reports.read')
  @ApiOperation({ summary: 'Download report.pdf or package.zip' })
  async download(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('name', { schema: FileName }) name: string,
  ): Promise<StreamableFile> {
    return fileAnswer(await this.reports.download(actor, id, name), `segproof-${id}-${name}`);
  }
}

/** A download with its name; never shown inside a page. */
export function fileAnswer(
  file: { readonly mediaType: string; readonly content: Buffer },
  name: string,
): StreamableFile {
  return new StreamableFile(file.content, {
    type: file.mediaType,
    disposition: `attachment; filename="${name}"`,
    length: file.content.length,
  });
}
