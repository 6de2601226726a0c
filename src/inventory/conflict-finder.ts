import { Inject, Injectable } from '@nestjs/common';
import type { Finder } from '../findings/finder.js';
import type { Cause } from '../findings/finding.js';
import { type Conflict, Conflicts } from './conflicts.js';

const daysShown = 30;
const mostShown = 1000;

/** Records that came with the id of an earlier one and other bytes, for thirty days each; the search lists them for ever. */
@Injectable()
export class ConflictFinder implements Finder {
  readonly kinds = ['conflicting_record'] as const;

  constructor(@Inject(Conflicts) private readonly conflicts: Conflicts) {}

  async find(now: Date): Promise<readonly Cause[]> {
    const since = new Date(now.getTime() - daysShown * 86_400_000).toISOString();
    const { conflicts } = await this.conflicts.latest(mostShown);
    return conflicts.filter(({ receivedAt }) => receivedAt >= since).map(causeOf);
  }
}

function causeOf({ index, firstIndex, source, receivedAt }: Conflict): Cause {
  return {
    kind: 'conflicting_record',
    cause: String(index),
    segment: null,
    severity: 'high',
    title: `${source} sent two different records with the same id`,
    detail: `Entries ${firstIndex} and ${index}. Both are kept; at most one of them is what happened.`,
    // Nothing that stands in a payload: findings are entries too, and outlive it.
    facts: { source, index, firstIndex },
    occurredAt: receivedAt,
  };
}
