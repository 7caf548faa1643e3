-- One transaction of a run. An error is caught, logged in a transaction of its own, raised again.
-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.run_batch(p_run_id bigint, p_models text[], p_is_full boolean)
LANGUAGE plpgsql
AS $$
DECLARE
    v_models pg_catalog.text[] := p_models;
    v_failure etl.failure;
BEGIN
    CALL etl.pin_settings();
    BEGIN
        IF NOT p_is_full THEN -- the fence, in a batch of its own before, may have made some due
            v_models := etl.with_reconciliations(p_models);
        END IF;
        PERFORM etl.plan_steps(p_run_id, v_models, p_is_full);
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS
            v_failure.error_code = RETURNED_SQLSTATE, v_failure.message = MESSAGE_TEXT;
    END;

    IF v_failure.error_code IS NULL THEN
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED; -- to see what a lock was waited for
        CALL etl.pin_settings();
        FOR v_attempt IN 1..5 LOOP
            v_failure := etl.execute_batch(p_run_id, v_models, v_attempt);
            EXIT WHEN NOT etl.is_tried_again(v_failure, v_attempt);
            ROLLBACK;
            SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
            CALL etl.pin_settings();
            RAISE WARNING '%; trying again', concat_ws(': ', v_failure.model, v_failure.message);
            CONTINUE WHEN v_failure.error_code <> 'DW018';
            BEGIN
                v_models := etl.observe_again(p_run_id, v_models, p_is_full);
            EXCEPTION WHEN query_canceled OR OTHERS THEN
                GET STACKED DIAGNOSTICS
                    v_failure.error_code = RETURNED_SQLSTATE, v_failure.message = MESSAGE_TEXT;
                EXIT;
            END;
            COMMIT;
            SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
            CALL etl.pin_settings();
        END LOOP;
    END IF;
    IF v_failure.error_code IS NULL THEN
        COMMIT;
        RETURN;
    ELSIF v_failure.error_code <> 'DW002' THEN
        ROLLBACK; -- a transaction that lost its connection to a source cannot be committed
        CALL etl.pin_settings();
    END IF;

    IF v_failure.error_code <> 'DW004' THEN -- else there is no run to write of
        PERFORM etl.fail_steps(p_run_id, v_models, v_failure);
    END IF;
    COMMIT;
    CALL etl.pin_settings();
    CALL etl.raise_failure(p_run_id, v_failure);
END;
$$;
COMMENT ON PROCEDURE etl.run_batch IS
'Builds models in one transaction, with the checks that must hold before it is committed. Arguments: the run, the models in the order of building, whether to compute everything. Three attempts are made where a connection was lost, five where a table was rewritten while it was read. Errors: those of the models; DW002 a check failed.';
