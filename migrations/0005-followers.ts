import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Everything derived from the log by followers, with their cursors; all of it can be rebuilt from index 0. */
export class Followers1795305600005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE follower (
        name text CONSTRAINT follower_pk PRIMARY KEY,
        next_index bigint NOT NULL,
        updated_at timestamptz NOT NULL
      );

      CREATE TABLE record (
        index bigint CONSTRAINT record_pk PRIMARY KEY,
        source text NOT NULL,
        kind text NOT NULL,
        format text,
        parser_version integer,
        event_time timestamptz NOT NULL,
        event_time_text text NOT NULL,
        received_at timestamptz NOT NULL,
        time_source text NOT NULL,
        verdict text,
        direction text,
        source_workload text,
        destination_workload text,
        protocol text,
        port integer,
        policy text,
        actor text,
        native_id text,
        summary text NOT NULL,
        flags text[] NOT NULL,
        reject_reason text,
        reject_detail text
      );
      CREATE INDEX record_event_time ON record (event_time, index);
      CREATE INDEX record_kind_event_time ON record (kind, event_time, index) WHERE kind <> 'flow';
      CREATE INDEX record_rejected ON record (index) WHERE reject_reason IS NOT NULL;

      -- How many records there were of each kind and verdict on a day (UTC, event time).
      CREATE TABLE record_day (
        day date NOT NULL,
        kind text NOT NULL,
        verdict text NOT NULL,
        records bigint NOT NULL,
        CONSTRAINT record_day_pk PRIMARY KEY (day, kind, verdict)
      );

      CREATE TABLE source_minute (
        source text NOT NULL,
        minute timestamptz NOT NULL,
        received bigint NOT NULL,
        rejected bigint NOT NULL,
        first_event_time timestamptz NOT NULL,
        last_event_time timestamptz NOT NULL,
        last_index bigint NOT NULL,
        CONSTRAINT source_minute_pk PRIMARY KEY (source, minute)
      );

      CREATE TABLE workload (
        key text CONSTRAINT workload_pk PRIMARY KEY,
        kind text,
        namespace text,
        name text NOT NULL,
        labels json NOT NULL,
        first_index bigint NOT NULL,
        last_index bigint NOT NULL,
        first_seen timestamptz NOT NULL,
        last_seen timestamptz NOT NULL
      );
      CREATE INDEX workload_namespace ON workload (namespace);

      CREATE TABLE flow_edge (
        day date NOT NULL,
        source_workload text NOT NULL,
        destination_workload text NOT NULL,
        protocol text NOT NULL,
        port integer NOT NULL,
        direction text NOT NULL,
        verdict text NOT NULL,
        flows bigint NOT NULL,
        first_index bigint NOT NULL,
        last_index bigint NOT NULL,
        first_time timestamptz NOT NULL,
        last_time timestamptz NOT NULL,
        CONSTRAINT flow_edge_pk PRIMARY KEY
          (day, source_workload, destination_workload, protocol, port, direction, verdict)
      );
      CREATE INDEX flow_edge_destination ON flow_edge (destination_workload, day);

      -- One entry can change several policies (a delete of a collection): position tells them apart.
      CREATE TABLE policy_version (
        index bigint NOT NULL,
        position integer NOT NULL,
        system text NOT NULL,
        kind text NOT NULL,
        namespace text,
        name text NOT NULL,
        version integer NOT NULL,
        action text NOT NULL,
        author text NOT NULL,
        source text NOT NULL,
        event_time timestamptz NOT NULL,
        event_time_text text NOT NULL,
        digest text,
        object json,
        CONSTRAINT policy_version_pk PRIMARY KEY (index, position)
      );
      CREATE INDEX policy_version_policy ON policy_version (kind, namespace, name, index);
      CREATE INDEX policy_version_event_time ON policy_version (event_time);

      GRANT SELECT, INSERT, UPDATE, DELETE
        ON follower, record, record_day, source_minute, workload, flow_edge, policy_version TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE policy_version, flow_edge, workload, source_minute, record_day, record, follower`);
  }
}
