import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What became of all that was received. What was appended or quarantined is derived from the log; what left no entry is counted here:
 * repetitions in the commit that met them, refusals beside it.
 */
export class SourceHealth1795305600019 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Written under the lock of the log's head alone.
      CREATE TABLE log_duplicate (
        source text NOT NULL,
        hour timestamptz NOT NULL,
        records bigint NOT NULL,
        last_at timestamptz NOT NULL,
        CONSTRAINT log_duplicate_pk PRIMARY KEY (source, hour)
      );

      -- Requests that were refused before they were cut into records count as one.
      CREATE TABLE source_refusal (
        source text NOT NULL,
        hour timestamptz NOT NULL,
        reason text NOT NULL,
        records bigint NOT NULL,
        last_at timestamptz NOT NULL,
        CONSTRAINT source_refusal_pk PRIMARY KEY (source, hour, reason)
      );
      GRANT SELECT, INSERT, UPDATE (records, last_at) ON log_duplicate, source_refusal TO segproof_service;

      -- By event time, which a source's own clock decides; what was made of it is made of receipts now.
      DROP TABLE source_minute;

      -- By minute of receipt. Lag is receipt less event time, in milliseconds; null where no record has a time of its own.
      CREATE TABLE source_receipt (
        source text NOT NULL,
        minute timestamptz NOT NULL,
        appended bigint NOT NULL,
        quarantined bigint NOT NULL,
        first_received timestamptz NOT NULL,
        last_received timestamptz NOT NULL,
        last_event_time timestamptz,
        last_index bigint NOT NULL,
        least_lag bigint,
        most_lag bigint,
        CONSTRAINT source_receipt_pk PRIMARY KEY (source, minute)
      );
      -- The same summed up, so that a list of sources is a list of rows.
      CREATE TABLE source_heard (
        source text CONSTRAINT source_heard_pk PRIMARY KEY,
        appended bigint NOT NULL,
        quarantined bigint NOT NULL,
        last_received timestamptz NOT NULL,
        last_event_time timestamptz,
        last_index bigint NOT NULL
      );
      CREATE TABLE source_lag (
        source text NOT NULL,
        hour timestamptz NOT NULL,
        bucket integer NOT NULL,
        records bigint NOT NULL,
        CONSTRAINT source_lag_pk PRIMARY KEY (source, hour, bucket)
      );
      GRANT SELECT, INSERT, UPDATE, DELETE ON source_receipt, source_heard, source_lag TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE source_lag, source_heard, source_receipt, source_refusal, log_duplicate;
      CREATE TABLE source_minute (
        source text NOT NULL,
        minute timestamptz NOT NULL,
        received bigint NOT NULL,
        rejected bigint NOT NULL,
        first_event_time timestamptz NOT NULL,
        last_event_time timestamptz NOT NULL,
        last_index bigint NOT NULL,
        CONSTRAINT source_minute_pk PRIMARY KEY (source, minute)
      );
      GRANT SELECT, INSERT, UPDATE, DELETE ON source_minute TO segproof_service;
      DELETE FROM follower WHERE name = 'inventory';
      DELETE FROM workload;
      DELETE FROM flow_edge;
    `);
  }
}
