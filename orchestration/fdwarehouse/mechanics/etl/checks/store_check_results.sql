CREATE FUNCTION etl.store_check_results(p_run_id bigint, p_results jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_warned record;
BEGIN
    INSERT INTO etl.check_results (
        run_id,
        check_name,
        layer,
        severity,
        since_run_id,
        offending_rows,
        sample_rows,
        duration,
        unresolved_since_run_id,
        failing_since
    )
    SELECT
        p_run_id,
        r.check_name,
        r.layer,
        r.severity,
        r.since_run_id,
        r.offending_rows,
        r.sample_rows,
        r.duration,
        u.since_run_id,
        CASE
            WHEN u.since_run_id IS NOT NULL THEN coalesce(l.failing_since, clock_timestamp())
        END
    FROM jsonb_populate_recordset(NULL::etl.check_results, p_results) AS r
    LEFT JOIN LATERAL (
        SELECT e.unresolved_since_run_id, e.failing_since
        FROM etl.check_results AS e
        WHERE e.check_name = r.check_name
        ORDER BY e.run_id DESC
        LIMIT 1
    ) AS l ON true
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN r.offending_rows > 0 THEN least(r.since_run_id, l.unresolved_since_run_id)
            WHEN r.since_run_id > l.unresolved_since_run_id THEN l.unresolved_since_run_id
        END
    ) AS u (since_run_id)
    ON CONFLICT (run_id, check_name) DO UPDATE -- but rows that are not looked at are not forgotten
        SET since_run_id = excluded.since_run_id,
            offending_rows = excluded.offending_rows,
            sample_rows = excluded.sample_rows,
            duration = excluded.duration,
            unresolved_since_run_id = excluded.unresolved_since_run_id,
            failing_since = excluded.failing_since,
            checked_at = clock_timestamp()
        WHERE excluded.offending_rows > 0 OR excluded.unresolved_since_run_id IS NULL;

    FOR v_warned IN
        SELECT r.check_name, r.offending_rows, c.description
        FROM jsonb_populate_recordset(NULL::etl.check_results, p_results) AS r
        LEFT JOIN etl.checks AS c ON r.check_name = c.check_name
        WHERE r.severity = 'warn' AND r.offending_rows > 0
    LOOP
        -- The rows are not in the message: it goes to logs that others read.
        RAISE WARNING 'check % warned: % %', v_warned.check_name, v_warned.offending_rows,
            CASE v_warned.offending_rows WHEN 1 THEN 'row' ELSE 'rows' END
            USING DETAIL = coalesce(v_warned.description, ''),
                HINT = format(
                    'SELECT sample_rows FROM etl.check_results WHERE run_id = %s AND check_name = %L;',
                    p_run_id, v_warned.check_name
                );
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.store_check_results IS
'Stores the results of checks in the log, and raises a warning for each check of severity warn that found rows. Arguments: the run, the results of etl.evaluate_checks (null: none).';
