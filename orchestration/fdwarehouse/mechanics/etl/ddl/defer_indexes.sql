-- A first load maintains indexes and checks foreign keys row by row. Creating them after the load,
-- from all rows at once, costs a tenth. They are dropped in a short transaction before the load, so
-- that readers of gold do not wait, and creating them again does not block readers. Creating a key
-- or an exclusion constraint does, so those of gold stay. So do the keys that a load in chunks
-- needs to find existing rows. Deferred indexes are recorded in a table and survive a failed load.
CREATE FUNCTION etl.defer_indexes(
    p_models text[], p_keeps_keys boolean DEFAULT false
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '100ms' -- if a session reads the empty table, its indexes stay
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
            INTO v_is_empty; -- apart from an unknown member
        EXCEPTION WHEN lock_not_available THEN
            CONTINUE; -- the load itself waits for it
        END;
        -- If the definition of a silver table has changed, most of its rows change, and no reader
        -- waits. Readers of gold would wait for its indexes until the commit.
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
                ON CONFLICT DO NOTHING; -- already deferred, and recreated by a deploy since
            EXCEPTION WHEN lock_not_available OR dependent_objects_still_exist THEN
                CONTINUE;
            END;
        END LOOP;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.defer_indexes IS
'Drops the secondary indexes and foreign keys (in bronze and silver also the keys) of tables before their first load, and of silver tables whose definition has changed, and records them in etl.deferred_indexes. Arguments: the models of the load, whether keys stay.';
