import { Controller, Get, Inject } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Needs } from '../access/guard.js';
import { Sources, type SourceView } from '../ingestion/sources.js';
import { pageAnswer } from './answers.js';
import { SourcesPage } from './pages/sources.js';
import { daysUntil, SourceActivity } from './read/source-activity.js';
import { CurrentShell } from './shell.js';
import type { Shell, SourceHealth } from './views.js';

@ApiExcludeController()
@Controller('sources')
export class SourcePagesController {
  constructor(
    @Inject(Sources) private readonly sources: Sources,
    @Inject(SourceActivity) private readonly activity: SourceActivity,
  ) {}

  @Get()
  @Needs('sources.read')
  async list(@CurrentShell() shell: Shell): Promise<Response> {
    const [sources, perDay] = await Promise.all([this.sources.list(), this.activity.perDay(daysUntil(shell.now, 30))]);
    const receivedAt = await this.activity.receivedAt(sources.flatMap(({ lastIndex }) => lastIndex ?? []));
    return pageAnswer(
      SourcesPage({
        shell,
        rows: sources.map((source) => ({
          name: source.name,
          format: source.format,
          health: healthOf(source, this.sources.isSilent(source)),
          createdAt: source.createdAt,
          lastReceivedAt: source.lastIndex === null ? null : (receivedAt.get(source.lastIndex) ?? null),
          lastEventTime: source.lastEventTime,
          received: source.received,
          rejected: source.rejected,
          silenceAfterSeconds: source.silenceAfterSeconds,
          perDay: perDay.get(source.name) ?? [],
        })),
      }),
    );
  }
}

function healthOf(source: SourceView, silent: boolean): SourceHealth {
  if (source.received === 0) return 'never_reported';
  if (source.silenceAfterSeconds === null) return 'not_watched';
  return silent ? 'silent' : 'reporting';
}
