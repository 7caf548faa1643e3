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
                CONTINUE; -- a deploy has made it since
            WHEN undefined_table OR undefined_column OR undefined_object THEN
                CONTINUE; -- or has taken away what it is made of
        END;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.create_deferred_indexes IS
'Makes the indexes and references of a table that were put off until it is loaded; the data must fulfil them. Argument: the table.';
