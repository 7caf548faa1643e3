CREATE PROCEDURE etl.raise_failure(p_run_id bigint, p_failure etl.failure)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '%', concat_ws(': ', p_failure.model, p_failure.message)
        USING ERRCODE = p_failure.error_code,
            DETAIL = concat_ws(
                E'\n', nullif(p_failure.detail, ''), 'In run ' || p_run_id || '.'
            ),
            HINT = coalesce(
                nullif(p_failure.hint, ''),
                format('SELECT model, error FROM etl.steps WHERE run_id = %s;', p_run_id)
            );
END;
$$;
COMMENT ON PROCEDURE etl.raise_failure IS
'Raises an error that was caught and logged. Arguments: the run, the error.';
