CREATE FUNCTION etl.extract_since(p_model text, p_run_id bigint, p_since_run_id bigint)
RETURNS timestamptz
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(
        (
            SELECT least(w.fence, min(f.observed_at)) - s.overlap
            FROM etl.watermarks AS w
            INNER JOIN etl.pipeline_steps AS m ON w.model = m.model
            INNER JOIN etl.sources AS s ON m.source_name = s.source_name
            INNER JOIN etl.fences AS f
                ON m.source_name = f.source_name AND w.run_id < f.run_id AND p_run_id >= f.run_id
            WHERE w.model = p_model AND w.fence IS NOT NULL AND p_since_run_id > 0
            GROUP BY w.model, s.source_name
        ),
        '-infinity'
    );
END;
COMMENT ON FUNCTION etl.extract_since IS
'Returns the lower bound of the watermark for an extraction: the last fence of the table, or the earliest time that the clock of its source has shown since, minus the overlap. Arguments: the model, the run, 0 to read all.';
