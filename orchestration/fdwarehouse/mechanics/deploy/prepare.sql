-- Migrations find the tables as their files say: what a first load that failed still owes is made,
-- in tables that are empty yet. The next run puts it off again. What a backfill owes waits for it.
DO $$
BEGIN
    IF to_regclass('etl.owed_definitions') IS NOT NULL THEN
        EXECUTE $query$
            WITH owing_tables AS (
                SELECT DISTINCT o.table_name
                FROM etl.owed_definitions AS o
                WHERE to_regclass(o.table_name) IS NOT NULL
                    AND NOT EXISTS (SELECT FROM etl.chunks AS c WHERE c.model = o.table_name)
            )

            SELECT count(etl.make_owed_definitions(table_name)) FROM owing_tables
        $query$;
    END IF;
END;
$$;

CREATE SCHEMA IF NOT EXISTS etl;
COMMENT ON SCHEMA etl IS 'Runs, steps, watermarks, checks and the runner.';

CREATE TABLE IF NOT EXISTS etl.migrations (
    migration text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE etl.migrations IS 'Grain: one versioned SQL file that was applied. Never edited once merged.';
COMMENT ON COLUMN etl.migrations.migration IS 'Who brought it (fdwarehouse or the project) and the file''s name.';
COMMENT ON COLUMN etl.migrations.checksum IS 'SHA-256 of the file.';
COMMENT ON COLUMN etl.migrations.applied_at IS 'Clock of the warehouse.';

CREATE TABLE IF NOT EXISTS etl.deployed_objects (
    object_name text PRIMARY KEY,
    checksum text NOT NULL
);
COMMENT ON TABLE etl.deployed_objects IS 'Grain: one compiled file of the last deploy, in its order.';
COMMENT ON COLUMN etl.deployed_objects.object_name IS 'Name of the file below build/.';
COMMENT ON COLUMN etl.deployed_objects.checksum IS 'SHA-256 of its text.';

CREATE TABLE IF NOT EXISTS etl.repeatable_objects (
    object_identity text PRIMARY KEY
);
COMMENT ON TABLE etl.repeatable_objects IS
'Grain: one routine, view or foreign table that the last deploy made. The next drops these and makes its own; what others made in the same schemas stays.';
COMMENT ON COLUMN etl.repeatable_objects.object_identity IS 'Kind and name, as DROP takes them.';

CREATE OR REPLACE FUNCTION pg_temp.repeatable_objects() RETURNS SETOF text
LANGUAGE sql
BEGIN ATOMIC
    WITH schemas AS (
        SELECT oid FROM pg_namespace WHERE nspname = ANY({{ schemas }})
    ),

    objects AS (
        SELECT
            'pg_proc'::regclass AS class_id,
            oid AS object_id,
            'ROUTINE' AS kind
        FROM pg_proc
        WHERE pronamespace IN (SELECT s.oid FROM schemas AS s)
        UNION ALL
        SELECT
            'pg_class'::regclass,
            oid,
            CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'FOREIGN TABLE' END
        FROM pg_class
        WHERE relkind IN ('v', 'f') AND relnamespace IN (SELECT s.oid FROM schemas AS s)
    )

    SELECT kind || ' ' || (pg_identify_object(class_id, object_id, 0)).identity FROM objects;
END;
COMMENT ON FUNCTION pg_temp.repeatable_objects IS
'What is there of the kinds that every deploy makes anew, whoever made it.';

DO $$
DECLARE
    v_unknown text;
BEGIN
    SELECT migration INTO v_unknown
    FROM etl.migrations
    WHERE 'migration_' || replace(migration, '/', '_') <> ALL(ARRAY[
        {%- for m in migrations %}
        {{ m | literal }}{{ "," if not loop.last }}
        {%- endfor %}
    ])
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'migration % was applied, but its file is missing', v_unknown
            USING ERRCODE = 'DW010', HINT = 'Deploy from a checkout that has it.';
    END IF;
END;
$$;

CREATE OR REPLACE FUNCTION pg_temp.migrate(p_migration text, p_checksum text, p_sql text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_checksum text;
BEGIN
    SELECT checksum INTO v_checksum FROM etl.migrations WHERE migration = p_migration;
    IF v_checksum IS NULL THEN
        EXECUTE p_sql;
        INSERT INTO etl.migrations (migration, checksum) VALUES (p_migration, p_checksum);
    ELSIF v_checksum <> p_checksum THEN
        RAISE EXCEPTION 'migration % was edited after it had been applied', p_migration
            USING ERRCODE = 'DW010',
                HINT = 'Restore the file and put the change into a new migration.';
    END IF;
END;
$$;

CREATE OR REPLACE FUNCTION pg_temp.who_may_create(p_schema text) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT string_agg(coalesce(r.rolname, 'everybody'), ', ' ORDER BY r.rolname)
    FROM pg_namespace AS n
    CROSS JOIN aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a
    LEFT JOIN pg_roles AS r ON a.grantee = r.oid
    WHERE
        n.nspname = p_schema
        AND a.privilege_type = 'CREATE'
        AND r.rolsuper IS NOT TRUE
        AND coalesce(r.rolname, '') NOT IN (current_user, 'pg_database_owner');
END;
COMMENT ON FUNCTION pg_temp.who_may_create IS
'Who may make objects in a schema, besides superusers, the owner of the database and who deploys; null: nobody.';

-- Where others can make functions and operators, a name of the project could come to mean theirs.
DO $$
BEGIN
    IF to_regnamespace('public') IS NOT NULL AND pg_temp.who_may_create('public') IS NOT NULL THEN
        RAISE EXCEPTION '% may make objects in schema public', pg_temp.who_may_create('public')
            USING ERRCODE = 'DW017',
                DETAIL = 'Functions and operators that others make there could run as the owner.',
                HINT = format(
                    'REVOKE CREATE ON SCHEMA public FROM %s; as an administrator.',
                    replace(pg_temp.who_may_create('public'), 'everybody', 'PUBLIC')
                );
    END IF;
END;
$$;
