-- A role that may CALL may not write anything it likes into the log, only about its own run.
CREATE FUNCTION etl.require_own_run(p_run_id bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_run etl.runs;
BEGIN
    SELECT * INTO v_run FROM etl.runs WHERE run_id = p_run_id AND status = 'running';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'run % is not open', p_run_id
            USING ERRCODE = 'DW004', HINT = 'SELECT * FROM etl.runs ORDER BY run_id DESC;';
    ELSIF v_run.lease IS NULL AND v_run.backend_pid <> pg_backend_pid() THEN
        RAISE EXCEPTION 'run % belongs to process %', p_run_id, v_run.backend_pid
            USING ERRCODE = 'DW004',
                DETAIL = 'Only the session that began a run without a lease can work on it.';
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.require_own_run IS
'Raises an error if a run is not open or belongs to another session. Argument: the run. Errors: DW004.';
