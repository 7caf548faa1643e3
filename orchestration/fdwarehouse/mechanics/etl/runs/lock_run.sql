CREATE FUNCTION etl.lock_run(p_run_id bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_sign_of_life bigint;
BEGIN
    PERFORM etl.pass_gate();
    {%- if prefix %}
    PERFORM etl.require_main_idle(p_run_id);
    {%- endif %}
    SELECT sign_of_life INTO v_sign_of_life
    FROM etl.runs
    WHERE run_id = p_run_id AND status = 'running'
    FOR KEY SHARE; -- keeps it open
    IF NOT FOUND THEN
        RAISE EXCEPTION 'run % is no longer open', p_run_id
            USING ERRCODE = 'DW004', DETAIL = 'Another session has ended it.';
    END IF;
    PERFORM pg_try_advisory_xact_lock_shared(v_sign_of_life);
END;
$$;
COMMENT ON FUNCTION etl.lock_run IS
'Blocks deploys and keeps a run open until the transaction ends. Argument: the run. Errors: DW004 the run has ended, DW006 a deploy is under way.';
