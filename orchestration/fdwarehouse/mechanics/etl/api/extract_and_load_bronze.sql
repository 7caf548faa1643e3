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
'Appends the changes of the sources to bronze, all tables of a source in one snapshot. Arguments: run id (null: the open run, or a new one), true to compare the tables as a whole. Errors: see etl.run_models.';
