import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The role that holds the service's rights; login roles are its members. Roles are shared by all databases of a server. */
export class Roles1795305600001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$ BEGIN
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'segproof_service') THEN
          CREATE ROLE segproof_service NOLOGIN;
        END IF;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END $$;
      REVOKE CREATE ON SCHEMA public FROM PUBLIC;
      GRANT USAGE ON SCHEMA public TO segproof_service;
    `);
  }

  async down(): Promise<void> {
    // The role stays: other databases of the server may use it.
  }
}
