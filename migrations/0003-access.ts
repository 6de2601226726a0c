import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Users, their sessions, and the sign-in attempts that limit guessing. */
export class Access1795305600003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE users (
        id uuid CONSTRAINT users_pk PRIMARY KEY,
        name text NOT NULL CONSTRAINT users_name_unique UNIQUE,
        display_name text NOT NULL,
        roles text[] NOT NULL,
        password_hash text NOT NULL,
        created_at timestamptz NOT NULL,
        disabled_at timestamptz
      );
      CREATE TABLE session (
        token_hash bytea CONSTRAINT session_pk PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT session_user_fk REFERENCES users (id),
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
      );
      CREATE INDEX session_by_user ON session (user_id);
      GRANT SELECT, INSERT, UPDATE ON users TO segproof_service;
      GRANT SELECT, INSERT, DELETE ON session TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE session, users`);
  }
}
