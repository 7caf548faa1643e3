-- A transaction of a run reads one snapshot of bronze. A run of the main deployment is in its log
-- before its first row is in bronze: if the snapshot has no later run, it has no row of one either.
-- So the main deployment never waits for a run here.
CREATE FUNCTION etl.require_main_idle(p_run_id bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_later bigint;
BEGIN
    PERFORM etl.pass_gate_of_main();
    -- to_regproc sees later commits than the snapshot: also a deploy between it and the lock.
    IF NOT EXISTS (
        SELECT FROM etl.followed_deployment
        WHERE deployed_as = to_regproc('{{ main_etl }}.pass_gate')
    ) THEN
        RAISE EXCEPTION 'the main deployment was deployed during the run'
            USING ERRCODE = 'DW001', HINT = 'Run again.';
    END IF;
    SELECT min(run_id) INTO v_later
    FROM {{ main_etl }}.runs
    WHERE run_id > p_run_id OR status = 'running';
    IF v_later IS NOT NULL THEN
        RAISE EXCEPTION 'run % of the main deployment has begun during run %', v_later, p_run_id
            USING ERRCODE = 'DW001',
                DETAIL = 'A run beside it reads what is in bronze when it begins.',
                HINT = 'Run again when it has ended: what was built stays.';
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.require_main_idle IS
'Raises an error if bronze may have rows that are later than a run. Argument: the run. Errors: DW001 a run of the main deployment has begun, or it was deployed; DW006 a deploy of it is under way.';
