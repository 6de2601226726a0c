import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Retention rules, legal holds and erasures, and the one way in which a payload can leave the log. The service
 * may only insert what people decided; the functions at the end act on it as the owner, after looking at everything themselves.
 */
export class Retention1795305600009 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(decisions);
    await runner.query(removals);
    await runner.query(removalFunctions);
    await runner.query(rewriting);
    await runner.query(statistics);
    await runner.query(`
      GRANT SELECT, INSERT ON retention_rule, legal_hold, legal_hold_release, erasure, erasure_decision TO segproof_service;
      GRANT SELECT ON log_payload_removal, log_payload_removal_entry, payload_rewrite TO segproof_service;
      REVOKE ALL ON FUNCTION payload_removal_lock(), payload_remove(uuid, uuid, text, date, bigint[]),
        retention_due(), retention_remove(text, date, integer), erasure_execute(uuid), payload_rewrite_run(text) FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION retention_due(), retention_remove(text, date, integer), erasure_execute(uuid),
        payload_rewrite_run(text) TO segproof_service;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER report_without_erased ON report;
      DROP TRIGGER log_entry_refuse ON log_entry;
      CREATE TRIGGER log_entry_refuse BEFORE UPDATE OR DELETE ON log_entry FOR EACH ROW EXECUTE FUNCTION log_refuse();
      DROP FUNCTION payload_rewrite_run(text), retention_due(), retention_remove(text, date, integer), erasure_execute(uuid),
        payload_remove(uuid, uuid, text, date, bigint[]), payload_removal_lock(), retention_reached(text, date),
        payload_removal_entry_index(log_payload_removal), log_entry_refuse(), report_without_erased(), log_nanosecond_text(bigint),
        log_leaf_hash(uuid, text, text, bigint, timestamptz, bytea),
        legal_hold_covers(legal_hold, bigint, text, text, bigint, timestamptz);
      DROP TABLE payload_rewrite, log_payload_removal_entry, log_payload_removal, erasure_decision, erasure, legal_hold_release,
        legal_hold, retention_rule;
      DROP FUNCTION payload_removal_recorded(), legal_hold_release_by_another(), retention_recorded(), retention_by_role(),
        retention_keeps(text);
    `);
  }
}

