CREATE FUNCTION etl.failure_of_backfill(p_run_id bigint) RETURNS etl.failure
LANGUAGE plpgsql STABLE SECURITY DEFINER -- the loader has no privileges on the log
{{- settings.pinned() }}
AS $$
DECLARE
    v_failure etl.failure;
    v_failed text[];
BEGIN
    SELECT array_agg(DISTINCT c.model) INTO v_failed
    FROM etl.chunks AS c
    WHERE c.failed_run_id = p_run_id
        AND (c.failure).error_code <> '55000'; -- a materialized view without data is a warning
    IF v_failed IS NULL THEN
        SELECT d.breaks, 'DW013', format('%s.%s: %s', d.source_name, d.subject, d.difference)
        INTO v_failure.model, v_failure.error_code, v_failure.message
        FROM etl.drift AS d
        INNER JOIN etl.pipeline_steps AS m ON d.breaks = m.model AND m.loads_chunks
        WHERE NOT EXISTS (SELECT FROM etl.watermarks AS w WHERE w.model = d.breaks)
        ORDER BY d.breaks, d.subject
        LIMIT 1;
        v_failure.hint := 'Update the contract with `fdwarehouse contract`, adapt the downstream '
            'tables, and deploy.';
    ELSE
        SELECT (c.failure).* INTO v_failure
        FROM etl.chunks AS c
        WHERE c.failed_run_id = p_run_id AND c.model = ANY(v_failed)
        ORDER BY c.model, c.chunk
        LIMIT 1;
        v_failure.detail := concat_ws(
            E'\n',
            nullif(v_failure.detail, ''),
            format('Not loaded: %s. All other tables were.', array_to_string(v_failed, ', '))
        );
    END IF;
    RETURN v_failure;
END;
$$;
COMMENT ON FUNCTION etl.failure_of_backfill IS
'Returns the failure to raise when nothing is left to load: that of the first table that was set aside. Its error code is null if all tables were loaded. Argument: the run.';
