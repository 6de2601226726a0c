import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A delivery can hold several facts: `part` tells apart the records made of one entry, from 0 on. */
export class RecordParts1795305600011 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE record ADD COLUMN part integer NOT NULL DEFAULT 0;
      ALTER TABLE record ALTER COLUMN part DROP DEFAULT;
      ALTER TABLE record DROP CONSTRAINT record_pk;
      ALTER TABLE record ADD CONSTRAINT record_pk PRIMARY KEY (index, part);
      DROP INDEX record_event_time;
      CREATE INDEX record_event_time ON record (event_time, index, part);
      DROP INDEX record_kind_event_time;
      CREATE INDEX record_kind_event_time ON record (kind, event_time, index, part) WHERE kind <> 'flow';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DELETE FROM record WHERE part > 0;
      DROP INDEX record_kind_event_time;
      DROP INDEX record_event_time;
      ALTER TABLE record DROP CONSTRAINT record_pk;
      ALTER TABLE record ADD CONSTRAINT record_pk PRIMARY KEY (index);
      ALTER TABLE record DROP COLUMN part;
      CREATE INDEX record_event_time ON record (event_time, index);
      CREATE INDEX record_kind_event_time ON record (kind, event_time, index) WHERE kind <> 'flow';
    `);
  }
}