/** What people decide: insert-only, each row with the entry of the log that records it. */
const decisions = `
  CREATE TABLE retention_rule (
    id uuid CONSTRAINT retention_rule_pk PRIMARY KEY,
    retention_class text NOT NULL CONSTRAINT retention_rule_class CHECK (retention_class IN ('flow', 'record', 'act')),
    -- Null keeps payloads for ever, as without any rule.
    keep_days integer CONSTRAINT retention_rule_bounds CHECK (
      keep_days >= CASE retention_class WHEN 'flow' THEN 7 WHEN 'record' THEN 30 ELSE 365 END AND keep_days <= 36500),
    reason text NOT NULL,
    set_by uuid NOT NULL CONSTRAINT retention_rule_set_by_fk REFERENCES users (id),
    set_at timestamptz NOT NULL,
    recorded_index bigint NOT NULL CONSTRAINT retention_rule_recorded UNIQUE
  );

  -- What is null does not narrow the hold. Times: an entry is covered when it happened or was received within them.
  CREATE TABLE legal_hold (
    id uuid CONSTRAINT legal_hold_pk PRIMARY KEY,
    name text NOT NULL,
    reason text NOT NULL,
    retention_class text CONSTRAINT legal_hold_class CHECK (retention_class IN ('flow', 'record', 'act')),
    source text,
    time_from timestamptz,
    time_to timestamptz,
    indices bigint[],
    placed_by uuid NOT NULL CONSTRAINT legal_hold_placed_by_fk REFERENCES users (id),
    placed_at timestamptz NOT NULL,
    recorded_index bigint NOT NULL CONSTRAINT legal_hold_recorded UNIQUE,
    CONSTRAINT legal_hold_times CHECK (time_from < time_to),
    CONSTRAINT legal_hold_indices CHECK (cardinality(indices) BETWEEN 1 AND 10000)
  );
  CREATE TABLE legal_hold_release (
    id uuid CONSTRAINT legal_hold_release_pk PRIMARY KEY,
    hold_id uuid NOT NULL CONSTRAINT legal_hold_release_once UNIQUE
      CONSTRAINT legal_hold_release_hold_fk REFERENCES legal_hold (id),
    reason text NOT NULL,
    released_by uuid NOT NULL CONSTRAINT legal_hold_release_by_fk REFERENCES users (id),
    released_at timestamptz NOT NULL,
    recorded_index bigint NOT NULL CONSTRAINT legal_hold_release_recorded UNIQUE
  );

  -- The text that was searched for is not kept: it is what is to be erased.
  CREATE TABLE erasure (
    id uuid CONSTRAINT erasure_pk PRIMARY KEY,
    reason text NOT NULL,
    selected_by text NOT NULL CONSTRAINT erasure_selected_by CHECK (selected_by IN ('indices', 'text')),
    indices bigint[] NOT NULL CONSTRAINT erasure_indices CHECK (cardinality(indices) BETWEEN 1 AND 100000),
    -- Reports in which the text was found; those that cite an index are found when it is erased.
    reports uuid[] NOT NULL,
    requested_by uuid NOT NULL CONSTRAINT erasure_requested_by_fk REFERENCES users (id),
    requested_at timestamptz NOT NULL,
    recorded_index bigint NOT NULL CONSTRAINT erasure_recorded UNIQUE
  );
  CREATE TABLE erasure_decision (
    id uuid CONSTRAINT erasure_decision_pk PRIMARY KEY,
    erasure_id uuid NOT NULL CONSTRAINT erasure_decision_once UNIQUE
      CONSTRAINT erasure_decision_erasure_fk REFERENCES erasure (id),
    decision text NOT NULL CONSTRAINT erasure_decision_decision CHECK (decision IN ('approve', 'reject')),
    comment text NOT NULL,
    decided_by uuid NOT NULL CONSTRAINT erasure_decision_by_fk REFERENCES users (id),
    decided_at timestamptz NOT NULL,
    -- An approval is recorded by the entry of the removal, which is made with it.
    recorded_index bigint CONSTRAINT erasure_decision_recorded UNIQUE,
    CONSTRAINT erasure_decision_entry CHECK ((decision = 'approve') = (recorded_index IS NULL))
  );
  DO $$
  DECLARE name text;
  BEGIN
    FOREACH name IN ARRAY ARRAY['retention_rule', 'legal_hold', 'legal_hold_release', 'erasure', 'erasure_decision'] LOOP
      EXECUTE format('CREATE TRIGGER %1$s_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON %1$I
        FOR EACH STATEMENT EXECUTE FUNCTION log_refuse()', name);
    END LOOP;
  END $$;

  -- Arguments: the column that names the person, and the roles of which one is needed.
  CREATE FUNCTION retention_by_role() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
  DECLARE person uuid := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
  BEGIN
    IF NOT EXISTS (SELECT 1 FROM users u WHERE u.id = person AND u.disabled_at IS NULL AND u.roles && TG_ARGV[1]::text[]) THEN
      RAISE EXCEPTION 'this needs one of the roles %', TG_ARGV[1] USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER retention_rule_by_role BEFORE INSERT ON retention_rule
    FOR EACH ROW EXECUTE FUNCTION retention_by_role('set_by', '{admin}');
  CREATE TRIGGER legal_hold_by_role BEFORE INSERT ON legal_hold
    FOR EACH ROW EXECUTE FUNCTION retention_by_role('placed_by', '{admin}');
  CREATE TRIGGER legal_hold_release_by_role BEFORE INSERT ON legal_hold_release
    FOR EACH ROW EXECUTE FUNCTION retention_by_role('released_by', '{admin,approver}');
  CREATE TRIGGER erasure_by_role BEFORE INSERT ON erasure
    FOR EACH ROW EXECUTE FUNCTION retention_by_role('requested_by', '{admin}');
  CREATE TRIGGER erasure_decision_by_role BEFORE INSERT ON erasure_decision
    FOR EACH ROW EXECUTE FUNCTION retention_by_role('decided_by', '{admin,approver}');

  -- Two people: the rule stands in the database as well as in the service.
  CREATE FUNCTION legal_hold_release_by_another() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
  BEGIN
    IF EXISTS (SELECT 1 FROM legal_hold h WHERE h.id = NEW.hold_id AND h.placed_by = NEW.released_by) THEN
      RAISE EXCEPTION 'nobody releases the hold they placed' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER legal_hold_release_by_another BEFORE INSERT ON legal_hold_release
    FOR EACH ROW EXECUTE FUNCTION legal_hold_release_by_another();

  -- Argument: the kind of the entry that records the row, and names its id.
  CREATE FUNCTION retention_recorded() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
  BEGIN
    IF NEW.recorded_index IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM log_entry e WHERE e.retention_class = 'act' AND e.index = NEW.recorded_index
        AND CASE WHEN e.kind = TG_ARGV[0] THEN convert_from(e.payload, 'UTF8')::json ->> 'id' = NEW.id::text END
    ) THEN
      RAISE EXCEPTION 'no entry % at % records the row % of %', TG_ARGV[0], NEW.recorded_index, NEW.id, TG_TABLE_NAME
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
  END $$;
  CREATE CONSTRAINT TRIGGER retention_rule_in_log AFTER INSERT ON retention_rule
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION retention_recorded('retention.rule_set');
  CREATE CONSTRAINT TRIGGER legal_hold_in_log AFTER INSERT ON legal_hold
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION retention_recorded('retention.hold_placed');
  CREATE CONSTRAINT TRIGGER legal_hold_release_in_log AFTER INSERT ON legal_hold_release
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION retention_recorded('retention.hold_released');
  CREATE CONSTRAINT TRIGGER erasure_in_log AFTER INSERT ON erasure
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION retention_recorded('erasure.requested');
  CREATE CONSTRAINT TRIGGER erasure_decision_in_log AFTER INSERT ON erasure_decision
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION retention_recorded('erasure.rejected');

  CREATE FUNCTION legal_hold_covers(hold legal_hold, index bigint, class text, source text, occurred_at_ns bigint, received_at timestamptz)
    RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (hold.indices IS NULL OR index = ANY (hold.indices))
      AND (hold.retention_class IS NULL OR hold.retention_class = class)
      AND (hold.source IS NULL OR hold.source = source)
      AND ((received_at >= coalesce(hold.time_from, '-infinity') AND received_at < coalesce(hold.time_to, 'infinity'))
        OR ((hold.time_from IS NULL OR occurred_at_ns >= extract(epoch FROM hold.time_from) * 1000000000)
          AND (hold.time_to IS NULL OR occurred_at_ns < extract(epoch FROM hold.time_to) * 1000000000)))
  $$;
`;

