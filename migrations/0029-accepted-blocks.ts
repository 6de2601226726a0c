import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Connections of a segment that policies may block although they passed: somebody said so, with a reason. */
export class AcceptedBlocks1795305600029 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE accepted_block (
        segment text NOT NULL CONSTRAINT accepted_block_segment REFERENCES segment (name),
        source_workload text NOT NULL,
        destination_workload text NOT NULL,
        protocol text NOT NULL,
        port integer NOT NULL,
        reason text NOT NULL,
        accepted_by text NOT NULL,
        accepted_at timestamptz NOT NULL,
        index bigint NOT NULL,
        CONSTRAINT accepted_block_pk PRIMARY KEY (segment, source_workload, destination_workload, protocol, port)
      );
      GRANT SELECT, INSERT ON accepted_block TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE accepted_block`);
  }
}
