-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.run_checks(p_run_id bigint DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    v_run etl.acquired_run;
    v_failure etl.failure;
BEGIN
    CALL etl.pin_settings();
    v_run := etl.acquire_run(p_run_id, 'etl.run_checks');
    COMMIT;
    CALL etl.pin_settings();
    v_failure := etl.run_due_checks(v_run.run_id);
    IF v_failure.error_code IS NOT NULL THEN
        CALL etl.fail_transaction(v_run.run_id, '{}', v_failure);
    END IF;
    CALL etl.return_run(v_run, '{}');
END;
$$;
COMMENT ON PROCEDURE etl.run_checks IS
'Runs the checks and stores their results. On its own: all of them, over everything. In a run that built something: those that have not run in it yet, over what it changed; where it reconciled, also those that look at everything. Argument: run id (null: the open run, or a new one). Errors: DW002 a check of severity error failed.';
