-- One transaction of a run. An error is caught, logged in a transaction of its own, raised again.
-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; names are qualified.
CREATE PROCEDURE etl.run_batch(p_run_id bigint, p_models text[], p_is_full boolean)
LANGUAGE plpgsql
AS $$
DECLARE
    v_model text;
    v_results jsonb;
    v_code text;
    v_message text;
    v_detail text;
    v_hint text;
    v_context text;
BEGIN
    PERFORM etl.plan_steps(p_run_id, p_models, p_is_full);
    COMMIT;

    BEGIN
        FOREACH v_model IN ARRAY p_models LOOP
            PERFORM etl.execute_step(p_run_id, v_model);
        END LOOP;
        v_model := NULL;
        SET CONSTRAINTS ALL IMMEDIATE; -- here their errors are still caught
        v_results := etl.evaluate_checks(p_run_id, p_models);
        PERFORM etl.require_checks(v_results);
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS
            v_code = RETURNED_SQLSTATE,
            v_message = MESSAGE_TEXT,
            v_detail = PG_EXCEPTION_DETAIL,
            v_hint = PG_EXCEPTION_HINT,
            v_context = PG_EXCEPTION_CONTEXT;
    END;

    IF v_code IS NOT NULL THEN
        ROLLBACK; -- a transaction that lost its connection to a source cannot be committed
    END IF;
    PERFORM etl.store_check_results(p_run_id, v_results);
    IF v_code IS NULL THEN
        COMMIT;
        RETURN;
    END IF;

    PERFORM etl.fail_steps(
        p_run_id, p_models, v_model, concat_ws(E'\n', v_message, v_detail, v_context), v_code
    );
    COMMIT;
    RAISE EXCEPTION '%', concat_ws(': ', v_model, v_message)
        USING ERRCODE = v_code,
            DETAIL = concat_ws(E'\n', nullif(v_detail, ''), 'In run ' || p_run_id || '.'),
            HINT = coalesce(
                nullif(v_hint, ''),
                format('SELECT model, error FROM etl.steps WHERE run_id = %s;', p_run_id)
            );
END;
$$;
COMMENT ON PROCEDURE etl.run_batch IS
'Builds models in one transaction, with the checks that must hold before it is committed. Arguments: the run, the models in the order of building, whether to compute everything. Errors: those of the models; DW002 a check failed.';
