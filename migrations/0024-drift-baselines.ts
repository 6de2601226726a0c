import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Instants whose policies somebody accepted as intended. */
export class DriftBaselines1795305600024 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE drift_baseline (
        id uuid CONSTRAINT drift_baseline_pk PRIMARY KEY,
        at timestamptz NOT NULL,
        reason text NOT NULL,
        -- Null for all policies.
        policies json,
        accepted_by text NOT NULL,
        accepted_at timestamptz NOT NULL,
        accepted_index bigint NOT NULL
      );
      -- What was accepted stays on record: a later baseline takes its place.
      GRANT SELECT, INSERT ON drift_baseline TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE drift_baseline`);
  }
}
