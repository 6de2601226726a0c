import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Schema of the job queues when they run on PostgreSQL; the queue library makes its own tables there. */
export class Jobs1795305600008 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA job_queue;
      GRANT USAGE, CREATE ON SCHEMA job_queue TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP SCHEMA job_queue CASCADE`);
  }
}
