CREATE FUNCTION etl.held_back_by(p_run_id bigint, p_model text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT failed.model
    FROM etl.pipeline_steps AS m
    INNER JOIN etl.steps AS failed
        ON failed.run_id = p_run_id AND failed.status IN ('failed', 'rolled_back', 'skipped')
    INNER JOIN etl.pipeline_steps AS source ON failed.model = source.model
    WHERE
        m.model = p_model
        AND m.model <> source.model
        AND (source.table_name = ANY(m.reads) OR m.table_name = source.table_name)
    ORDER BY source.position
    LIMIT 1;
END;
COMMENT ON FUNCTION etl.held_back_by IS
'Returns the step that holds a model back: an upstream step that failed, was rolled back or was held back itself (null: none). Arguments: the run, the model.';
