-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; names are qualified.
CREATE PROCEDURE etl.run_checks(p_run_id bigint DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    v_run_id bigint := etl.join_run(p_run_id, 'etl.run_checks');
    v_results jsonb;
    v_code text;
    v_message text;
    v_detail text;
BEGIN
    COMMIT;
    BEGIN
        v_results := etl.evaluate_checks(v_run_id);
        PERFORM etl.require_checks(v_results);
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS
            v_code = RETURNED_SQLSTATE,
            v_message = MESSAGE_TEXT,
            v_detail = PG_EXCEPTION_DETAIL;
    END;
    IF v_message IS NOT NULL THEN
        ROLLBACK; -- a transaction that lost its connection to a source cannot be committed
    END IF;
    PERFORM etl.store_check_results(v_run_id, v_results);
    PERFORM etl.leave_run(v_run_id, 'etl.run_checks', v_message);
    IF v_message IS NOT NULL THEN
        PERFORM etl.fail_steps(v_run_id, '{}', NULL, concat_ws(E'\n', v_message, v_detail), NULL);
    END IF;
    COMMIT;
    IF v_message IS NOT NULL THEN
        RAISE EXCEPTION '%', v_message
            USING ERRCODE = v_code, DETAIL = v_detail,
                HINT = format('SELECT * FROM etl.check_results WHERE run_id = %s;', v_run_id);
    END IF;
END;
$$;
COMMENT ON PROCEDURE etl.run_checks IS
'Runs the checks and stores their results. On its own: all of them, over everything. In a run that built something: those that have not run in it yet, over what it changed. Argument: run id (null: the open run, or one of its own). Errors: DW002 a check of severity error failed.';
