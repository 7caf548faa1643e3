CREATE FUNCTION etl.is_backfilled(p_run_id bigint DEFAULT NULL) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER -- the loader has no privileges on the log
{{- settings.pinned() }}
BEGIN ATOMIC
    SELECT count(*) = 0
    FROM etl.pipeline_steps AS m
    WHERE
        m.loads_chunks
        AND NOT EXISTS (SELECT FROM etl.watermarks AS w WHERE w.model = m.model)
        AND NOT EXISTS ( -- a materialized view without data
            SELECT FROM etl.chunks AS c
            WHERE
                c.model = m.model
                AND c.failed_run_id = p_run_id
                AND (c.failure).error_code = '55000'
        );
END;
COMMENT ON FUNCTION etl.is_backfilled IS
'Whether every table of bronze that can be loaded in chunks has been loaded. Argument: a run that may have set aside materialized views without data, which count as loaded (null: none).';
