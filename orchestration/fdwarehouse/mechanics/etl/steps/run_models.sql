-- Called by all procedures that build something.
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
    v_run etl.acquired_run;
    v_batch record;
    v_model pg_catalog.text;
BEGIN
    CALL etl.pin_settings();
    PERFORM etl.batches(p_models); -- fails for an unknown model before a run begins
    v_run := etl.acquire_run(p_run_id, p_begun_by);
    COMMIT;
    CALL etl.pin_settings();
    FOR v_batch IN SELECT * FROM etl.batches(p_models) LOOP
        CALL etl.run_transaction(v_run.run_id, v_batch.models, p_is_full, v_batch.is_divided);
        IF v_batch.is_divided THEN
            FOREACH v_model IN ARRAY etl.pending_models(v_run.run_id, v_batch.models) LOOP
                CALL etl.run_transaction(v_run.run_id, ARRAY[v_model], p_is_full);
            END LOOP;
        END IF;
    END LOOP;
    CALL etl.return_run(v_run, p_models);
END;
$$;
COMMENT ON PROCEDURE etl.run_models IS
'Builds models, one transaction per batch. Arguments: the models (null: all), the run (null: the open run, or a new one), the calling procedure, whether it is a full refresh. Errors: DW001 to DW006, and those of the models.';
