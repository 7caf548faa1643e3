-- It is not SECURITY DEFINER, see etl.forget.
CREATE FUNCTION etl.erase(p_run_id bigint, p_table text, p_key text[]) RETURNS void
LANGUAGE plpgsql
{{- settings.pinned() }}
AS $$
DECLARE
    v_versions bigint;
BEGIN
    PERFORM etl.lock_run(p_run_id);
    PERFORM etl.lock_steps(ARRAY[p_table]);
    PERFORM {{ lock.show_step('p_table') }};
    UPDATE etl.steps SET started_at = clock_timestamp()
    WHERE run_id = p_run_id AND model = p_table;

    EXECUTE format(
        'SELECT %I.%I($1, $2)',
        (parse_ident(p_table))[1],
        'erase_' || (parse_ident(p_table))[2]
    )
    INTO v_versions
    USING p_run_id, p_key;
    IF v_versions = 0 THEN
        RAISE WARNING 'no row of % has the key that was forgotten', p_table
            USING HINT = format(
                'It is recorded all the same, so that such a row is never read. If the key was mistyped: '
                'DELETE FROM etl.forgotten_keys WHERE run_id = %s;',
                p_run_id
            );
    END IF;
    EXECUTE format('ANALYZE %s', p_table::regclass); -- statistics contain values
    DELETE FROM etl.chunks AS c -- so do the limits of chunks
    USING etl.watermarks AS w
    WHERE c.model = p_table AND w.model = c.model;
    DELETE FROM etl.watermarks WHERE model = ANY(etl.downstream_of(p_table));

    UPDATE etl.steps
    SET status = 'succeeded',
        rows_read = 0,
        rows_inserted = 0,
        rows_updated = 0,
        rows_deleted = v_versions,
        rows_rejected = 0,
        finished_at = clock_timestamp()
    WHERE run_id = p_run_id AND model = p_table;
END;
$$;
COMMENT ON FUNCTION etl.erase IS
'Erases a row from bronze, and makes the next steps of all its downstream tables full refreshes. Arguments: the run, the table in bronze, the values of the key.';
