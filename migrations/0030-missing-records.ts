import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Records that sources counted, or reported as lost, and that never came; and what the log says each hour of what they sent. */
export class MissingRecords1795305600030 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Derived from the log. State of a counter: see src/inventory/gaps/counter-text.ts.
      CREATE TABLE source_counter (
        source text NOT NULL,
        stream text NOT NULL,
        state text NOT NULL,
        believed boolean NOT NULL,
        sparse boolean NOT NULL,
        last_index bigint NOT NULL,
        CONSTRAINT source_counter_pk PRIMARY KEY (source, stream)
      );
      CREATE INDEX source_counter_last_index ON source_counter (last_index);

      -- Derived from the log. after_index is the entry that showed the gap, or the notice of a loss.
      CREATE TABLE source_gap (
        source text NOT NULL,
        stream text NOT NULL,
        after_index bigint NOT NULL,
        first numeric(20) NOT NULL,
        last numeric(20),
        before_index bigint,
        missing numeric(20),
        began_at timestamptz NOT NULL,
        found_at timestamptz NOT NULL,
        filled_at timestamptz,
        CONSTRAINT source_gap_pk PRIMARY KEY (source, stream, after_index, first)
      );
      CREATE INDEX source_gap_open ON source_gap (found_at) WHERE filled_at IS NULL;

      -- The newest entry of a source whose payload, and so whose number, is not known any longer.
      CREATE TABLE source_unknown (
        source text CONSTRAINT source_unknown_pk PRIMARY KEY,
        last_index bigint NOT NULL
      );
      GRANT SELECT, INSERT, UPDATE, DELETE ON source_counter, source_gap, source_unknown TO segproof_service;

      -- Hours of which the log says what became of what sources sent; null where nothing came.
      CREATE TABLE source_balance (
        hour timestamptz CONSTRAINT source_balance_pk PRIMARY KEY,
        recorded_index bigint
      );
      GRANT SELECT, INSERT, UPDATE (recorded_index) ON source_balance TO segproof_service;

      -- What was said of them in the log; it stays when what it was derived from is gone.
      CREATE TABLE missing_records (
        id uuid CONSTRAINT missing_records_pk PRIMARY KEY,
        source text NOT NULL,
        stream text NOT NULL,
        after_index bigint NOT NULL,
        first numeric(20) NOT NULL,
        last numeric(20),
        before_index bigint,
        missing numeric(20),
        began_at timestamptz NOT NULL,
        found_at timestamptz NOT NULL,
        recorded_index bigint NOT NULL,
        filled_at timestamptz,
        filled_index bigint,
        acknowledged_at timestamptz,
        acknowledged_index bigint,
        acknowledged_by text,
        reason text,
        CONSTRAINT missing_records_once UNIQUE (source, stream, after_index, first)
      );
      CREATE INDEX missing_records_open ON missing_records (source, found_at)
        WHERE filled_at IS NULL AND acknowledged_at IS NULL;
      GRANT SELECT, INSERT, UPDATE (missing, filled_at, filled_index, acknowledged_at, acknowledged_index, acknowledged_by, reason)
        ON missing_records TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE missing_records, source_balance, source_unknown, source_gap, source_counter`);
  }
}
