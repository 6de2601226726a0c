import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which labels workloads were seen with, and when. A follower keeps it; it can be rebuilt from index 0. */
export class WorkloadLabels1795305600022 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- One row for each set of labels a workload was seen with on a day (UTC, event time).
      CREATE TABLE workload_labels (
        key text NOT NULL,
        day date NOT NULL,
        digest text NOT NULL,
        labels json NOT NULL,
        first_time timestamptz NOT NULL,
        last_time timestamptz NOT NULL,
        first_index bigint NOT NULL,
        last_index bigint NOT NULL,
        CONSTRAINT workload_labels_pk PRIMARY KEY (key, day, digest)
      );
      GRANT SELECT, INSERT, UPDATE, DELETE ON workload_labels TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE workload_labels`);
  }
}