/** What was removed, and the trigger that lets a payload go only as one of these rows says. */
const removals = `
  -- Payloads of these kinds say why others are gone, or are needed to verify the log: they stay.
  CREATE FUNCTION retention_keeps(kind text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT kind ~ '^(retention|erasure|log)[.]'
  $$;

  -- One row for each removal, with the entry that says the same; by rule for a month of a class, or by erasure for single entries.
  CREATE TABLE log_payload_removal (
    id uuid CONSTRAINT log_payload_removal_pk PRIMARY KEY,
    rule_id uuid CONSTRAINT log_payload_removal_rule_fk REFERENCES retention_rule (id),
    retention_class text,
    month date,
    erasure_id uuid CONSTRAINT log_payload_removal_erasure UNIQUE
      CONSTRAINT log_payload_removal_erasure_fk REFERENCES erasure (id),
    first_index bigint NOT NULL,
    last_index bigint NOT NULL,
    count bigint NOT NULL CONSTRAINT log_payload_removal_count CHECK (count > 0),
    -- SHA-256 over the leaf hashes of the entries, in index order.
    digest bytea NOT NULL CONSTRAINT log_payload_removal_digest CHECK (length(digest) = 32),
    -- Size of the log when the payloads went: the entry that says so stands at or above it.
    log_size bigint NOT NULL,
    removed_at timestamptz NOT NULL DEFAULT transaction_timestamp(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT log_payload_removal_cause CHECK (
      (rule_id IS NULL) = (erasure_id IS NOT NULL) AND (rule_id IS NULL) = (retention_class IS NULL)
      AND (rule_id IS NULL) = (month IS NULL))
  );
  CREATE INDEX log_payload_removal_xid ON log_payload_removal (xid);
  CREATE INDEX log_payload_removal_month ON log_payload_removal (retention_class, month);
  CREATE TRIGGER log_payload_removal_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON log_payload_removal
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

  -- Which entries an erasure took the payload of.
  CREATE TABLE log_payload_removal_entry (
    index bigint CONSTRAINT log_payload_removal_entry_pk PRIMARY KEY,
    removal_id uuid NOT NULL CONSTRAINT log_payload_removal_entry_removal_fk REFERENCES log_payload_removal (id)
  );
  CREATE TRIGGER log_payload_removal_entry_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON log_payload_removal_entry
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

  -- Index of the entry that says what a removal took; null while there is none.
  CREATE FUNCTION payload_removal_entry_index(removal log_payload_removal) RETURNS bigint
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT min(e.index) FROM log_entry e WHERE e.retention_class = 'act' AND e.index >= removal.log_size
      AND CASE WHEN e.kind = CASE WHEN removal.erasure_id IS NULL THEN 'retention.payloads_removed' ELSE 'erasure.executed' END
        THEN (SELECT said ->> 'id' = removal.id::text AND said ->> 'digest' = encode(removal.digest, 'hex')
                AND said ->> 'count' = removal.count::text
              FROM (SELECT convert_from(e.payload, 'UTF8')::json -> 'removal' AS said) p) END
  $$;

  -- No removal without its entry: looked at when the transaction commits.
  CREATE FUNCTION payload_removal_recorded() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
  BEGIN
    IF payload_removal_entry_index(NEW) IS NULL THEN
      RAISE EXCEPTION 'no entry says that the payloads of removal % are gone', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
  END $$;
  CREATE CONSTRAINT TRIGGER log_payload_removal_in_log AFTER INSERT ON log_payload_removal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payload_removal_recorded();

  -- Entries stay as they are for everybody; only salt and payload can go, and only those that a removal of this very transaction names.
  -- Runs for each row, so it names its tables in full instead of setting a path.
  CREATE FUNCTION log_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'UPDATE' THEN
      IF NEW.salt IS NULL AND NEW.payload IS NULL AND NEW.index = OLD.index AND NEW.retention_class = OLD.retention_class
        AND NEW.id = OLD.id AND NEW.kind = OLD.kind AND NEW.source = OLD.source AND NEW.occurred_at_ns = OLD.occurred_at_ns
        AND NEW.received_at = OLD.received_at AND NEW.payload_hash = OLD.payload_hash AND NOT public.retention_keeps(OLD.kind)
        AND EXISTS (
          SELECT 1 FROM public.log_payload_removal r
          WHERE r.xid = pg_current_xact_id_if_assigned() AND r.removed_at = transaction_timestamp()
            AND OLD.index BETWEEN r.first_index AND r.last_index
            AND CASE WHEN r.erasure_id IS NULL
              THEN r.retention_class = OLD.retention_class
                AND date_trunc('month', OLD.received_at AT TIME ZONE 'UTC') = r.month
              ELSE EXISTS (SELECT 1 FROM public.log_payload_removal_entry n WHERE n.index = OLD.index AND n.removal_id = r.id) END
        ) THEN
        RETURN NEW;
      END IF;
    END IF;
    RAISE EXCEPTION 'the log is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
      USING ERRCODE = 'insufficient_privilege';
  END $$;
  DROP TRIGGER log_entry_refuse ON log_entry;
  CREATE TRIGGER log_entry_refuse BEFORE UPDATE OR DELETE ON log_entry FOR EACH ROW EXECUTE FUNCTION log_entry_refuse();

  -- RFC 3339 in UTC with nine fraction digits. All in integers: a double does not hold the nanoseconds.
  CREATE FUNCTION log_nanosecond_text(ns bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(date '1970-01-01' + (ns / 86400000000000 - CASE WHEN ns % 86400000000000 < 0 THEN 1 ELSE 0 END)::integer,
        'YYYY-MM-DD"T"')
      || lpad(((ns % 86400000000000 + 86400000000000) % 86400000000000 / 3600000000000)::text, 2, '0') || ':'
      || lpad(((ns % 3600000000000 + 3600000000000) % 3600000000000 / 60000000000)::text, 2, '0') || ':'
      || lpad(((ns % 60000000000 + 60000000000) % 60000000000 / 1000000000)::text, 2, '0') || '.'
      || lpad(((ns % 1000000000 + 1000000000) % 1000000000)::text, 9, '0') || 'Z'
  $$;

  -- RFC 6962 hash of an entry's leaf, the same as the service makes it: RFC 8785 canonical JSON, behind the byte 0x00.
  CREATE FUNCTION log_leaf_hash(id uuid, kind text, source text, occurred_at_ns bigint, received_at timestamptz, payload_hash bytea)
    RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256('\\x00'::bytea || convert_to(
      '{"id":"' || id || '","kind":' || to_json(kind) || ',"occurredAt":"' || log_nanosecond_text(occurred_at_ns)
      || '","payloadHash":"' || encode(payload_hash, 'hex')
      || '","receivedAt":"' || to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      || '","source":' || to_json(source) || ',"v":1}', 'UTF8'))
  $$;
`;

