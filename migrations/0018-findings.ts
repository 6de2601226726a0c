import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What needs a person: opened when its cause appears, closed when the cause is gone. */
export class Findings1795305600018 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE finding (
        id uuid CONSTRAINT finding_pk PRIMARY KEY,
        kind text NOT NULL,
        cause text NOT NULL,
        segment text,
        severity text NOT NULL,
        title text NOT NULL,
        detail text NOT NULL,
        facts json NOT NULL,
        occurred_at timestamptz NOT NULL,
        opened_at timestamptz NOT NULL,
        opened_index bigint NOT NULL,
        closed_at timestamptz,
        closed_index bigint,
        CONSTRAINT finding_closed CHECK ((closed_at IS NULL) = (closed_index IS NULL))
      );
      -- A cause has one open finding; when it comes back, it is a new one.
      CREATE UNIQUE INDEX finding_open ON finding (kind, cause) WHERE closed_at IS NULL;
      CREATE INDEX finding_opened ON finding (opened_at, id);
      GRANT SELECT, INSERT, UPDATE (segment, severity, title, detail, facts, closed_at, closed_index)
        ON finding TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE finding`);
  }
}
