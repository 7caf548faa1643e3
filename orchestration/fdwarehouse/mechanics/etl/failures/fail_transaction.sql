-- How each transaction of a run that failed ends.
-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.fail_transaction(p_run_id bigint, p_models text[], p_failure etl.failure)
LANGUAGE plpgsql
AS $$
BEGIN
    IF p_failure.error_code <> 'DW002' THEN -- the results of checks are kept
        ROLLBACK; -- a transaction that lost its connection to a source cannot be committed
    END IF;
    CALL etl.pin_settings();
    IF p_failure.error_code <> 'DW004' THEN -- else there is no run to write of
        PERFORM etl.fail_steps(p_run_id, p_models, p_failure);
    END IF;
    COMMIT;
    CALL etl.pin_settings();
    CALL etl.raise_failure(p_run_id, p_failure);
END;
$$;
COMMENT ON PROCEDURE etl.fail_transaction IS
'Takes a transaction back, logs why in one of its own, and raises the error. Arguments: the run, the models that were built in it, the error.';
