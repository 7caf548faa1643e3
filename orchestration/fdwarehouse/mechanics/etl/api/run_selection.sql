-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.run_selection(p_models text[], p_is_full boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
    v_run etl.acquired_run;
BEGIN
    CALL etl.pin_settings();
    PERFORM etl.batches(p_models); -- fails for an unknown model before a run begins
    v_run := etl.acquire_run(NULL, 'etl.run_selection', p_may_join => false);
    COMMIT;
    CALL etl.run_models(p_models, v_run.run_id, 'etl.run_selection', p_is_full);
    CALL etl.run_checks(v_run.run_id);
    CALL etl.return_run(v_run);
END;
$$;
COMMENT ON PROCEDURE etl.run_selection IS
'Brings some tables up to date in one run, and runs the checks that read them. Tables upstream of them are read as they are. Call it outside a transaction. Arguments: the tables, as etl.pipeline_steps names them; true for a full refresh. Errors: DW003 unknown table, and see etl.run_pipeline.';
