-- The only step that needs an administrator. It can be run again at any time. It revokes only: from
-- the reader, tables that warehouse.yaml excludes or takes in part, and pg_read_all_stats, which
-- earlier versions granted; in the warehouse, CREATE on schema public from PUBLIC.
--
-- The server of the warehouse (extensions, roles, the privilege to create schemas):
--     psql "$WAREHOUSE_ADMIN_URL" -v ON_ERROR_STOP=1 -f bootstrap.sql
-- The production server (one role that may read some schemas; the schema fdwarehouse, whose views
-- show that role when transactions began and which storage its tables have):
--     PGOPTIONS="-c fdwarehouse.side=production" \
--         psql "$PRODUCTION_ADMIN_URL" -v ON_ERROR_STOP=1 -f bootstrap.sql
--
-- Optional settings, in the same form as fdwarehouse.side:
--     fdwarehouse.schema             schema of production to read (public), or several: {sales,hr}
--     fdwarehouse.columns            tables of which the reader may read some columns or none:
--                                    [{"schema": "public", "table": "notes", "columns": ["id"]}]
--     fdwarehouse.<role>_password    password of a role (none: unchanged; set one with \password);
--                                    <role> is owner, loader, analyst, orchestrator, monitor,
--                                    or reader

-- An administrator runs this, so no name may resolve to an object of another role.
SET search_path = pg_catalog, pg_temp;

DO $bootstrap$
DECLARE
    v_side text := coalesce(nullif(current_setting('fdwarehouse.side', true), ''), 'warehouse');
    v_schemas text := coalesce(nullif(current_setting('fdwarehouse.schema', true), ''), 'public');
    v_schema text;
    v_owner text;
    v_table text;
    v_columns text;
    v_roles text[];
    v_role text;
    v_password text;
    v_setting text;
    v_value text;
    v_since integer;
    v_state text;
    v_message text;
