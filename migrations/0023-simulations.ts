import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Drafts of policies replayed against recorded flow edges: what was asked, what it was run on, and what came out. */
export class Simulations1795305600023 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE simulation (
        id uuid CONSTRAINT simulation_pk PRIMARY KEY,
        title text NOT NULL,
        change_id uuid CONSTRAINT simulation_change_fk REFERENCES change (id),
        items json NOT NULL,
        items_digest text NOT NULL,
        first_day date NOT NULL,
        last_day date NOT NULL,
        labels text NOT NULL CONSTRAINT simulation_labels CHECK (labels IN ('flow_time', 'now')),
        ip_block_matches_pods boolean,
        requested_by uuid NOT NULL CONSTRAINT simulation_requested_by_fk REFERENCES users (id),
        requested_at timestamptz NOT NULL,
        requested_index bigint NOT NULL,
        state text NOT NULL CONSTRAINT simulation_state
          CHECK (state IN ('waiting', 'running', 'finished', 'failed', 'cancelled')),
        attempts integer NOT NULL DEFAULT 0,
        edges_done bigint NOT NULL DEFAULT 0,
        edges_total bigint,
        failure text,
        finished_at timestamptz,
        finished_index bigint,
        in_force_digest text,
        -- Canonical JSON, deflated: with the edges, all that the result depends on.
        inputs bytea,
        result json,
        CONSTRAINT simulation_days CHECK (first_day <= last_day)
      );
      CREATE INDEX simulation_requested_index ON simulation (requested_index);
      CREATE INDEX simulation_items ON simulation (items_digest, requested_index);
      CREATE INDEX simulation_unfinished ON simulation (id) WHERE state IN ('waiting', 'running');

      -- What each figure counts, some items a row: lines of JSON, deflated. Nothing of it changes once it is there.
      CREATE TABLE simulation_page (
        simulation_id uuid NOT NULL CONSTRAINT simulation_page_simulation_fk REFERENCES simulation (id),
        list text NOT NULL,
        number integer NOT NULL,
        items integer NOT NULL,
        content bytea NOT NULL,
        CONSTRAINT simulation_page_pk PRIMARY KEY (simulation_id, list, number)
      );
      ALTER TABLE simulation_page ALTER COLUMN content SET STORAGE EXTERNAL;

      GRANT SELECT, INSERT, UPDATE (state, attempts, edges_done, edges_total, failure, finished_at, finished_index,
        in_force_digest, inputs, result) ON simulation TO segproof_service;
      -- A run that was broken off leaves pages behind, which the next one takes away.
      GRANT SELECT, INSERT, DELETE ON simulation_page TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE simulation_page, simulation`);
  }
}
