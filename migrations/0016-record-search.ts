import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Search by time plus one field reads one index in the order of the list. Records already there get
 * their reason when `segproof rebuild records` derives them again.
 */
export class RecordSearch1795305600016 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE record ADD COLUMN reason text;
      CREATE INDEX record_received ON record (received_at);
      CREATE INDEX record_source_event_time ON record (source, event_time, index, part);
      CREATE INDEX record_verdict_event_time ON record (verdict, event_time, index, part) WHERE verdict <> 'allow';
      CREATE INDEX record_from_event_time ON record (source_workload, event_time, index, part) WHERE source_workload IS NOT NULL;
      CREATE INDEX record_to_event_time ON record (destination_workload, event_time, index, part) WHERE destination_workload IS NOT NULL;
      CREATE INDEX record_actor_event_time ON record (actor, event_time, index, part) WHERE actor IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX record_received, record_source_event_time, record_verdict_event_time, record_from_event_time,
        record_to_event_time, record_actor_event_time;
      ALTER TABLE record DROP COLUMN reason;
    `);
  }
}
