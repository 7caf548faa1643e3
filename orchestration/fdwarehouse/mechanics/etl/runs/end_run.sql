CREATE FUNCTION etl.end_run(p_run_id bigint, p_status text, p_error text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_spans_sessions constant boolean := (
        SELECT lease IS NOT NULL FROM etl.runs WHERE run_id = p_run_id
    );
    v_sign_of_life constant bigint := (
        SELECT sign_of_life FROM etl.runs WHERE run_id = p_run_id
    );
    v_owner integer;
BEGIN
    -- A session that works on the run would continue as if it had not ended. Only a run that spans
    -- sessions can have steps in others.
    BEGIN
        PERFORM FROM etl.runs WHERE run_id = p_run_id AND v_spans_sessions FOR UPDATE NOWAIT;
    EXCEPTION WHEN lock_not_available THEN
        v_owner := etl.run_owner(p_run_id);
        RAISE EXCEPTION '% still works on run %', coalesce('process ' || v_owner, 'a session'), p_run_id
            USING ERRCODE = 'DW001',
                DETAIL = etl.locked_by('{etl.gate}'),
                HINT = CASE
                    WHEN v_owner IS NULL THEN 'Wait for it.'
                    ELSE format('Wait for it, or SELECT pg_terminate_backend(%s) first.', v_owner)
                END;
    END;

    UPDATE etl.steps
    SET status = 'abandoned', error = coalesce(error, p_error)
    WHERE run_id = p_run_id AND status = 'pending' AND p_status <> 'succeeded';

    UPDATE etl.runs
    SET status = p_status, error = coalesce(error, p_error), finished_at = clock_timestamp()
    WHERE run_id = p_run_id AND status = 'running';
    IF FOUND THEN
        PERFORM etl.tell_end_of_run(p_run_id);
    END IF;

    IF NOT v_spans_sessions AND EXISTS (
        SELECT FROM pg_locks AS l
        WHERE
            l.locktype = 'advisory'
            AND l.pid = pg_backend_pid()
            AND {{ lock.is_sign_of_life('l', 'v_sign_of_life') | indent(12) }}
    ) THEN
        PERFORM pg_advisory_unlock(v_sign_of_life);
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.end_run IS
'Ends a run with a status and releases its lock. Marks steps that never ran as abandoned. Keeps the first error. Errors: DW001 a step of it is running.';
