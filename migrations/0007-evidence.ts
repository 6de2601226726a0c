import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Reports with their frozen read model and their files. */
export class Evidence1795305600007 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE report (
        id uuid CONSTRAINT report_pk PRIMARY KEY,
        title text NOT NULL,
        framework_id text NOT NULL,
        period_from timestamptz NOT NULL,
        period_to timestamptz NOT NULL,
        segments text[] NOT NULL,
        requested_by uuid NOT NULL CONSTRAINT report_requested_by_fk REFERENCES users (id),
        requested_at timestamptz NOT NULL,
        state text NOT NULL,
        failure text,
        model json,
        finished_at timestamptz
      );
      CREATE INDEX report_requested_at ON report (requested_at);
      CREATE TABLE report_file (
        report_id uuid NOT NULL CONSTRAINT report_file_report_fk REFERENCES report (id),
        name text NOT NULL,
        media_type text NOT NULL,
        sha256 bytea NOT NULL,
        content bytea NOT NULL,
        CONSTRAINT report_file_pk PRIMARY KEY (report_id, name)
      );
      GRANT SELECT, INSERT, UPDATE ON report TO segproof_service;
      GRANT SELECT, INSERT ON report_file TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE report_file, report`);
  }
}
