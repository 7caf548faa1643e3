-- Prepares the migrations, which follow as calls of pg_temp.migrate. The file of every applied
-- migration must exist: a checkout without one of them describes an older warehouse.
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
        RAISE EXCEPTION 'migration % was edited after it was applied', p_migration
            USING ERRCODE = 'DW010',
                HINT = 'Restore the file and put the change into a new migration.';
    END IF;
END;
$$;
COMMENT ON FUNCTION pg_temp.migrate IS
'Applies a migration, unless it was applied before. Arguments: its name; SHA-256 of its file; its SQL. Errors: DW010 the file differs from the applied one.';
