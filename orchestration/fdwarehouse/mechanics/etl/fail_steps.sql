CREATE FUNCTION etl.fail_steps(
    p_run_id bigint, p_models text[], p_failed_model text, p_error text, p_error_code text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no right on the log itself
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE etl.steps
    SET status = 'failed',
        error = CASE
            WHEN model = coalesce(p_failed_model, model) THEN p_error
            ELSE format('rolled back with %s', p_failed_model)
        END,
        error_code = CASE WHEN model = coalesce(p_failed_model, model) THEN p_error_code END,
        finished_at = clock_timestamp()
    WHERE run_id = p_run_id AND model = ANY(p_models) AND status = 'pending';

    UPDATE etl.runs SET error = coalesce(error, p_error) WHERE run_id = p_run_id;

    IF EXISTS (SELECT FROM etl.runs WHERE run_id = p_run_id AND lease IS NULL) THEN
        PERFORM etl.end_run(p_run_id, 'failed', p_error); -- its one session ends with the error
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.fail_steps IS
'Logs the failure of the steps of one transaction, which was rolled back: the model that failed (null: all of them) and its error. A run that lives in one session has failed with it; another stays open for a retry.';
