CREATE FUNCTION etl.end_run(p_run_id bigint, p_status text, p_error text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE etl.steps
    SET status = 'abandoned', error = coalesce(error, p_error)
    WHERE run_id = p_run_id AND status = 'pending' AND p_status <> 'succeeded';

    UPDATE etl.runs
    SET status = p_status, error = coalesce(error, p_error), finished_at = clock_timestamp()
    WHERE run_id = p_run_id AND status = 'running';

    IF EXISTS (
        SELECT FROM pg_locks AS l
        WHERE
            {{ lock.held('run', 'l') | indent(12) }}
            AND l.objid = p_run_id::integer::oid
            AND l.pid = pg_backend_pid()
    ) THEN
        PERFORM pg_advisory_unlock_shared({{ lock.run('p_run_id') }});
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.end_run IS
'Ends a run with a status and lets go of it. Steps that never ran are marked abandoned. Keeps the first error.';
