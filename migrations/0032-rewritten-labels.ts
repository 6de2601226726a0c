import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What goes of the labels of workloads goes from the files too: their table is written anew with that of the workloads. */
export class RewrittenLabels1795305600032 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION workload_labels_rewrite() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
      BEGIN
        INSERT INTO payload_rewrite (relation, removal_id) VALUES ('workload_labels', NEW.removal_id);
        RETURN NULL;
      END $$;
      REVOKE ALL ON FUNCTION workload_labels_rewrite() FROM PUBLIC;
      CREATE TRIGGER workload_labels_rewrite AFTER INSERT ON payload_rewrite
        FOR EACH ROW WHEN (NEW.relation = 'workload') EXECUTE FUNCTION workload_labels_rewrite();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER workload_labels_rewrite ON payload_rewrite;
      DROP FUNCTION workload_labels_rewrite();
      DELETE FROM payload_rewrite WHERE relation = 'workload_labels';
    `);
  }
}
