-- The counterpart of join_run: who began the run ends it, everybody else renews its lease.
CREATE FUNCTION etl.leave_run(p_run_id bigint, p_begun_by text, p_error text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no right on the log itself
{{- settings.pinned() }}
SET lock_timeout = {{ timeouts.lock | literal }} -- another step of the run may hold its row
AS $$
DECLARE
    v_run etl.runs;
    v_failure text := etl.printable(p_error, 10000);
BEGIN
    PERFORM etl.require_own_run(p_run_id);
    SELECT * INTO v_run FROM etl.runs WHERE run_id = p_run_id AND status = 'running';
    IF v_run.begun_by = p_begun_by THEN
        IF v_failure IS NULL THEN
            SELECT format('%s: %s', model, coalesce(error, 'never ran')) INTO v_failure
            FROM etl.steps
            WHERE run_id = p_run_id AND status <> 'succeeded'
            ORDER BY status = 'skipped', position
            LIMIT 1;
        END IF;
        IF v_failure IS NULL THEN
            SELECT format('check %s failed', check_name) INTO v_failure
            FROM etl.check_results
            WHERE run_id = p_run_id AND severity = 'error' AND NOT passed
            LIMIT 1;
        END IF;
        PERFORM etl.end_run(
            p_run_id, CASE WHEN v_failure IS NULL THEN 'succeeded' ELSE 'failed' END, v_failure
        );
    ELSE
        UPDATE etl.runs
        SET lease_until = clock_timestamp() + lease
        WHERE run_id = p_run_id AND lease IS NOT NULL;
    END IF;
    RETURN v_failure;
END;
$$;
COMMENT ON FUNCTION etl.leave_run IS
'Ends the run if the caller began it: succeeded, or failed with the given error or that of a failed step or check, which is returned. Else renews the lease. Errors: DW001 another session works on it.';
