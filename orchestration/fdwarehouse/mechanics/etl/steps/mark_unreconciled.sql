CREATE FUNCTION etl.mark_unreconciled(p_run_id bigint, p_models text[], p_reason text) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO etl.unreconciled AS u (model, run_id, reason)
    SELECT
        m.table_name,
        p_run_id,
        p_reason
    FROM etl.pipeline_steps AS m
    WHERE
        m.table_name = ANY(p_models)
        AND m.interval_between IS NOT NULL -- the others are compared as a whole in every run
        AND p_reason IS NOT NULL
        AND (
            EXISTS (SELECT FROM etl.watermarks AS w WHERE w.model = m.table_name)
            OR EXISTS (SELECT FROM etl.chunks AS c WHERE c.model = m.table_name)
        )
    ON CONFLICT (model) DO UPDATE
        SET run_id = excluded.run_id,
            reason = CASE
                WHEN strpos(u.reason, excluded.reason) > 0 THEN u.reason
                ELSE left(u.reason || '; ' || excluded.reason, 1000)
            END;
END;
COMMENT ON FUNCTION etl.mark_unreconciled IS
'Marks tables that may lack changes that their watermark does not show, so that they are reconciled. Skips tables that were never loaded. Arguments: the run that detected it, the tables in bronze, the reason (null: marks nothing).';
