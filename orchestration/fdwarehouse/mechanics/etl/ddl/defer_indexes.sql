-- A first load pays for every index entry and every reference row by row; made afterwards, from all
-- rows at once, they cost a tenth. Dropped in a short transaction before the load, so that readers
-- of gold do not wait; making them does not block readers. Making a key or an exclusion does: those
-- of gold stay, and so do the keys by which a load in chunks finds what is there.
-- What is owed is kept in a table: it survives a load that fails.
CREATE FUNCTION etl.defer_indexes(
    p_models text[], p_keeps_keys boolean DEFAULT false
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '100ms' -- who reads the empty table goes first, and the load is slower
AS $$
DECLARE
    v_table regclass;
    v_layer text;
    v_kinds text;
    v_is_empty boolean;
    v_definition record;
BEGIN
    FOR v_table, v_layer, v_kinds IN
        SELECT
            m.table_name::regclass,
            m.layer,
            CASE WHEN m.layer = 'gold' OR p_keeps_keys THEN 'f' ELSE 'fpu' END
        FROM etl.pipeline_steps AS m
        WHERE m.model = ANY(p_models)
            AND m.layer <> 'source'
            AND NOT EXISTS (SELECT FROM etl.watermarks AS w WHERE w.model = m.table_name)
    LOOP
        BEGIN
            EXECUTE format(
                'SELECT count(*) < 2 FROM (SELECT FROM %s LIMIT 2) AS first_rows', v_table
            )
            INTO v_is_empty; -- but for an unknown member
        EXCEPTION WHEN lock_not_available THEN
            CONTINUE; -- the load itself waits for it
        END;
        -- A table of silver whose definition is another changes in most rows, and nobody reads it
        -- while gold waits for it; readers of gold would wait for its indexes until the commit.
        CONTINUE WHEN NOT v_is_empty AND v_layer <> 'silver';

        FOR v_definition IN
            SELECT
                format('ALTER TABLE %s DROP CONSTRAINT %I', v_table, c.conname) AS drop_command,
                format(
                    'ALTER TABLE %s ADD CONSTRAINT %I %s',
                    v_table, c.conname, pg_get_constraintdef(c.oid)
                ) || CASE
                    WHEN obj_description(c.oid, 'pg_constraint') IS NULL THEN ''
                    ELSE format(
                        '; COMMENT ON CONSTRAINT %I ON %s IS %L',
                        c.conname, v_table, obj_description(c.oid, 'pg_constraint')
                    )
                END AS make_command
            FROM pg_constraint AS c
            WHERE c.conrelid = v_table
                AND strpos(v_kinds, c.contype) > 0
                AND c.conparentid = 0
            UNION ALL
            SELECT
                format('DROP INDEX %s', i.indexrelid::regclass),
                etl.index_definition(i.indexrelid)
            FROM pg_index AS i
            WHERE i.indrelid = v_table
                AND NOT i.indisunique
                AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)
        LOOP
            BEGIN
                EXECUTE v_definition.drop_command;
                INSERT INTO etl.deferred_indexes (table_name, make_command)
                VALUES (v_table::text, v_definition.make_command)
                ON CONFLICT DO NOTHING; -- owed already, and made anew by a deploy since
            EXCEPTION WHEN lock_not_available OR dependent_objects_still_exist THEN
                CONTINUE;
            END;
        END LOOP;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.defer_indexes IS
'Drops the secondary indexes and references, below gold the keys as well, of tables that are about to be loaded for the first time, and of tables of silver whose definition has changed, and notes them in etl.deferred_indexes. Arguments: the models of the load, whether keys stay.';