/** The two ways in which payloads go. */
const removalFunctions = `
  -- One removal at a time, and none beside a hold or a rule that is being set. With older snapshots a hold could be overlooked.
  CREATE FUNCTION payload_removal_lock() RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
  BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
      RAISE EXCEPTION 'payloads are removed in READ COMMITTED, this is %', current_setting('transaction_isolation')
        USING ERRCODE = 'SGR02';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('segproof payload removal'));
    LOCK TABLE retention_rule, legal_hold, legal_hold_release IN SHARE MODE;
  END $$;

  -- Removes the payloads of these entries, none of which may be gone or kept; internal to the two functions below.
  CREATE FUNCTION payload_remove(rule uuid, erased_by uuid, class text, of_month date, chosen bigint[]) RETURNS uuid
    LANGUAGE plpgsql SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
  DECLARE
    removal uuid := gen_random_uuid();
    begins timestamptz := coalesce(of_month::timestamptz, '-infinity');
    ends timestamptz := coalesce((of_month + interval '1 month')::timestamptz, 'infinity');
    removed bigint;
    touched oid[];
  BEGIN
    INSERT INTO log_payload_removal (id, rule_id, retention_class, month, erasure_id, first_index, last_index, count, digest, log_size)
      SELECT removal, rule, class, of_month, erased_by, min(e.index), max(e.index), count(*),
        sha256(string_agg(log_leaf_hash(e.id, e.kind, e.source, e.occurred_at_ns, e.received_at, e.payload_hash), '' ORDER BY e.index)),
        (SELECT size FROM log_head)
      FROM log_entry e
      WHERE e.index = ANY (chosen) AND (class IS NULL OR e.retention_class = class) AND e.received_at >= begins AND e.received_at < ends
        AND e.payload IS NOT NULL;
    IF erased_by IS NOT NULL THEN
      INSERT INTO log_payload_removal_entry (index, removal_id) SELECT i, removal FROM unnest(chosen) i;
    END IF;
    WITH slimmed AS (
      UPDATE log_entry e SET salt = NULL, payload = NULL
      WHERE e.index = ANY (chosen) AND (class IS NULL OR e.retention_class = class) AND e.received_at >= begins AND e.received_at < ends
        AND e.payload IS NOT NULL
      RETURNING e.tableoid
    ) SELECT count(*), array_agg(DISTINCT tableoid) INTO removed, touched FROM slimmed;
    IF removed <> cardinality(chosen) OR removed <> (SELECT r.count FROM log_payload_removal r WHERE r.id = removal) THEN
      RAISE EXCEPTION '% payloads were to go, % went', cardinality(chosen), removed USING ERRCODE = 'SGR02';
    END IF;
    INSERT INTO payload_rewrite (relation, removal_id)
      SELECT t::regclass::text, removal FROM unnest(touched) t
      UNION ALL SELECT d, removal FROM unnest(ARRAY['record', 'workload', 'flow_edge', 'policy_version']) d
        WHERE class IS DISTINCT FROM 'act';
    RETURN removal;
  END $$;

  -- Index up to which a month's payloads are gone already: they go from the lowest index on.
  CREATE FUNCTION retention_reached(class text, of_month date) RETURNS bigint LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce(max(r.last_index), -1) FROM log_payload_removal r WHERE r.retention_class = class AND r.month = of_month
  $$;

  -- Months whose payloads the present rules let go, and the hold that stops it, if any.
  CREATE FUNCTION retention_due() RETURNS TABLE (retention_class text, month date, keep_days integer, hold_id uuid, hold_name text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
    WITH rule AS (
      SELECT DISTINCT ON (r.retention_class) r.retention_class, r.keep_days FROM retention_rule r
      ORDER BY r.retention_class, r.recorded_index DESC
    ), partition_month AS (
      SELECT p.class, to_date(right(c.relname, 7), 'YYYY_MM') AS month
      FROM unnest(ARRAY['flow', 'record', 'act']) p (class)
      JOIN pg_inherits i ON i.inhparent = ('log_entry_' || p.class)::regclass
      JOIN pg_class c ON c.oid = i.inhrelid AND c.relname ~ '_[0-9]{4}_[0-9]{2}$'
      UNION SELECT 'flow', date_trunc('month', o.received_at)::date FROM log_entry_flow_other o
      UNION SELECT 'record', date_trunc('month', o.received_at)::date FROM log_entry_record_other o
      UNION SELECT 'act', date_trunc('month', o.received_at)::date FROM log_entry_act_other o
    )
    SELECT rule.retention_class, m.month, rule.keep_days, held.id, held.name
    FROM rule
    JOIN partition_month m ON m.class = rule.retention_class
      AND m.month + interval '1 month' + rule.keep_days * interval '1 day' <= now()
    CROSS JOIN LATERAL (SELECT retention_reached(m.class, m.month) AS index) reached
    LEFT JOIN LATERAL (
      SELECT h.id, h.name FROM legal_hold h
      WHERE NOT EXISTS (SELECT 1 FROM legal_hold_release l WHERE l.hold_id = h.id)
        AND EXISTS (
          SELECT 1 FROM log_entry e WHERE e.retention_class = rule.retention_class AND e.received_at >= m.month
            AND e.received_at < m.month + interval '1 month' AND e.index > reached.index AND e.payload IS NOT NULL AND NOT retention_keeps(e.kind)
            AND legal_hold_covers(h, e.index, e.retention_class, e.source, e.occurred_at_ns, e.received_at))
      ORDER BY h.recorded_index LIMIT 1
    ) held ON true
    WHERE rule.keep_days IS NOT NULL AND EXISTS (
      SELECT 1 FROM log_entry e WHERE e.retention_class = rule.retention_class AND e.received_at >= m.month
        AND e.received_at < m.month + interval '1 month' AND e.index > reached.index AND e.payload IS NOT NULL AND NOT retention_keeps(e.kind))
    ORDER BY m.month, rule.retention_class
  $$;

  -- Removes the payloads of the lowest entries of a month, at most so many; null when none is left. Refuses without a rule that lets
  -- the whole month go (SGR02), and under a hold that covers any of it (SGR01). The caller appends the entry in the same transaction.
  CREATE FUNCTION retention_remove(class text, of_month date, most integer) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
  DECLARE
    rule retention_rule;
    held legal_hold;
    chosen bigint[];
    begins timestamptz := date_trunc('month', of_month)::timestamptz;
    ends timestamptz := date_trunc('month', of_month) + interval '1 month';
    reached bigint;
  BEGIN
    PERFORM payload_removal_lock();
    SELECT * INTO rule FROM retention_rule r WHERE r.retention_class = class ORDER BY r.recorded_index DESC LIMIT 1;
    IF rule.keep_days IS NULL THEN
      RAISE EXCEPTION 'no retention rule lets payloads of class % go', class USING ERRCODE = 'SGR02';
    END IF;
    IF of_month <> begins::date OR ends + rule.keep_days * interval '1 day' > now() THEN
      RAISE EXCEPTION 'payloads of class % are kept % days; % is no month that is older as a whole', class, rule.keep_days, of_month
        USING ERRCODE = 'SGR02';
    END IF;
    reached := retention_reached(class, of_month);
    SELECT h.* INTO held FROM legal_hold h
      WHERE NOT EXISTS (SELECT 1 FROM legal_hold_release l WHERE l.hold_id = h.id)
        AND EXISTS (
          SELECT 1 FROM log_entry e WHERE e.retention_class = class AND e.received_at >= begins AND e.received_at < ends
            AND e.index > reached AND e.payload IS NOT NULL AND NOT retention_keeps(e.kind)
            AND legal_hold_covers(h, e.index, e.retention_class, e.source, e.occurred_at_ns, e.received_at))
      ORDER BY h.recorded_index LIMIT 1;
    IF held.id IS NOT NULL THEN
      RAISE EXCEPTION 'the legal hold "%" (%) covers payloads of class % received in %', held.name, held.id, class,
        to_char(of_month, 'YYYY-MM') USING ERRCODE = 'SGR01';
    END IF;
    SELECT array_agg(c.index) INTO chosen FROM (
      SELECT e.index FROM log_entry e WHERE e.retention_class = class AND e.received_at >= begins AND e.received_at < ends
        AND e.index > reached AND e.payload IS NOT NULL AND NOT retention_keeps(e.kind)
      ORDER BY e.index LIMIT most) c;
    IF chosen IS NULL THEN RETURN NULL; END IF;
    RETURN payload_remove(rule.id, NULL, class, of_month, chosen);
  END $$;

  -- Removes the payloads that an approved erasure names, and copies of them: in changes, and reports with their files.
  CREATE FUNCTION erasure_execute(of_erasure uuid) RETURNS TABLE (removal_id uuid, withdrawn_reports uuid[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
  DECLARE
    wanted erasure;
    held_id uuid;
    held_name text;
    held_index bigint;
    kept log_entry;
    chosen bigint[];
    removal uuid;
    copied integer;
    withdrawn uuid[];
  BEGIN
    PERFORM payload_removal_lock();
    -- A report that is being issued is either seen here or sees the removal.
    LOCK TABLE report IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO wanted FROM erasure r WHERE r.id = of_erasure;
    IF wanted.id IS NULL OR NOT EXISTS (
      SELECT 1 FROM erasure_decision d WHERE d.erasure_id = of_erasure AND d.decision = 'approve' AND d.decided_by <> wanted.requested_by)
    THEN
      RAISE EXCEPTION 'the erasure % is not approved by a second person', of_erasure USING ERRCODE = 'SGR02';
    END IF;
    IF EXISTS (SELECT 1 FROM log_payload_removal r WHERE r.erasure_id = of_erasure) THEN
      RAISE EXCEPTION 'the erasure % was carried out before', of_erasure USING ERRCODE = 'SGR02';
    END IF;
    SELECT array_agg(e.index ORDER BY e.index) INTO chosen FROM log_entry e
      WHERE e.index = ANY (wanted.indices) AND e.payload IS NOT NULL;
    IF chosen IS NULL THEN
      RAISE EXCEPTION 'the payloads that the erasure % names are gone already', of_erasure USING ERRCODE = 'SGR02';
    END IF;
    SELECT e.* INTO kept FROM log_entry e WHERE e.index = ANY (chosen) AND retention_keeps(e.kind) ORDER BY e.index LIMIT 1;
    IF kept.index IS NOT NULL THEN
      RAISE EXCEPTION 'entry % (%) is needed to verify the log and stays', kept.index, kept.kind USING ERRCODE = 'SGR02';
    END IF;
    SELECT h.id, h.name, covered.index INTO held_id, held_name, held_index
      FROM legal_hold h CROSS JOIN LATERAL (
        SELECT min(e.index) AS index FROM log_entry e WHERE e.index = ANY (chosen)
          AND legal_hold_covers(h, e.index, e.retention_class, e.source, e.occurred_at_ns, e.received_at)) covered
      WHERE covered.index IS NOT NULL AND NOT EXISTS (SELECT 1 FROM legal_hold_release l WHERE l.hold_id = h.id)
      ORDER BY h.recorded_index LIMIT 1;
    IF held_id IS NOT NULL THEN
      RAISE EXCEPTION 'the legal hold "%" (%) covers entry %', held_name, held_id, held_index USING ERRCODE = 'SGR01';
    END IF;
    removal := payload_remove(NULL, of_erasure, NULL, NULL, chosen);

    UPDATE change_item i SET object = NULL FROM change c
      WHERE c.id = i.change_id AND c.proposed_index = ANY (chosen);
    UPDATE change SET title = '(erased)', reason = '(erased)' WHERE proposed_index = ANY (chosen);
    GET DIAGNOSTICS copied = ROW_COUNT;
    IF copied > 0 THEN
      INSERT INTO payload_rewrite (relation, removal_id) VALUES ('change', removal), ('change_item', removal);
    END IF;
    UPDATE change_review SET comment = '' WHERE reviewed_index = ANY (chosen) AND comment <> '';
    GET DIAGNOSTICS copied = ROW_COUNT;
    IF copied > 0 THEN INSERT INTO payload_rewrite (relation, removal_id) VALUES ('change_review', removal); END IF;

    WITH emptied AS (
      UPDATE report r SET state = 'failed', model = NULL,
        failure = 'Its files held payloads that were erased (erasure ' || of_erasure || ') and were removed. Ask for the report again.'
      WHERE r.model IS NOT NULL AND (r.id = ANY (wanted.reports) OR EXISTS (
        SELECT 1 FROM json_array_elements(r.model -> 'records') x WHERE (x ->> 'index')::bigint = ANY (chosen)))
      RETURNING r.id
    ) SELECT coalesce(array_agg(e.id ORDER BY e.id), '{}') INTO withdrawn FROM emptied e;
    IF cardinality(withdrawn) > 0 THEN
      DELETE FROM report_file f WHERE f.report_id = ANY (withdrawn);
      INSERT INTO payload_rewrite (relation, removal_id) VALUES ('report', removal), ('report_file', removal);
    END IF;
    RETURN QUERY SELECT removal, withdrawn;
  END $$;

  -- A report that was begun before an erasure and cites what it took may hold it: it is not issued, and built again.
  CREATE FUNCTION report_without_erased() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
  BEGIN
    IF EXISTS (
      SELECT 1 FROM log_payload_removal r JOIN log_payload_removal_entry n ON n.removal_id = r.id
      WHERE n.index IN (SELECT (x ->> 'index')::bigint FROM json_array_elements(NEW.model -> 'records') x)
        AND payload_removal_entry_index(r) >= (NEW.model -> 'log' ->> 'size')::bigint
    ) THEN
      RAISE EXCEPTION 'payloads that the report cites were erased while it was built; build it again' USING ERRCODE = 'SGR02';
    END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER report_without_erased BEFORE UPDATE ON report
    FOR EACH ROW WHEN (NEW.model IS NOT NULL) EXECUTE FUNCTION report_without_erased();
`;

