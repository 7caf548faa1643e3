-- The end of each failed transaction of a run.
-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.fail_transaction(p_run_id bigint, p_models text[], p_failure etl.failure)
LANGUAGE plpgsql
AS $$
BEGIN
    IF p_failure.error_code <> 'DW002' THEN -- the results of checks are kept
        ROLLBACK; -- a transaction that lost its connection to a source cannot be committed
    END IF;
    CALL etl.pin_settings();
    IF p_failure.error_code <> 'DW004' THEN -- otherwise there is no open run
        PERFORM etl.fail_steps(p_run_id, p_models, p_failure);
    END IF;
    COMMIT;
    CALL etl.pin_settings();
    CALL etl.raise_failure(p_run_id, p_failure);
END;
$$;
COMMENT ON PROCEDURE etl.fail_transaction IS
'Rolls a transaction back, logs the error in a transaction of its own, and raises it. Arguments: the run, the models of the transaction, the error.';
