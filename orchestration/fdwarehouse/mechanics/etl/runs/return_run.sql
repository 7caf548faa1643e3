-- The last call of each procedure that acquired a run.
-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.return_run(p_run etl.acquired_run, p_models text[] DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    v_failure etl.failure;
BEGIN
    CALL etl.pin_settings();
    v_failure := etl.release_run(p_run, p_models);
    COMMIT;
    CALL etl.pin_settings();
    IF v_failure.error_code IS NOT NULL THEN
        CALL etl.raise_failure(p_run.run_id, v_failure);
    END IF;
END;
$$;
COMMENT ON PROCEDURE etl.return_run IS
'Releases a run, commits, and raises what failed in it. Arguments: the result of acquire_run, the models that were built (null: all of the run). Errors: those of the models, DW020 a model is held back.';
