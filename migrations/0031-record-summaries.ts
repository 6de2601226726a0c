import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Where in the table a source or a workload may occur: a Bloom filter for each sixteen pages, which costs next to nothing as records
 * are added, and finds what occurs seldom among ten million of them. What occurs often is found in the order of the list.
 */
export class RecordSummaries1795305600031 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX record_names ON record USING brin
        (source text_bloom_ops, source_workload text_bloom_ops, destination_workload text_bloom_ops)
        WITH (pages_per_range = 16, autosummarize = on);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX record_names`);
  }
}
