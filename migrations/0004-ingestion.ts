import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Sources with their tokens, and the keys that make ingestion idempotent. */
export class Ingestion1795305600004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE source (
        name text CONSTRAINT source_pk PRIMARY KEY,
        description text NOT NULL,
        format text,
        silence_after_seconds integer,
        created_at timestamptz NOT NULL
      );
      CREATE TABLE source_token (
        token_hash bytea CONSTRAINT source_token_pk PRIMARY KEY,
        source text NOT NULL CONSTRAINT source_token_source_fk REFERENCES source (name),
        hint text NOT NULL,
        created_at timestamptz NOT NULL,
        revoked_at timestamptz
      );
      CREATE INDEX source_token_source ON source_token (source);

      -- One row per deduplication key; written in the transaction of the append.
      CREATE TABLE ingest_key (
        key uuid CONSTRAINT ingest_key_pk PRIMARY KEY,
        content uuid NOT NULL,
        index bigint NOT NULL
      );
      CREATE TRIGGER ingest_key_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON ingest_key
        FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

      GRANT SELECT, INSERT, UPDATE ON source, source_token TO segproof_service;
      GRANT SELECT, INSERT ON ingest_key TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ingest_key, source_token, source`);
  }
}
