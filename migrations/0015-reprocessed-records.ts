import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Records that could not be read at first and were read later: which entry holds what was made of them. */
export class ReprocessedRecords1795305600015 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE record ADD COLUMN reprocessed_index bigint;
      CREATE INDEX record_quarantine ON record (source, index) WHERE reject_reason IS NOT NULL AND reprocessed_index IS NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX record_quarantine;
      ALTER TABLE record DROP COLUMN reprocessed_index;
    `);
  }
}
