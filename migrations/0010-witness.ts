import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Cosignatures of witnesses on kept checkpoints, and what was posted to the anchor webhook. Insert-only, like the checkpoints. */
export class Witness1795305600010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE log_cosignature (
        size bigint NOT NULL,
        root bytea NOT NULL CONSTRAINT log_cosignature_root CHECK (length(root) = 32),
        key_name text NOT NULL,
        key_id text NOT NULL,
        line text NOT NULL,
        cosigned_at timestamptz NOT NULL,
        CONSTRAINT log_cosignature_pk PRIMARY KEY (size, root, key_name, key_id)
      );
      CREATE INDEX log_cosignature_key ON log_cosignature (key_name, key_id, size);
      CREATE TRIGGER log_cosignature_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON log_cosignature
        FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

      -- Checkpoints that had the quorum of the policy then in force.
      CREATE TABLE log_witnessed (
        size bigint NOT NULL,
        root bytea NOT NULL CONSTRAINT log_witnessed_root CHECK (length(root) = 32),
        witnessed_at timestamptz NOT NULL,
        CONSTRAINT log_witnessed_pk PRIMARY KEY (size, root)
      );
      CREATE TRIGGER log_witnessed_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON log_witnessed
        FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

      CREATE TABLE log_anchored (
        size bigint NOT NULL,
        root bytea NOT NULL CONSTRAINT log_anchored_root CHECK (length(root) = 32),
        target text NOT NULL,
        anchored_at timestamptz NOT NULL,
        CONSTRAINT log_anchored_pk PRIMARY KEY (target, size, root)
      );
      CREATE TRIGGER log_anchored_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON log_anchored
        FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

      GRANT SELECT, INSERT ON log_cosignature, log_witnessed, log_anchored TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE log_cosignature, log_witnessed, log_anchored`);
  }
}
