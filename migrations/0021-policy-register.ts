import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What people set about a policy, or one rule of it: owner, reason, expiry, review, labels. */
export class PolicyRegister1795305600021 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE policy_register (
        system text NOT NULL,
        kind text NOT NULL,
        namespace text,
        name text NOT NULL,
        -- Digest of the rule; null for the policy as a whole.
        rule text,
        rule_direction text,
        -- What the rule says, for when the policy no longer has it.
        rule_text text,
        owner text,
        reason text,
        expires text,
        review text,
        labels json NOT NULL,
        set_at timestamptz NOT NULL,
        set_by text NOT NULL,
        set_index bigint NOT NULL,
        CONSTRAINT policy_register_unique UNIQUE NULLS NOT DISTINCT (system, kind, namespace, name, rule)
      );
      GRANT SELECT, INSERT, UPDATE ON policy_register TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE policy_register`);
  }
}
