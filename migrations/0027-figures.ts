import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Figures of success by day and scope. All of it is computed from what followers keep, and can be computed again. */
export class Figures1795305600027 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE figure_day (
        day date NOT NULL,
        -- Name of the segment; '*' is the whole estate.
        scope text NOT NULL,
        figures json NOT NULL,
        version integer NOT NULL,
        as_of timestamptz NOT NULL,
        -- Digests of what they were computed from, and sums that tell cheaply whether it has changed since.
        estate_digest text NOT NULL,
        window_digest text NOT NULL,
        fingerprint text NOT NULL,
        computed_at timestamptz NOT NULL,
        CONSTRAINT figure_day_pk PRIMARY KEY (day, scope)
      );
      GRANT SELECT, INSERT, UPDATE, DELETE ON figure_day TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE figure_day`);
  }
}
