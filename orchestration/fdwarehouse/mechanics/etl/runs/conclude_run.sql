CREATE FUNCTION etl.conclude_run(p_run_id bigint, p_error text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no privileges on the log
{{- settings.pinned() }}
SET lock_timeout = {{ timeouts.lock | literal }} -- another step of the run may hold its row
AS $$
DECLARE
    v_failure text := etl.printable(p_error, 10000);
BEGIN
    PERFORM etl.require_own_run(p_run_id);
    IF EXISTS (SELECT FROM etl.runs WHERE run_id = p_run_id AND begun_by = 'etl.backfill') THEN
        RAISE EXCEPTION 'run % is a backfill', p_run_id
            USING ERRCODE = 'DW004', HINT = 'CALL etl.backfill() continues it and ends it.';
    END IF;
    IF v_failure IS NULL THEN
        SELECT reason INTO v_failure
        FROM (
            SELECT format('%s: %s', model, coalesce(error, 'never ran')) AS reason, status, position
            FROM etl.steps
            WHERE run_id = p_run_id AND status <> 'succeeded'
            UNION ALL
            SELECT format('check %s failed', check_name), 'check', 0
            FROM etl.check_results
            WHERE run_id = p_run_id AND severity = 'error' AND NOT passed
        ) AS reasons
        ORDER BY array_position('{failed,check,pending,rolled_back,skipped}', status), position
        LIMIT 1;
    END IF;
    PERFORM etl.end_run(
        p_run_id, CASE WHEN v_failure IS NULL THEN 'succeeded' ELSE 'failed' END, v_failure
    );
    RETURN v_failure;
END;
$$;
COMMENT ON FUNCTION etl.conclude_run IS
'Ends a run: failed with the given error, or with that of the first step that failed, or check; otherwise succeeded. Arguments: the run, an error from outside the warehouse (null: none). Returns the error. Errors: DW001 another session works on it, DW004 the run is not open.';
