import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../context.js';
import { Database } from '../database/database.js';
import { Log } from './log.js';
import type { Head } from './append.js';

export interface StoredCheckpoint {
  readonly size: number;
  readonly note: string;
  readonly signedAt: Date;
}

/** A kept checkpoint is shown as the present one for this long. */
export const freshMilliseconds = 1000;

/** Checkpoints that are kept: at most one a second, insert-only. */
@Injectable()
export class Checkpoints {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** Signs and keeps the head as it stands, unless a checkpoint of its size is kept already; returns the kept one. While signing is stopped, the last one that was kept. */
  async keep(): Promise<StoredCheckpoint> {
    const head = await this.log.head();
    const kept = (await this.at(head.size)) ?? (this.log.signing.stopped === null ? null : await this.latest());
    return kept ?? (await this.keepHead(head));
  }

  /** Keeps a checkpoint of a committed head. */
  async keepHead(head: Head): Promise<StoredCheckpoint> {
    const note = await this.log.signToKeep(head);
    await this.database.query(
      'INSERT INTO log_checkpoint (size, root, note, signed_at) VALUES ($1, $2, $3, $4) ON CONFLICT (size) DO NOTHING',
      [head.size, head.root, note, this.clock.now()],
    );
    const kept = await this.at(head.size);
    if (kept === null) throw new Error(`the checkpoint of size ${head.size} was kept, but is not there`);
    return kept;
  }

  /** The newest kept checkpoint if it is the head's or was kept within the last second; else one of the head as it stands. */
  async fresh(): Promise<StoredCheckpoint> {
    const latest = await this.latest();
    if (latest === null) return await this.keep();
    const age = this.clock.now().getTime() - latest.signedAt.getTime();
    if (age >= 0 && age < freshMilliseconds) return latest;
    return (await this.log.head()).size === latest.size ? latest : await this.keep();
  }

  /** The kept checkpoints above a size, smallest first, at most `most` of them. */
  async above(size: number, most: number): Promise<StoredCheckpoint[]> {
    const rows = await this.database.query<{ size: string; note: string; signed_at: Date }>(
      'SELECT size, note, signed_at FROM log_checkpoint WHERE size > $1 ORDER BY size LIMIT $2',
      [size, most],
    );
    return rows.map((row) => ({ size: Number(row.size), note: row.note, signedAt: row.signed_at }));
  }

  async at(size: number): Promise<StoredCheckpoint | null> {
    const [row] = await this.database.query<{ size: string; note: string; signed_at: Date }>(
      'SELECT size, note, signed_at FROM log_checkpoint WHERE size = $1',
      [size],
    );
    return row === undefined ? null : { size: Number(row.size), note: row.note, signedAt: row.signed_at };
  }

  async latest(): Promise<StoredCheckpoint | null> {
    const [row] = await this.database.query<{ size: string; note: string; signed_at: Date }>(
      'SELECT size, note, signed_at FROM log_checkpoint ORDER BY size DESC LIMIT 1',
    );
    return row === undefined ? null : { size: Number(row.size), note: row.note, signedAt: row.signed_at };
  }
}
