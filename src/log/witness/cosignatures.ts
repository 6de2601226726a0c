import type { Database } from '../../database/database.js';
import type { Cosignature } from '../core/cosignature.js';

/** A tree that checkpoints and cosignatures are about. */
export interface TreeHead {
  readonly size: number;
  readonly root: Buffer;
}

/** Cosignatures that witnesses gave for kept checkpoints; insert-only. */
export class Cosignatures {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** Keeps a cosignature; the first of a key for a tree stays. */
  async keep(tree: TreeHead, { name, keyId, line, time }: Cosignature): Promise<void> {
    await this.database.query(
      `INSERT INTO log_cosignature (size, root, key_name, key_id, line, cosigned_at)
       VALUES ($1, $2, $3, $4, $5, to_timestamp($6)) ON CONFLICT DO NOTHING`,
      [tree.size, tree.root, name, keyId, line, time],
    );
  }

  /** Signature lines of a tree, in the order of the witnesses' names. */
  async linesOf(tree: TreeHead): Promise<string[]> {
    const rows = await this.database.query<{ line: string }>(
      'SELECT line FROM log_cosignature WHERE size = $1 AND root = $2 ORDER BY key_name, key_id',
      [tree.size, tree.root],
    );
    return rows.map((row) => row.line);
  }

  /** Size that a witness cosigned last, as far as is known here; 0 when it never did. */
  async lastSizeOf(keyName: string, keyId: string): Promise<number> {
    const [row] = await this.database.query<{ size: string | null }>(
      'SELECT max(size) AS size FROM log_cosignature WHERE key_name = $1 AND key_id = $2',
      [keyName, keyId],
    );
    return Number(row?.size ?? 0);
  }

  /** Records that a tree had its quorum. */
  async keepWitnessed(tree: TreeHead, at: Date): Promise<void> {
    await this.database.query(
      'INSERT INTO log_witnessed (size, root, witnessed_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [tree.size, tree.root, at],
    );
  }

  /** The largest tree that had its quorum when it was cosigned. */
  async lastWitnessed(): Promise<(TreeHead & { readonly witnessedAt: Date }) | null> {
    const [row] = await this.database.query<{ size: string; root: Buffer; witnessed_at: Date }>(
      'SELECT size, root, witnessed_at FROM log_witnessed ORDER BY size DESC, witnessed_at DESC LIMIT 1',
    );
    return row === undefined ? null : { size: Number(row.size), root: row.root, witnessedAt: row.witnessed_at };
  }
}
