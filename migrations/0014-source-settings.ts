import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a source is set to beside its format: zone, verdicts of free words, columns, what is redacted. */
export class SourceSettings1795305600014 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE source ADD COLUMN settings json NOT NULL DEFAULT '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE source DROP COLUMN settings`);
  }
}
