-- Who may CALL may not write just anything into the log: only of the run that it is in.
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
        RAISE EXCEPTION 'run % is that of process %', p_run_id, v_run.backend_pid
            USING ERRCODE = 'DW004',
                DETAIL = 'A run of one session is written of by that session alone.';
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.require_own_run IS
'Refuses a run that is not open, or is that of one other session. Argument: the run. Errors: DW004.';
