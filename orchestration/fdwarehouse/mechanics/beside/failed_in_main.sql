-- As in the main deployment, where a table that failed holds back what is built on it: with old rows
-- of one table and new rows of the others, gold would show neither.
CREATE FUNCTION etl.failed_in_main(p_model text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT r.table_name
        FROM etl.pipeline_steps AS m
        CROSS JOIN unnest(m.reads) AS r (table_name)
        CROSS JOIN LATERAL (
            SELECT s.status
            FROM {{ main_etl }}.steps AS s
            WHERE s.model = r.table_name
            ORDER BY s.run_id DESC
            LIMIT 1
        ) AS last_step
        WHERE m.model = p_model AND last_step.status IN ('failed', 'skipped')
        ORDER BY r.table_name
        LIMIT 1
    );
END;
$$;
COMMENT ON FUNCTION etl.failed_in_main IS
'Returns a table of bronze that a model reads and that failed in the last run of the main deployment that read it (null: none). Argument: the model.';
