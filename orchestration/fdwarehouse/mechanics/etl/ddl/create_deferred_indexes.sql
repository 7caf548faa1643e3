CREATE FUNCTION etl.create_deferred_indexes(p_table text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_command text;
BEGIN
    FOR v_command IN
        DELETE FROM etl.deferred_indexes
        WHERE table_name = p_table::regclass::text
        RETURNING make_command
    LOOP
        BEGIN
            EXECUTE v_command;
        EXCEPTION
            WHEN duplicate_table OR duplicate_object OR invalid_table_definition THEN
                CONTINUE; -- a deploy has created it since
            WHEN undefined_table OR undefined_column OR undefined_object THEN
                CONTINUE; -- or has dropped its columns
        END;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.create_deferred_indexes IS
'Creates the deferred indexes, foreign keys and constraints of a table. Fails if its rows violate them. Argument: the table.';