/** Old versions of changed rows stay in the table's file until it is written anew. */
const rewriting = `
  CREATE TABLE payload_rewrite (
    relation text NOT NULL,
    removal_id uuid NOT NULL CONSTRAINT payload_rewrite_removal_fk REFERENCES log_payload_removal (id),
    done_at timestamptz,
    CONSTRAINT payload_rewrite_pk PRIMARY KEY (removal_id, relation)
  );
  CREATE INDEX payload_rewrite_pending ON payload_rewrite (relation) WHERE done_at IS NULL;

  -- Writes a table anew that removals asked for, and its statistics; false when transactions that are still open could see the old
  -- rows, which would then be kept. Rows stay visible to everybody who could see them: CLUSTER, unlike TRUNCATE, is safe beside
  -- older snapshots, so a dump or a verification under way misses nothing. Holds an exclusive lock on this one table.
  CREATE FUNCTION payload_rewrite_run(of_relation text) RETURNS boolean
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
          WHERE a.attrelid = relation_id AND a.attnum > 0 AND NOT a.attisdropped
        LOOP
          EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE %s', of_relation, sampled, its_type);
        END LOOP;
      END IF;
    END IF;
    UPDATE payload_rewrite w SET done_at = now() WHERE w.relation = of_relation AND w.done_at IS NULL;
    RETURN true;
  END $$;
`;

