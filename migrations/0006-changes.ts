import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Segments, and change requests with their items and reviews. */
export class Changes1795305600006 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE segment (
        name text CONSTRAINT segment_pk PRIMARY KEY,
        owner text NOT NULL,
        criticality text NOT NULL,
        phase text NOT NULL,
        namespace text NOT NULL,
        match_labels json NOT NULL,
        phase_since timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
      );

      CREATE TABLE change (
        id uuid CONSTRAINT change_pk PRIMARY KEY,
        number integer GENERATED ALWAYS AS IDENTITY CONSTRAINT change_number_unique UNIQUE,
        title text NOT NULL,
        reason text NOT NULL,
        state text NOT NULL,
        requester_id uuid NOT NULL CONSTRAINT change_requester_fk REFERENCES users (id),
        window_from timestamptz NOT NULL,
        window_to timestamptz NOT NULL,
        proposed_at timestamptz NOT NULL,
        proposed_index bigint NOT NULL,
        CONSTRAINT change_window CHECK (window_from < window_to)
      );
      CREATE INDEX change_state ON change (state);

      CREATE TABLE change_item (
        change_id uuid NOT NULL CONSTRAINT change_item_change_fk REFERENCES change (id),
        position integer NOT NULL,
        kind text NOT NULL,
        namespace text,
        name text NOT NULL,
        action text NOT NULL,
        digest text,
        object json,
        CONSTRAINT change_item_pk PRIMARY KEY (change_id, position)
      );

      CREATE TABLE change_review (
        change_id uuid NOT NULL CONSTRAINT change_review_change_fk REFERENCES change (id),
        reviewer_id uuid NOT NULL CONSTRAINT change_review_reviewer_fk REFERENCES users (id),
        decision text NOT NULL,
        comment text NOT NULL,
        reviewed_at timestamptz NOT NULL,
        reviewed_index bigint NOT NULL,
        CONSTRAINT change_review_pk PRIMARY KEY (change_id, reviewer_id)
      );
      -- Nobody approves their own change: the rule stands in the database as well as in the service.
      CREATE FUNCTION change_review_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT 1 FROM change c WHERE c.id = NEW.change_id AND c.requester_id = NEW.reviewer_id) THEN
          RAISE EXCEPTION 'nobody reviews their own change' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER change_review_by_another BEFORE INSERT OR UPDATE ON change_review
        FOR EACH ROW EXECUTE FUNCTION change_review_by_another();

      GRANT SELECT, INSERT, UPDATE ON segment TO segproof_service;
      GRANT SELECT, INSERT, UPDATE (state) ON change TO segproof_service;
      GRANT SELECT, INSERT ON change_item, change_review TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE change_review, change_item, change, segment;
      DROP FUNCTION change_review_by_another();
    `);
  }
}
