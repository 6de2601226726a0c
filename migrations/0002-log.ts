import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The log: head, entries with their payloads, tiles, checkpoints. The service may only read and insert;
 * the head may only move forward. Triggers refuse the rest to the owner too.
 */
export class Log1795305600002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'the log is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
          USING ERRCODE = 'insufficient_privilege';
      END $$;

      CREATE TABLE log_head (
        id boolean PRIMARY KEY DEFAULT true CONSTRAINT log_head_one_row CHECK (id),
        origin text NOT NULL,
        size bigint NOT NULL CONSTRAINT log_head_size CHECK (size >= 0),
        root bytea NOT NULL CONSTRAINT log_head_root CHECK (length(root) = 32),
        partial bytea NOT NULL
      );
      ALTER TABLE log_head SET (fillfactor = 20);
      ALTER TABLE log_head ALTER COLUMN partial SET STORAGE EXTERNAL;
      CREATE FUNCTION log_head_forward() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.size < OLD.size OR NEW.origin <> OLD.origin OR (NEW.size = OLD.size AND NEW.root <> OLD.root) THEN
          RAISE EXCEPTION 'the head of the log only moves forward: from size % to %', OLD.size, NEW.size
            USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER log_head_forward BEFORE UPDATE ON log_head FOR EACH ROW EXECUTE FUNCTION log_head_forward();
      CREATE TRIGGER log_head_refuse BEFORE DELETE OR TRUNCATE ON log_head FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

      -- Locks the head for an append that was made ready for it; refuses (SG001) when it has moved on meanwhile.
      CREATE FUNCTION log_lock_head(expected_size bigint, expected_root bytea) RETURNS void
        LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
      DECLARE actual log_head;
      BEGIN
        SELECT * INTO actual FROM log_head FOR UPDATE;
        IF actual.size IS DISTINCT FROM expected_size OR actual.root IS DISTINCT FROM expected_root THEN
          RAISE EXCEPTION 'the head of the log stands at %, not at %', actual.size, expected_size USING ERRCODE = 'SG001';
        END IF;
      END $$;

      -- One row for a leaf and its payload, by retention class and month. Salt and payload can go (erasure, retention);
      -- what the leaf is hashed from stays.
      CREATE TABLE log_entry (
        index bigint NOT NULL,
        retention_class text NOT NULL,
        id uuid NOT NULL,
        kind text NOT NULL,
        source text NOT NULL,
        occurred_at_ns bigint NOT NULL,
        received_at timestamptz NOT NULL,
        payload_hash bytea NOT NULL,
        salt bytea,
        payload bytea
      ) PARTITION BY LIST (retention_class);
      -- Unique by the head's lock; a unique index could not leave out the partition keys.
      CREATE INDEX log_entry_index ON log_entry (index);
      CREATE TRIGGER log_entry_refuse BEFORE UPDATE OR DELETE ON log_entry FOR EACH ROW EXECUTE FUNCTION log_refuse();
      CREATE TRIGGER log_entry_refuse_truncate BEFORE TRUNCATE ON log_entry FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();
      DO $$
      DECLARE class text;
      BEGIN
        FOREACH class IN ARRAY ARRAY['flow', 'record', 'act'] LOOP
          EXECUTE format('CREATE TABLE log_entry_%1$s PARTITION OF log_entry FOR VALUES IN (%1$L) PARTITION BY RANGE (received_at)', class);
          EXECUTE format('CREATE TABLE log_entry_%1$s_other PARTITION OF log_entry_%1$s DEFAULT', class);
          EXECUTE format('CREATE TRIGGER log_entry_refuse_truncate BEFORE TRUNCATE ON log_entry_%1$s_other FOR EACH STATEMENT EXECUTE FUNCTION log_refuse()', class);
        END LOOP;
      END $$;

      -- Makes the partitions of a month; the service calls it ahead of time. Months start in UTC.
      CREATE FUNCTION log_entry_month(month date) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
      DECLARE class text; first date := date_trunc('month', month)::date; name text;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('log_entry_month'));
        FOREACH class IN ARRAY ARRAY['flow', 'record', 'act'] LOOP
          name := format('log_entry_%s_%s', class, to_char(first, 'YYYY_MM'));
          IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF log_entry_%s FOR VALUES FROM (%L) TO (%L)',
              name, class, first::timestamptz, (first + interval '1 month')::timestamptz);
            EXECUTE format('CREATE TRIGGER log_entry_refuse_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION log_refuse()', name);
          END IF;
        END LOOP;
      END $$;
      REVOKE ALL ON FUNCTION log_entry_month(date) FROM PUBLIC;

      CREATE TABLE log_tile (
        level smallint NOT NULL,
        index bigint NOT NULL,
        hashes bytea NOT NULL CONSTRAINT log_tile_full CHECK (length(hashes) = 8192),
        PRIMARY KEY (level, index)
      );
      -- Hashes do not compress; trying costs time.
      ALTER TABLE log_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
      CREATE TRIGGER log_tile_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON log_tile
        FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

      CREATE TABLE log_checkpoint (
        size bigint PRIMARY KEY,
        root bytea NOT NULL,
        note text NOT NULL,
        signed_at timestamptz NOT NULL
      );
      CREATE TRIGGER log_checkpoint_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON log_checkpoint
        FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

      -- Outcome of each verification of the whole log.
      CREATE TABLE log_verification (
        id uuid PRIMARY KEY,
        started_at timestamptz NOT NULL,
        finished_at timestamptz NOT NULL,
        size bigint NOT NULL,
        root bytea NOT NULL,
        problems jsonb NOT NULL
      );
      CREATE INDEX log_verification_finished ON log_verification (finished_at);
      CREATE TRIGGER log_verification_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON log_verification
        FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

      GRANT SELECT, INSERT ON log_entry, log_tile, log_checkpoint, log_verification TO segproof_service;
      GRANT SELECT, INSERT, UPDATE (size, root, partial) ON log_head TO segproof_service;
      GRANT EXECUTE ON FUNCTION log_entry_month(date) TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE log_verification, log_checkpoint, log_tile, log_entry, log_head;
      DROP FUNCTION log_lock_head(bigint, bytea), log_entry_month(date), log_head_forward(), log_refuse();
    `);
  }
}
