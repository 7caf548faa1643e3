-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.extract_and_load_bronze(
    p_run_id bigint DEFAULT NULL, p_is_full boolean DEFAULT false
)
LANGUAGE plpgsql
AS $$
BEGIN
    CALL etl.pin_settings();
    CALL etl.run_models(
        etl.models_of('{source,bronze}'), p_run_id, 'etl.extract_and_load_bronze', p_is_full
    );
END;
$$;
COMMENT ON PROCEDURE etl.extract_and_load_bronze IS
'Appends to bronze what changed in the sources, all tables as of one moment. Arguments: run id (null: the open run, or one of its own), true to compute everything anew. Errors: see etl.run_models.';
