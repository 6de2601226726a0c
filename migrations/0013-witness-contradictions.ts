import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Times when a witness had seen a log that this one does not continue. Insert-only; each with an entry of the log. */
export class WitnessContradictions1795305600013 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE log_witness_contradiction (
        id uuid CONSTRAINT log_witness_contradiction_pk PRIMARY KEY,
        key_name text NOT NULL,
        key_id text NOT NULL,
        -- It has another log of some size, or more of it than there is.
        kind text NOT NULL CONSTRAINT log_witness_contradiction_kind CHECK (kind IN ('inconsistent', 'ahead')),
        detail text NOT NULL,
        found_at timestamptz NOT NULL
      );
      CREATE INDEX log_witness_contradiction_key ON log_witness_contradiction (key_name, key_id, found_at);
      CREATE TRIGGER log_witness_contradiction_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON log_witness_contradiction
        FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();
      GRANT SELECT, INSERT ON log_witness_contradiction TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE log_witness_contradiction');
  }
}
