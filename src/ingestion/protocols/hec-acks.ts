import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../context.js';
import { Problem } from '../../errors.js';

/** Channels that are known at once, and how long one is kept after it was last used; Splunk forgets idle ones as soon. */
const mostChannels = 100_000;
const idleMilliseconds = 600_000;

interface Channel {
  /** Ids below are given out, each after the commit of its request: all of them are acknowledged. */
  next: number;
  usedAt: number;
}

/**
 * Acknowledgements of the HTTP Event Collector (Splunk, "About HTTP Event Collector Indexer Acknowledgment"). An id is given
 * out only when what it stands for is committed, so that a channel is one number, and an id is true as soon as it is known.
 */
@Injectable()
export class HecAcks {
  private readonly channels = new Map<string, Channel>();

  constructor(@Inject(Clock) private readonly clock: Clock) {}

  /** @throws Problem `unavailable` when no other channel can be kept; asked before anything is taken. */
  assertRoom(source: string, channel: string): void {
    if (this.isFull() && !this.channels.has(keyOf(source, channel))) {
      throw new Problem('unavailable', 'There are as many channels as can be kept.', { retryAfter: 30 });
    }
  }

  /** The id of a request that has been committed; ids of a channel count from 0. */
  issue(source: string, channel: string): number {
    const key = keyOf(source, channel);
    const known = this.channels.get(key) ?? { next: 0, usedAt: 0 };
    // Puts it last: the first of the map is the one that was used longest ago.
    this.channels.delete(key);
    known.usedAt = this.clock.now().getTime();
    this.channels.set(key, known);
    return known.next++;
  }

  /** Which of these ids are acknowledged. */
  query(source: string, channel: string, ids: readonly number[]): Record<string, boolean> {
    const known = this.channels.get(keyOf(source, channel));
    const now = this.clock.now().getTime();
    const next = known === undefined || now - known.usedAt > idleMilliseconds ? 0 : known.next;
    if (known !== undefined && next > 0) known.usedAt = now;
    return Object.fromEntries(ids.map((id) => [String(id), id < next]));
  }

  /** No other channel can be kept: none of those that are has been idle for long. */
  isFull(): boolean {
    if (this.channels.size < mostChannels) return false;
    const limit = this.clock.now().getTime() - idleMilliseconds;
    for (const [key, { usedAt }] of this.channels) {
      if (usedAt > limit) break;
      this.channels.delete(key);
    }
    return this.channels.size >= mostChannels;
  }
}

function keyOf(source: string, channel: string): string {
  return `${source}/${channel}`;
}
