CREATE FUNCTION etl.failure_of(p_run_id bigint, p_models text[]) RETURNS etl.failure
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_failure etl.failure;
    v_failed text[];
    v_skipped text[];
BEGIN
    SELECT
        array_agg(model ORDER BY position) FILTER (WHERE status = 'failed'),
        array_agg(model ORDER BY position) FILTER (WHERE status = 'skipped')
    INTO v_failed, v_skipped
    FROM etl.steps
    WHERE run_id = p_run_id AND (p_models IS NULL OR model = ANY(p_models));

    IF v_failed IS NOT NULL THEN
        SELECT (s.failure).* INTO v_failure
        FROM etl.steps AS s
        WHERE s.run_id = p_run_id AND s.model = v_failed[1];
    ELSIF v_skipped IS NOT NULL THEN
        SELECT s.model, 'DW020', s.error INTO v_failure.model, v_failure.error_code, v_failure.message
        FROM etl.steps AS s
        WHERE s.run_id = p_run_id AND s.model = v_skipped[1];
    END IF;
    v_failure.detail := nullif(
        concat_ws(
            E'\n',
            nullif(v_failure.detail, ''),
            'Also failed: ' || nullif(array_to_string(v_failed[2:], ', '), '') || '.',
            'Held back: ' || nullif(array_to_string(v_skipped, ', '), '') || '.'
        ),
        ''
    );
    RETURN v_failure;
END;
$$;
COMMENT ON FUNCTION etl.failure_of IS
'Returns the failure to raise after models have been built: that of the first model that failed, with the names of the others that failed or are held back (null: none). Arguments: the run, the models (null: all of the run). Codes: those of the models, DW020 no model failed, but one is held back.';
