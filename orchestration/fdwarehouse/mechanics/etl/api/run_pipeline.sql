-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.run_pipeline(p_is_full boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
    v_run etl.acquired_run;
BEGIN
    CALL etl.pin_settings();
    v_run := etl.acquire_run(NULL, 'etl.run_pipeline', p_may_join => false);
    COMMIT;
    CALL etl.extract_and_load_bronze(v_run.run_id, p_is_full);
    CALL etl.build_silver(v_run.run_id, p_is_full);
    CALL etl.build_gold(v_run.run_id, p_is_full);
    CALL etl.run_checks(v_run.run_id);
    CALL etl.return_run(v_run);
END;
$$;
COMMENT ON PROCEDURE etl.run_pipeline IS
'Runs the whole pipeline: extracts what changed in production, cleans it, publishes the star schema and runs the checks. Call it outside a transaction. Argument: true for a full refresh. Errors: DW001 a run is in progress, DW002 a check failed, DW006 a deploy is under way, and those of the models.';