BEGIN
    v_roles := CASE v_side
        WHEN 'warehouse' THEN '{owner,loader,analyst,orchestrator,monitor}'
        WHEN 'production' THEN '{reader}'
    END;
    IF v_roles IS NULL THEN
        RAISE EXCEPTION 'fdwarehouse.side is %', quote_literal(v_side)
            USING HINT = 'Use warehouse or production.';
    END IF;

    -- Extensions that record statements in functions must not see a password.
    FOR v_setting, v_value IN VALUES
        ('pg_stat_statements.track', 'none'),
        ('pg_stat_monitor.pgsm_track', 'none'),
        ('pgaudit.log', 'none'),
        ('debug_print_raw_parse', 'off'),
        ('debug_print_parse', 'off'),
        ('debug_print_rewritten', 'off'),
        ('debug_print_plan', 'off')
    LOOP
        CONTINUE WHEN current_setting(v_setting, true) IS NULL;
        BEGIN
            PERFORM set_config(v_setting, v_value, true);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING '% remains %: change passwords with \password',
                v_setting, current_setting(v_setting);
        END;
    END LOOP;

    FOREACH v_role IN ARRAY v_roles LOOP
        v_password := nullif(current_setting(format('fdwarehouse.%s_password', v_role), true), '');
        v_role := 'warehouse_' || v_role;
        IF to_regrole(v_role) IS NULL THEN
            EXECUTE format('CREATE ROLE %I LOGIN', v_role);
        END IF;
        IF v_password IS NOT NULL THEN
            BEGIN
                -- A waiting statement may be logged: only this one, without a password, waits.
                EXECUTE format('ALTER ROLE %I LOGIN', v_role);
                EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', v_role, v_password);
            EXCEPTION WHEN OTHERS THEN -- the context of the error contains the password
                GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT;
            END;
            IF v_state IS NOT NULL THEN
                RAISE EXCEPTION '%: %', v_role, v_message USING ERRCODE = v_state;
            END IF;
        END IF;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), v_role);
    END LOOP;

    IF v_side = 'warehouse' THEN
        -- Before PostgreSQL 15, every role could create functions there, which others then call.
        IF to_regnamespace('public') IS NULL THEN
            RAISE EXCEPTION 'the warehouse has no schema public'
                USING HINT = 'CREATE SCHEMA public; only the extensions are created there.';
        END IF;
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        -- postgres_fdw is not a trusted extension, so an administrator must create it.
        CREATE EXTENSION IF NOT EXISTS postgres_fdw WITH SCHEMA public;
        CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;
        GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO warehouse_owner;
        EXECUTE format(
            'GRANT CREATE, TEMPORARY ON DATABASE %I TO warehouse_owner', current_database()
        );
        -- A deploy switches off the settings that would record the password of a source.
        FOREACH v_setting IN ARRAY ARRAY[
            'pg_stat_statements.track',
            'pg_stat_monitor.pgsm_track',
            'pgaudit.log',
            'auto_explain.log_min_duration'
        ] LOOP
            BEGIN
                EXECUTE format('GRANT SET ON PARAMETER %s TO warehouse_owner', v_setting);
            EXCEPTION WHEN insufficient_privilege OR invalid_name OR undefined_object THEN
                RAISE NOTICE '% cannot be switched off by the owner: %', v_setting, SQLERRM;
            END;
        END LOOP;
    ELSE
        IF to_regnamespace('public') IS NOT NULL
            AND has_schema_privilege('public', 'public', 'CREATE')
        THEN
            RAISE WARNING 'every role may create functions in schema public of production'
                USING HINT = 'Calls of unqualified names could run them: '
                    'REVOKE CREATE ON SCHEMA public FROM PUBLIC;';
        END IF;
        -- The same settings as in the options of the foreign server, for poolers that drop those.
        FOR v_setting, v_value, v_since IN VALUES
            ('cursor_tuple_fraction', '1.0', 12),
            ('statement_timeout', '0', 12),
            ('idle_in_transaction_session_timeout', '0', 12),
            ('idle_session_timeout', '0', 14),
            ('transaction_timeout', '0', 17),
            ('IntervalStyle', 'postgres', 12),
            ('extra_float_digits', '3', 12),
            ('bytea_output', 'hex', 12),
            ('xmlbinary', 'base64', 12),
            ('xmloption', 'content', 12),
            ('lc_monetary', 'C', 12),
            ('quote_all_identifiers', 'off', 12),
            ('lock_timeout', '1min', 12),
            ('default_transaction_read_only', 'on', 12),
            ('row_security', 'off', 12),
            ('lc_messages', 'C', 12) -- error messages are parsed
        LOOP
            CONTINUE WHEN current_setting('server_version_num')::integer < v_since * 10000;
            BEGIN
                EXECUTE format(
                    'ALTER ROLE warehouse_reader IN DATABASE %I SET %s TO %L',
                    current_database(), v_setting, v_value
                );
            EXCEPTION WHEN insufficient_privilege THEN
                RAISE NOTICE '% cannot be set for warehouse_reader: %', v_setting, SQLERRM;
            END;
        END LOOP;
        FOREACH v_schema IN ARRAY CASE
            WHEN v_schemas LIKE '{%' THEN v_schemas::text[]
            ELSE ARRAY[v_schemas]
        END LOOP
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO warehouse_reader', v_schema);
            EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO warehouse_reader', v_schema);
            -- Tables that appear later: default privileges belong to the role that creates them.
            FOR v_owner IN
                SELECT current_user::text
                UNION
                SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = v_schema
                UNION
                SELECT relowner::regrole::text
                FROM pg_class
                WHERE relnamespace = to_regnamespace(quote_ident(v_schema))
                    AND relkind IN ('r', 'p', 'v', 'm', 'f')
            LOOP
                -- v_owner is quoted
                v_value := format(
                    'ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA %I GRANT SELECT ON TABLES '
                    'TO warehouse_reader',
                    v_owner, v_schema
                );
                BEGIN
                    EXECUTE v_value;
                EXCEPTION WHEN insufficient_privilege THEN
                    RAISE NOTICE 'warehouse_reader will not read what % creates later in schema %',
                        v_owner, v_schema
                        USING HINT = format('As %s: %s;', v_owner, v_value);
                END;
            END LOOP;
        END LOOP;
        FOR v_table, v_columns IN
            SELECT
                format('%I.%I', t.schema, t.table),
                (SELECT string_agg(quote_ident(c), ', ') FROM jsonb_array_elements_text(t.columns) AS c)
            FROM jsonb_to_recordset(
                coalesce(nullif(current_setting('fdwarehouse.columns', true), ''), '[]')::jsonb
            ) AS t ("schema" text, "table" text, columns jsonb)
        LOOP
            EXECUTE format('REVOKE SELECT ON %s FROM warehouse_reader', v_table);
            IF v_columns IS NOT NULL THEN
                EXECUTE format('GRANT SELECT (%s) ON %s TO warehouse_reader', v_columns, v_table);
            END IF;
            IF has_table_privilege('warehouse_reader', v_table, 'SELECT') THEN
                RAISE WARNING 'warehouse_reader still may read all of %', v_table
                    USING HINT = format(
                        'REVOKE SELECT ON %s FROM PUBLIC, or from the role that gives it.', v_table
                    );
            END IF;
        END LOOP;
    END IF;
