import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Secrets with which senders sign their webhooks, sealed with a key that is not in the database. */
export class SourceSecrets1795305600017 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE source_secret (
        id uuid CONSTRAINT source_secret_pk PRIMARY KEY,
        source text NOT NULL CONSTRAINT source_secret_source_fk REFERENCES source (name),
        scheme text NOT NULL,
        sealed bytea NOT NULL,
        created_at timestamptz NOT NULL,
        revoked_at timestamptz
      );
      CREATE INDEX source_secret_source ON source_secret (source);
      GRANT SELECT, INSERT, UPDATE ON source_secret TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE source_secret`);
  }
}
