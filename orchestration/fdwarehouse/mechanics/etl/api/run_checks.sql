-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.run_checks(p_run_id bigint DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    v_run_id bigint;
    v_failure etl.failure;
BEGIN
    CALL etl.pin_settings();
    v_run_id := etl.join_run(p_run_id, 'etl.run_checks');
    COMMIT;
    CALL etl.pin_settings();
    v_failure := etl.execute_checks(v_run_id);
    IF v_failure.error_code <> 'DW002' THEN
        ROLLBACK; -- a transaction that lost its connection to a source cannot be committed
        CALL etl.pin_settings();
    END IF;
    IF v_failure.error_code IS NULL THEN
        PERFORM etl.leave_run(v_run_id, 'etl.run_checks');
    ELSE
        PERFORM etl.fail_steps(v_run_id, '{}', v_failure);
    END IF;
    COMMIT;
    CALL etl.pin_settings();
    IF v_failure.error_code IS NOT NULL THEN
        RAISE EXCEPTION '%', v_failure.message
            USING ERRCODE = v_failure.error_code, DETAIL = v_failure.detail,
                HINT = '`fdwarehouse status`, or etl.check_results, shows the rows.';
    END IF;
END;
$$;
COMMENT ON PROCEDURE etl.run_checks IS
'Runs the checks and stores their results. On its own: all of them, over everything. In a run that built something: those that have not run in it yet, over what it changed; where it reconciled, also those that look at everything. Argument: run id (null: the open run, or one of its own). Errors: DW002 a check of severity error failed.';
