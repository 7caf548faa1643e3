CREATE FUNCTION etl.work_on_run(p_run_id bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock_shared({{ lock.pipeline() }}) THEN
        RAISE EXCEPTION 'a deploy is under way'
            USING ERRCODE = 'DW006', HINT = 'Call again when it has ended.';
    END IF;
    PERFORM pg_advisory_xact_lock_shared({{ lock.run('p_run_id') }});
    IF NOT EXISTS (SELECT FROM etl.runs WHERE run_id = p_run_id AND status = 'running') THEN
        RAISE EXCEPTION 'run % is not open any more', p_run_id
            USING ERRCODE = 'DW004', DETAIL = 'Another session has ended it.';
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.work_on_run IS
'Keeps deploys away and a run open until the transaction ends. Argument: the run. Errors: DW004 the run has been ended, DW006 a deploy is under way.';
