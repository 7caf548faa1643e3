CREATE FUNCTION etl.lock_run(p_run_id bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_sign_of_life bigint;
BEGIN
    PERFORM etl.pass_gate();
    SELECT sign_of_life INTO v_sign_of_life
    FROM etl.runs
    WHERE run_id = p_run_id AND status = 'running'
    FOR KEY SHARE; -- so that it is not ended meanwhile
    IF NOT FOUND THEN
        RAISE EXCEPTION 'run % is not open any more', p_run_id
            USING ERRCODE = 'DW004', DETAIL = 'Another session has ended it.';
    END IF;
    PERFORM pg_try_advisory_xact_lock_shared(v_sign_of_life);
END;
$$;
COMMENT ON FUNCTION etl.lock_run IS
'Keeps deploys away and a run open until the transaction ends. Argument: the run. Errors: DW004 the run has been ended, DW006 a deploy is under way.';
