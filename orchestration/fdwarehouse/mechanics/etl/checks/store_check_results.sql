CREATE FUNCTION etl.store_check_results(p_run_id bigint, p_results jsonb) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO etl.check_results (
        run_id, check_name, layer, severity, since_run_id, offending_rows, sample_rows, duration
    )
    SELECT
        p_run_id,
        check_name,
        layer,
        severity,
        since_run_id,
        offending_rows,
        sample_rows,
        duration
    FROM jsonb_populate_recordset(NULL::etl.check_results, p_results)
    ON CONFLICT (run_id, check_name) DO UPDATE
        SET since_run_id = excluded.since_run_id,
            offending_rows = excluded.offending_rows,
            sample_rows = excluded.sample_rows,
            duration = excluded.duration,
            checked_at = clock_timestamp();
END;
COMMENT ON FUNCTION etl.store_check_results IS 'Stores the results of checks in the log.';
