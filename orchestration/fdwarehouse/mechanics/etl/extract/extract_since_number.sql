-- Transactions that were open when the snapshot of the last fence was taken have ids from its xmin
-- upward. If ids have started over (production was restored into another cluster), all is read.
CREATE FUNCTION etl.extract_since_number(p_model text, p_run_id bigint, p_since_run_id bigint)
RETURNS bigint
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(
        (
            SELECT CASE WHEN w.snapshot_xmin <= f.snapshot_xmin THEN w.snapshot_xmin END
            FROM etl.watermarks AS w
            INNER JOIN etl.pipeline_steps AS m ON w.model = m.model
            INNER JOIN etl.fences AS f ON m.source_name = f.source_name
            WHERE w.model = p_model AND f.run_id = p_run_id AND p_since_run_id > 0
        ),
        0
    );
END;
COMMENT ON FUNCTION etl.extract_since_number IS
'Returns the lower bound of a transaction id for an extraction: the xmin of the last fence. Arguments: the model, the run, 0 to read all.';
