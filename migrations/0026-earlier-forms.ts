import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What records were read as by earlier parsers. The old parser is gone, so these rows cannot be derived again: the entry
 * that superseded them holds their digests. They go with the payload they were read from.
 */
export class EarlierForms1795305600026 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE record_earlier_form (
        index bigint NOT NULL,
        superseded_index bigint NOT NULL,
        part integer NOT NULL,
        form json NOT NULL,
        superseded_at timestamptz NOT NULL,
        CONSTRAINT record_earlier_form_pk PRIMARY KEY (index, superseded_index, part)
      );
      ALTER TABLE record_earlier_form ALTER COLUMN form SET STATISTICS 0;
      GRANT SELECT, INSERT, DELETE ON record_earlier_form TO segproof_service;

      -- Wherever the rows of records are written anew, so are these.
      CREATE FUNCTION record_earlier_form_rewrite() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
      BEGIN
        INSERT INTO payload_rewrite (relation, removal_id) VALUES ('record_earlier_form', NEW.removal_id);
        RETURN NULL;
      END $$;
      REVOKE ALL ON FUNCTION record_earlier_form_rewrite() FROM PUBLIC;
      CREATE TRIGGER record_earlier_form_rewrite AFTER INSERT ON payload_rewrite
        FOR EACH ROW WHEN (NEW.relation = 'record') EXECUTE FUNCTION record_earlier_form_rewrite();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER record_earlier_form_rewrite ON payload_rewrite;
      DROP FUNCTION record_earlier_form_rewrite();
      DELETE FROM payload_rewrite WHERE relation = 'record_earlier_form';
      DROP TABLE record_earlier_form;
    `);
  }
}
