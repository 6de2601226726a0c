import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Search by time plus a rare verdict or an actor reads one index in the order of the list; the fields that every flow has
 * would cost an index entry for each record taken. Records already there get their reason when `segproof rebuild records`
 * derives them again.
 */
export class RecordSearch1795305600016 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE record ADD COLUMN reason text;
      CREATE INDEX record_verdict_event_time ON record (verdict, event_time, index, part) WHERE verdict <> 'allow';
      CREATE INDEX record_actor_event_time ON record (actor, event_time, index, part) WHERE actor IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX record_verdict_event_time, record_actor_event_time;
      ALTER TABLE record DROP COLUMN reason;
    `);
  }
}
