import { Inject, Injectable } from '@nestjs/common';
import type { Finder } from '../findings/finder.js';
import type { Cause } from '../findings/finding.js';
import { Sources, type SourceView } from '../ingestion/sources.js';
import { spanText } from './span-text.js';

/** Sources that are watched and have not been heard for longer than is normal for them; each until it is heard again. */
@Injectable()
export class SilenceFinder implements Finder {
  readonly kinds = ['silence'] as const;

  constructor(@Inject(Sources) private readonly sources: Sources) {}

  async find(): Promise<readonly Cause[]> {
    return (await this.sources.list()).flatMap((source) =>
      source.silentSince === null ? [] : [silenceOf(source, source.silentSince)],
    );
  }
}

function silenceOf(source: SourceView, since: string): Cause {
  const { name, lastReceivedAt, lastEventTime, lastIndex, silenceAfterSeconds } = source;
  const limit = silenceAfterSeconds ?? 0;
  return {
    kind: 'silence',
    // The same silence as long as nothing comes.
    cause: `${name} since ${since}`,
    segment: null,
    severity: 'high',
    title: `${name} is silent`,
    detail:
      lastReceivedAt === null
        ? `It has never sent a record; ${spanText(limit)} without one is normal for it.`
        : `Its last record came ${since.slice(0, 16).replace('T', ' ')} UTC; ${spanText(limit)} without one is normal for it.`,
    facts: { source: name, lastReceivedAt, lastEventTime, lastIndex, silenceAfterSeconds: limit },
    occurredAt: new Date(Date.parse(since) + limit * 1000).toISOString(),
  };
}
