-- What all the procedures that users call come down to.
-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.run_models(
    p_models text[],
    p_run_id bigint,
    p_begun_by text,
    p_is_full boolean DEFAULT false
)
LANGUAGE plpgsql
AS $$
DECLARE
    v_run_id bigint;
    v_failure etl.failure;
    v_batch pg_catalog.text[];
BEGIN
    CALL etl.pin_settings();
    PERFORM etl.batches(p_models); -- an unknown model begins no run
    v_run_id := etl.join_run(p_run_id, p_begun_by);
    COMMIT;
    CALL etl.pin_settings();
    FOR v_batch IN SELECT batch FROM etl.batches(p_models) AS planned (batch) LOOP
        CALL etl.run_batch(v_run_id, v_batch, p_is_full);
    END LOOP;
    PERFORM etl.leave_run(v_run_id, p_begun_by);
    COMMIT;
    CALL etl.pin_settings();
    v_failure := etl.failure_of(v_run_id, p_models, p_begun_by);
    IF v_failure.error_code IS NOT NULL THEN
        CALL etl.raise_failure(v_run_id, v_failure);
    END IF;
END;
$$;
COMMENT ON PROCEDURE etl.run_models IS
'Builds models, batch by batch. Arguments: the models (null: all), the run (null: the open one, or one of its own), the procedure that asks, whether to compute everything. Errors: DW001 to DW006, and those of the models.';
