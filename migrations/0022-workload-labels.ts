import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What followers keep of the past of workloads and flows; all of it can be rebuilt from index 0. */
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
      -- How many flows of a source there are by minute of the event: what the records of a time cover.
      CREATE TABLE flow_minute (
        source text NOT NULL,
        minute timestamptz NOT NULL,
        records bigint NOT NULL,
        CONSTRAINT flow_minute_pk PRIMARY KEY (source, minute)
      );
      GRANT SELECT, INSERT, UPDATE, DELETE ON workload_labels, flow_minute TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE flow_minute, workload_labels`);
  }
}
