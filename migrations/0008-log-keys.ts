import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keys that signed the log, stops of the signer and decisions to go on, and which part of the log a verification covered. Insert-only. */
export class LogKeys1795305600008 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE log_key (
        verifier text CONSTRAINT log_key_pk PRIMARY KEY,
        -- The log's size from which on the key may sign.
        from_size bigint NOT NULL CONSTRAINT log_key_from CHECK (from_size >= 0),
        -- The entry that records it; none for the key the log was started with.
        entry_index bigint,
        -- Signed by the key and by the one before it.
        statement text NOT NULL,
        registered_at timestamptz NOT NULL
      );
      CREATE TRIGGER log_key_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON log_key
        FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

      CREATE TABLE log_signing_event (
        id uuid CONSTRAINT log_signing_event_pk PRIMARY KEY,
        kind text NOT NULL CONSTRAINT log_signing_event_kind CHECK (kind IN ('stopped', 'resumed')),
        -- Of a decision to go on: signed by the log's key, so that it cannot be made in the database.
        statement text CONSTRAINT log_signing_event_statement CHECK ((kind = 'resumed') = (statement IS NOT NULL)),
        stop jsonb NOT NULL,
        happened_at timestamptz NOT NULL
      );
      CREATE INDEX log_signing_event_happened ON log_signing_event (happened_at);
      CREATE TRIGGER log_signing_event_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON log_signing_event
        FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

      ALTER TABLE log_verification
        ADD COLUMN kind text NOT NULL DEFAULT 'full' CONSTRAINT log_verification_kind CHECK (kind IN ('full', 'incremental')),
        ADD COLUMN entries bigint,
        -- What could not be verified because a key is missing; says nothing about the log.
        ADD COLUMN unverifiable jsonb NOT NULL DEFAULT '[]';

      GRANT SELECT, INSERT ON log_key, log_signing_event TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE log_verification DROP COLUMN unverifiable, DROP COLUMN entries, DROP COLUMN kind;
      DROP TABLE log_signing_event, log_key;
    `);
  }
}
