-- The only step that needs an administrator. It can be run again at any time; it takes nothing
-- away.
--
-- The warehouse's server (extensions, roles, the right to create schemas):
--     psql "$WAREHOUSE_ADMIN_URL" -v ON_ERROR_STOP=1 -f bootstrap.sql
-- The production server (one role that may read one schema and see when transactions began):
--     PGOPTIONS="-c fdwarehouse.side=production" \
--         psql "$PRODUCTION_ADMIN_URL" -v ON_ERROR_STOP=1 -f bootstrap.sql
--
-- Settings, all optional, given like fdwarehouse.side above:
--     fdwarehouse.schema             schema of production to read (public)
--     fdwarehouse.<role>_password    password of a role (none: it is left as it is, set one with
--                                    \password); <role> is owner, loader, analyst, orchestrator or
--                                    reader

-- An administrator runs this: no name in it may come to mean what somebody else has made.
SET search_path = pg_catalog, pg_temp;

DO $bootstrap$
DECLARE
    v_side text := coalesce(nullif(current_setting('fdwarehouse.side', true), ''), 'warehouse');
    v_schema text := coalesce(nullif(current_setting('fdwarehouse.schema', true), ''), 'public');
    v_roles text[];
    v_role text;
    v_password text;
BEGIN
    v_roles := CASE v_side
        WHEN 'warehouse' THEN '{owner,loader,analyst,orchestrator}'
        WHEN 'production' THEN '{reader}'
    END;
    IF v_roles IS NULL THEN
        RAISE EXCEPTION 'fdwarehouse.side is %', quote_literal(v_side)
            USING HINT = 'Say warehouse or production.';
    END IF;

    FOREACH v_role IN ARRAY v_roles LOOP
        v_password := nullif(current_setting(format('fdwarehouse.%s_password', v_role), true), '');
        v_role := 'warehouse_' || v_role;
        IF to_regrole(v_role) IS NULL THEN
            EXECUTE format('CREATE ROLE %I LOGIN', v_role);
        END IF;
        IF v_password IS NOT NULL THEN
            EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', v_role, v_password);
        END IF;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), v_role);
    END LOOP;

    IF v_side = 'warehouse' THEN
        -- Before PostgreSQL 15 everybody could make functions there, which others then call.
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        -- It is not trusted: an administrator has to.
        CREATE EXTENSION IF NOT EXISTS postgres_fdw WITH SCHEMA public;
        CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;
        GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO warehouse_owner;
        EXECUTE format(
            'GRANT CREATE, TEMPORARY ON DATABASE %I TO warehouse_owner', current_database()
        );
    ELSE
        IF has_schema_privilege('public', 'public', 'CREATE') THEN
            RAISE WARNING 'everybody may make functions in schema public of production'
                USING HINT = 'Whoever calls an unqualified name there may call theirs: '
                    'REVOKE CREATE ON SCHEMA public FROM PUBLIC;';
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO warehouse_reader', v_schema);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO warehouse_reader', v_schema);
        EXECUTE format(
            'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO warehouse_reader',
            v_schema
        );
        -- Sees when the transactions of others began, no data: without it the fence is only a
        -- margin of time.
        GRANT pg_read_all_stats TO warehouse_reader;
    END IF;
END;
$bootstrap$;