/** The planner's statistics are samples of values, kept in a table of their own: free text and payloads stay out of them. */
const statistics = `
  ALTER TABLE log_entry ALTER COLUMN salt SET STATISTICS 0, ALTER COLUMN payload SET STATISTICS 0;
  ALTER TABLE record ALTER COLUMN summary SET STATISTICS 0, ALTER COLUMN native_id SET STATISTICS 0,
    ALTER COLUMN reject_detail SET STATISTICS 0;

  CREATE OR REPLACE FUNCTION log_entry_month(month date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
  DECLARE class text; first date := date_trunc('month', month)::date; name text;
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('log_entry_month'));
    FOREACH class IN ARRAY ARRAY['flow', 'record', 'act'] LOOP
      name := format('log_entry_%s_%s', class, to_char(first, 'YYYY_MM'));
      IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF log_entry_%s FOR VALUES FROM (%L) TO (%L)',
          name, class, first::timestamptz, (first + interval '1 month')::timestamptz);
        EXECUTE format('ALTER TABLE %I ALTER COLUMN salt SET STATISTICS 0, ALTER COLUMN payload SET STATISTICS 0', name);
        EXECUTE format('CREATE TRIGGER log_entry_refuse_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION log_refuse()', name);
      END IF;
    END LOOP;
  END $$;
`;
