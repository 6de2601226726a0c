import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Every phase a segment entered, when, by whom, why, and what was missing where somebody went over it. */
export class SegmentPhases1795305600028 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE segment_phase (
        segment text NOT NULL CONSTRAINT segment_phase_segment REFERENCES segment (name),
        position integer NOT NULL,
        phase text NOT NULL,
        entered_at timestamptz NOT NULL,
        -- Null where it was entered before phases had a history.
        index bigint,
        entered_by text NOT NULL,
        reason text NOT NULL,
        -- Criteria that did not hold; others than none only by override.
        missing json NOT NULL,
        CONSTRAINT segment_phase_pk PRIMARY KEY (segment, position)
      );
      INSERT INTO segment_phase (segment, position, phase, entered_at, index, entered_by, reason, missing)
        SELECT name, 1, phase, phase_since, NULL, '', 'As it stood when phases began to be recorded', '[]' FROM segment;
      GRANT SELECT, INSERT ON segment_phase TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE segment_phase`);
  }
}
