import type { TamperedLog } from './tampered-log.js';

/** One thing a superuser does behind the service's back, and what fsck has to say about it. */
export interface TamperCase {
  readonly what: string;
  readonly tamper: (log: TamperedLog) => Promise<unknown>;
  /** All that fsck reports, each as `class at position`. */
  readonly found: readonly string[];
  /** Sizes of older checkpoints from outside that fsck is given; without them it has to do with what is stored. */
  readonly given?: readonly number[];
}

/** Statements that the superuser runs. */
export const sql =
  (...statements: readonly string[]) =>
  async ({ superuser }: TamperedLog): Promise<void> => {
    for (const statement of statements) await superuser.query(statement);
  };

/** The bytes of a column with one bit flipped. */
export const flipped = (column: string, at: number): string =>
  `set_byte(${column}, ${at}, get_byte(${column}, ${at}) # 16)`;
