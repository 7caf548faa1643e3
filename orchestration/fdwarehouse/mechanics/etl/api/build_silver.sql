-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.build_silver(p_run_id bigint DEFAULT NULL, p_is_full boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
BEGIN
    CALL etl.pin_settings();
    CALL etl.run_models(etl.models_of('{silver}'), p_run_id, 'etl.build_silver', p_is_full);
END;
$$;
COMMENT ON PROCEDURE etl.build_silver IS
'Brings the silver tables up to the latest accepted versions in bronze. Arguments: run id (null: the open run, or a new one), true for a full refresh. Errors: see etl.run_models.';
