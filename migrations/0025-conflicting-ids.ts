import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Records that came with the id of an earlier record and other bytes: which entry holds the earlier one. Written in the
 * transaction of the append, which alone knows both. Conflicts from before this table are kept like all records, and not listed.
 */
export class ConflictingIds1795305600025 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE ingest_conflict (
        index bigint CONSTRAINT ingest_conflict_pk PRIMARY KEY,
        first_index bigint NOT NULL
      );
      CREATE INDEX ingest_conflict_first_index ON ingest_conflict (first_index);
      CREATE TRIGGER ingest_conflict_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON ingest_conflict
        FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();
      GRANT SELECT, INSERT ON ingest_conflict TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ingest_conflict`);
  }
}
