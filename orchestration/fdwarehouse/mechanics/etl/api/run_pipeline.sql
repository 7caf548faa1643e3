-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.run_pipeline(p_is_full boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
    v_run_id bigint;
    v_failure etl.failure;
BEGIN
    CALL etl.pin_settings();
    v_run_id := etl.join_run(NULL, 'etl.run_pipeline', p_may_join => false);
    COMMIT;
    CALL etl.pin_settings();
    CALL etl.extract_and_load_bronze(v_run_id, p_is_full);
    CALL etl.build_silver(v_run_id, p_is_full);
    CALL etl.build_gold(v_run_id, p_is_full);
    CALL etl.run_checks(v_run_id);
    PERFORM etl.leave_run(v_run_id, 'etl.run_pipeline');
    COMMIT;
    CALL etl.pin_settings();
    v_failure := etl.failure_of(v_run_id, NULL, 'etl.run_pipeline');
    IF v_failure.error_code IS NOT NULL THEN
        CALL etl.raise_failure(v_run_id, v_failure);
    END IF;
END;
$$;
COMMENT ON PROCEDURE etl.run_pipeline IS
'Does everything: extracts what changed in production, cleans it, publishes the star schema, checks. Call it outside a transaction. Argument: true to compute everything anew and write what differs. Errors: DW001 a run is in progress, DW002 a check failed, DW006 a deploy is under way, and those of the models.';