END;
$bootstrap$;

-- What the warehouse must know of production besides its rows. The reader gets it from three views
-- and has no other privileges. One function reads the sessions with the privileges of the
-- administrator that runs this. It returns numbers, times and the name of the session that holds
-- the fence back, but never the text of a query.
DO $bootstrap$
DECLARE
    v_level text := current_setting('client_min_messages');
    v_owner name;
    v_grantor name;
    v_open text;
BEGIN
    IF coalesce(current_setting('fdwarehouse.side', true), '') <> 'production' THEN
        RETURN;
    END IF;

    SELECT r.rolname INTO v_owner
    FROM pg_catalog.pg_namespace AS n
    INNER JOIN pg_catalog.pg_roles AS r ON n.nspowner = r.oid
    WHERE n.nspname = 'fdwarehouse' AND r.rolname <> current_user AND NOT r.rolsuper;
    IF FOUND THEN
        RAISE EXCEPTION 'schema fdwarehouse belongs to %', v_owner
            USING DETAIL = 'Its owner could replace a function that the warehouse trusts.',
                HINT = format('Drop it, or ALTER SCHEMA fdwarehouse OWNER TO %I;', current_user);
    END IF;
    SET LOCAL client_min_messages = warning; -- no notices of IF EXISTS
    CREATE SCHEMA IF NOT EXISTS fdwarehouse;
    DROP VIEW IF EXISTS fdwarehouse.fence, fdwarehouse.storage, fdwarehouse.rewritten;
    DROP FUNCTION IF EXISTS fdwarehouse.observe(), fdwarehouse.relations_below(oid);
    PERFORM set_config('client_min_messages', v_level, true);
    REVOKE ALL ON SCHEMA fdwarehouse FROM PUBLIC;
    COMMENT ON SCHEMA fdwarehouse IS 'What the warehouse fdwarehouse sees of this server besides rows. Created by its bootstrap.';

    CREATE FUNCTION fdwarehouse.observe(
        OUT observed_at timestamptz, OUT fence timestamptz, OUT sees_all boolean,
        OUT held_by text, OUT held_since timestamptz,
        OUT prepared_gid text, OUT prepared_at timestamptz, OUT oldest_xid bigint,
        OUT system_identifier bigint, OUT timeline integer,
        OUT running_since timestamptz, OUT is_in_recovery boolean
    )
    LANGUAGE plpgsql VOLATILE
    SECURITY DEFINER -- its owner sees the sessions of other roles, the reader does not
    SET search_path = pg_catalog, pg_temp
    AS $body$
    BEGIN
        -- A transaction that is not listed yet stamps its rows with a later time than this.
        fence := transaction_timestamp();
        WITH sessions AS MATERIALIZED (
            SELECT * FROM pg_stat_activity
        ),

        writers AS (
            SELECT * FROM sessions
            WHERE datname = current_database()
                AND pid <> pg_backend_pid()
                AND coalesce(backend_type, '') NOT IN ('autovacuum worker', 'walsender')
        ),

        holder AS (
            SELECT
                xact_start,
                format('process %s, %s %s, %s', pid, usename, application_name, state) AS description
            FROM writers
            WHERE xact_start < fence
            ORDER BY xact_start
            LIMIT 1
        )

        SELECT
            count(w.pid) FILTER (WHERE w.backend_type IS NULL OR w.state = 'disabled') = 0,
            min(h.xact_start),
            min(h.description),
            -- after a crash, all processes except the postmaster are new
            greatest(
                pg_postmaster_start_time(),
                (SELECT max(s.backend_start) FROM sessions AS s WHERE s.backend_type = 'checkpointer')
            )
        INTO sees_all, held_since, held_by, running_since
        FROM (VALUES (1)) AS one_row (n)
        LEFT JOIN writers AS w ON true
        LEFT JOIN holder AS h ON true;

        fence := least(fence, held_since);
        SELECT gid, prepared INTO prepared_gid, prepared_at
        FROM pg_prepared_xacts
        WHERE database = current_database()
        ORDER BY prepared
        LIMIT 1;
        oldest_xid := txid_snapshot_xmin(txid_current_snapshot());
        is_in_recovery := pg_is_in_recovery();
        BEGIN
            system_identifier := ( -- of this database, because another one can get its name
                SELECT c.system_identifier # d.oid::bigint
                FROM pg_control_system() AS c
                CROSS JOIN pg_database AS d
                WHERE d.datname = current_database()
            );
            timeline := CASE
                WHEN is_in_recovery THEN (SELECT c.timeline_id FROM pg_control_checkpoint() AS c)
                ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer
            END;
        EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_function THEN
            NULL; -- a managed service may not permit them
        END;
        observed_at := clock_timestamp();
    END;
    $body$;
    COMMENT ON FUNCTION fdwarehouse.observe() IS 'See the view fdwarehouse.fence.';
    REVOKE ALL ON FUNCTION fdwarehouse.observe() FROM PUBLIC;

    CREATE VIEW fdwarehouse.fence AS SELECT * FROM fdwarehouse.observe();
    COMMENT ON VIEW fdwarehouse.fence IS
    'The clock, the start and the session of the oldest open transaction of this database, the oldest prepared transaction and transaction id, and the identity of the server. Grain: one row.';

    CREATE FUNCTION fdwarehouse.relations_below(p_table oid) RETURNS text
    LANGUAGE plpgsql VOLATILE -- not SECURITY DEFINER: planning a view can call its functions
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan -- called for each table
    AS $body$
    DECLARE
        v_table pg_class;
        v_plan json;
        v_relations oid[];
    BEGIN
        -- This query uses the snapshot of the transaction. Names, partitions, plans and files come
        -- from the catalog cache, which is always current.
        SELECT * INTO v_table FROM pg_class WHERE oid = p_table;
        IF v_table.relkind = 'p' THEN
            v_relations := ARRAY(SELECT relid FROM pg_partition_tree(p_table));
        ELSIF v_table.relkind IN ('v', 'm', 'f')
            OR v_table.relhassubclass
            OR EXISTS (
                SELECT FROM pg_locks
                WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation = p_table
            )
        THEN
            -- Only the planner knows the relations that a read would use now. A table that was not
            -- read yet and has no children is not planned: that would wait for its rewrite.
            EXECUTE format(
                'EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) SELECT %s FROM %s',
                CASE WHEN has_table_privilege(p_table, 'SELECT') THEN '*' ELSE '' END,
                p_table::regclass
            ) INTO v_plan;
            v_relations := ARRAY(
                SELECT coalesce(
                    ( -- by the index, for each: a join would scan pg_class
                        SELECT c.oid
                        FROM pg_class AS c
                        WHERE c.relname = node ->> 'Relation Name'
                            AND c.relnamespace = (
                                SELECT n.oid FROM pg_namespace AS n
                                WHERE n.nspname = node ->> 'Schema'
                            )
                    ),
                    0 -- missing in the snapshot
                )
                FROM jsonb_path_query(v_plan::jsonb, 'strict $.** ? (exists(@."Relation Name"))') AS node
            );
        END IF;
        RETURN (
            SELECT string_agg(
                format(
                    '%s:%s:%s',
                    relation,
                    coalesce(pg_relation_filenode(relation), 0),
                    -- columns, enum labels and generated values can change in the same file
                    (
                        SELECT hashtext(string_agg(
                            concat_ws(
                                ' ',
                                a.attnum,
                                a.attname,
                                CASE
                                    WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid)
                                END,
                                (
                                    SELECT string_agg(e.enumlabel, ' ' ORDER BY e.enumsortorder)
                                    FROM pg_enum AS e
                                    WHERE e.enumtypid = a.atttypid
                                )
                            ),
                            ' ' ORDER BY a.attnum
                        ))
                        FROM pg_attribute AS a
                        LEFT JOIN pg_attrdef AS d
                            ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
                    )
                ),
                ' ' ORDER BY relation
            )
            FROM (SELECT p_table UNION SELECT unnest(v_relations)) AS relations (relation)
        ) || CASE WHEN v_table.relkind = 'v' THEN ' ' || hashtext(pg_get_viewdef(p_table)) ELSE '' END;
    EXCEPTION WHEN OTHERS THEN
        RETURN NULL; -- it cannot be planned; reading it raises the error
    END;
    $body$;
    COMMENT ON FUNCTION fdwarehouse.relations_below(oid) IS 'See the view fdwarehouse.storage.';
    REVOKE ALL ON FUNCTION fdwarehouse.relations_below(oid) FROM PUBLIC;

    CREATE VIEW fdwarehouse.storage AS
    SELECT
        n.nspname::text AS schema_name,
        c.relname::text AS table_name,
        fdwarehouse.relations_below(
            pg_catalog.to_regclass(pg_catalog.format('%I.%I', n.nspname, c.relname))
        ) AS relations
    FROM pg_catalog.pg_class AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND n.nspname <> 'information_schema'
        AND n.nspname NOT LIKE 'pg\_%'
        AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
        AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT');
    COMMENT ON VIEW fdwarehouse.storage IS
    'The relations that a read of a table would use now, independent of the snapshot, each with the number of its file, which every rewrite changes. Grain: one table that the reader may read.';

    CREATE VIEW fdwarehouse.rewritten AS
    SELECT DISTINCT l.relation::pg_catalog.regclass::text AS relation
    FROM pg_catalog.pg_locks AS l
    LEFT JOIN pg_catalog.pg_class AS c ON l.relation = c.oid
    WHERE l.pid = pg_catalog.pg_backend_pid()
        AND l.locktype = 'relation'
        AND l.relation >= 16384::oid -- lower OIDs are system relations
        AND CASE
            WHEN c.oid IS NULL THEN pg_catalog.pg_get_indexdef(l.relation) IS NULL -- a new table
            ELSE c.relkind IN ('r', 'm')
                AND c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid)
        END;
    COMMENT ON VIEW fdwarehouse.rewritten IS
    'Relations that this transaction has read, directly or through views and functions, and that were rewritten after its snapshot was taken, so that rows of the snapshot are missing. Grain: one relation.';

    GRANT USAGE ON SCHEMA fdwarehouse TO warehouse_reader;
    GRANT SELECT ON fdwarehouse.fence, fdwarehouse.storage, fdwarehouse.rewritten TO warehouse_reader;
    GRANT EXECUTE ON FUNCTION fdwarehouse.observe(), fdwarehouse.relations_below(oid) TO warehouse_reader;

    -- Since PostgreSQL 16, every grant must be revoked by its grantor.
    FOR v_grantor IN
        SELECT g.rolname
        FROM pg_auth_members AS m
        INNER JOIN pg_roles AS g ON m.grantor = g.oid
        WHERE m.member = 'warehouse_reader'::regrole AND m.roleid = 'pg_read_all_stats'::regrole
    LOOP
        BEGIN
            EXECUTE 'REVOKE pg_read_all_stats FROM warehouse_reader' || CASE
                WHEN current_setting('server_version_num')::integer >= 160000
                    THEN format(' GRANTED BY %I', v_grantor)
                ELSE ''
            END;
        EXCEPTION WHEN insufficient_privilege THEN
            NULL; -- reported below
        END;
    END LOOP;
    IF pg_has_role('warehouse_reader', 'pg_read_all_stats', 'MEMBER') THEN
        RAISE WARNING 'warehouse_reader still sees the queries of other roles'
            USING HINT = 'REVOKE pg_read_all_stats, and roles that have it, FROM warehouse_reader.';
    END IF;
    IF NOT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') THEN
        RAISE WARNING '% does not see when other transactions began: the fence is a margin of time',
            current_user
            USING HINT = 'Run bootstrap as a member of pg_monitor or pg_read_all_stats.';
    END IF;
    SELECT string_agg(what, '; ') INTO v_open
    FROM (
        SELECT format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()) AS what
        WHERE has_database_privilege('warehouse_reader', current_database(), 'TEMPORARY')
        UNION ALL
        SELECT format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', nspname)
        FROM pg_catalog.pg_namespace
        WHERE nspname <> 'public'
            AND nspname !~ '^pg_(toast_)?temp_' -- TEMPORARY is reported above
            AND has_schema_privilege('warehouse_reader', oid, 'CREATE')
    ) AS commands;
    IF v_open IS NOT NULL THEN
        RAISE NOTICE 'PUBLIC, and so warehouse_reader, may create objects in this database'
            USING HINT = 'It needs none. Unless your applications rely on it: ' || v_open;
    END IF;
END;
$bootstrap$;
