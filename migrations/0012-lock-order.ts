import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Work on tables that are in use takes its locks in the order in which everybody else does, and never keeps others waiting for long:
 * making partitions beside appends, and writing tables anew beside readers.
 */
export class LockOrder1795305600012 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(partitions);
    await runner.query(rewriting);
  }

  /** What the functions did before differs in locks only. */
  async down(): Promise<void> {}
}

/** Appends lock the log, then its parts in the order of their entries: the log itself is locked first, and alone, here too. */
const partitions = `
  CREATE OR REPLACE FUNCTION log_entry_month(month date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
  DECLARE
    class text;
    first date := date_trunc('month', month)::date;
    name text;
    missing text[] := '{}';
    is_late boolean;
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('log_entry_month'));
    FOREACH class IN ARRAY ARRAY['flow', 'record', 'act'] LOOP
      CONTINUE WHEN to_regclass(format('log_entry_%s_%s', class, to_char(first, 'YYYY_MM'))) IS NOT NULL;
      -- Entries that came while the month had no part of its own stay in the part for the rest, and do as well there.
      EXECUTE format('SELECT EXISTS (SELECT 1 FROM log_entry_%s_other WHERE received_at >= $1 AND received_at < $2)', class)
        INTO is_late USING first::timestamptz, (first + interval '1 month')::timestamptz;
      IF NOT is_late THEN missing := missing || class; END IF;
    END LOOP;
    IF missing = '{}' THEN RETURN; END IF;
    LOCK TABLE ONLY log_entry IN ACCESS EXCLUSIVE MODE;
    FOREACH class IN ARRAY missing LOOP
      name := format('log_entry_%s_%s', class, to_char(first, 'YYYY_MM'));
      BEGIN
        EXECUTE format('CREATE TABLE %I PARTITION OF log_entry_%s FOR VALUES FROM (%L) TO (%L)',
          name, class, first::timestamptz, (first + interval '1 month')::timestamptz);
        EXECUTE format('ALTER TABLE %I ALTER COLUMN salt SET STATISTICS 0, ALTER COLUMN payload SET STATISTICS 0', name);
        EXECUTE format('CREATE TRIGGER log_entry_refuse_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION log_refuse()', name);
      EXCEPTION WHEN check_violation THEN
        RAISE WARNING 'entries of % of class % came meanwhile and stay in log_entry_%_other', to_char(first, 'YYYY-MM'), class, class;
      END;
    END LOOP;
  END $$;
`;

/** Giving a column of a foreign key its own type anew would lock the other table as well; such columns hold ids, which are no text of anybody's. */
const rewriting = `
  CREATE OR REPLACE FUNCTION payload_rewrite_run(of_relation text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
  DECLARE
    latest xid8;
    relation_id regclass := to_regclass(quote_ident(of_relation));
    by_index text;
    is_empty boolean;
    sampled text;
    its_type text;
  BEGIN
    PERFORM 1 FROM payload_rewrite w WHERE w.relation = of_relation AND w.done_at IS NULL FOR UPDATE;
    SELECT r.xid INTO latest FROM payload_rewrite w JOIN log_payload_removal r ON r.id = w.removal_id
      WHERE w.relation = of_relation AND w.done_at IS NULL ORDER BY r.xid DESC LIMIT 1;
    IF latest IS NULL THEN
      RAISE EXCEPTION 'no removal asks for % to be written anew', of_relation USING ERRCODE = 'SGR02';
    END IF;
    -- After a restore into another server, numbers of transactions mean nothing, and the tables are new.
    IF latest < pg_snapshot_xmax(pg_current_snapshot()) AND (
      EXISTS (SELECT 1 FROM pg_stat_activity a WHERE (a.datid IS NULL OR a.datname = current_database())
        AND (age(a.backend_xmin) >= age(latest::xid) OR age(a.backend_xid) >= age(latest::xid)))
      OR EXISTS (SELECT 1 FROM pg_replication_slots s WHERE age(s.xmin) >= age(latest::xid))
      OR EXISTS (SELECT 1 FROM pg_prepared_xacts p WHERE age(p.transaction) >= age(latest::xid))
    ) THEN
      RETURN false;
    END IF;
    IF relation_id IS NOT NULL THEN
      SELECT c.relname INTO by_index FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = relation_id AND i.indisvalid AND i.indpred IS NULL ORDER BY i.indisprimary DESC, c.relname LIMIT 1;
      EXECUTE format('CLUSTER %I USING %I', of_relation, by_index);
      EXECUTE format('ANALYZE %I', of_relation);
      -- ANALYZE leaves the statistics of an emptied table as they were; giving a column its own type drops them.
      EXECUTE format('SELECT NOT EXISTS (SELECT 1 FROM %I)', of_relation) INTO is_empty;
      IF is_empty THEN
        FOR sampled, its_type IN
          SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
          WHERE a.attrelid = relation_id AND a.attnum > 0 AND NOT a.attisdropped AND NOT EXISTS (
            SELECT 1 FROM pg_constraint k WHERE k.contype = 'f'
              AND ((k.conrelid = relation_id AND a.attnum = ANY (k.conkey)) OR (k.confrelid = relation_id AND a.attnum = ANY (k.confkey))))
        LOOP
          EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE %s', of_relation, sampled, its_type);
        END LOOP;
      END IF;
    END IF;
    UPDATE payload_rewrite w SET done_at = now() WHERE w.relation = of_relation AND w.done_at IS NULL;
    RETURN true;
  END $$;
`;
