-- The last call of each procedure that acquired a run.
-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.return_run(p_run etl.acquired_run, p_models text[] DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    v_failure etl.failure;
    v_summary pg_catalog.text;
BEGIN
    CALL etl.pin_settings();
    v_failure := etl.release_run(p_run, p_models);
    v_summary := etl.summary_of_run(p_run.run_id); -- later, a deploy could lock the log
    COMMIT;
    CALL etl.pin_settings();
    IF v_failure.error_code IS NOT NULL THEN
        CALL etl.raise_failure(p_run.run_id, v_failure);
    ELSIF v_summary IS NOT NULL THEN
        RAISE NOTICE '%', v_summary;
    END IF;
END;
$$;
COMMENT ON PROCEDURE etl.return_run IS
'Releases a run, commits, and raises what failed in it; if the run has ended with success, a notice with its summary. Arguments: the result of acquire_run, the models that were built (null: all of the run). Errors: those of the models, DW020 a model is held back.';
