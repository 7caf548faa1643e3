-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.run_model(
    p_model text, p_run_id bigint DEFAULT NULL, p_is_full boolean DEFAULT false
)
LANGUAGE plpgsql
AS $$
BEGIN
    CALL etl.run_models(ARRAY[p_model], p_run_id, 'etl.run_model', p_is_full);
END;
$$;
COMMENT ON PROCEDURE etl.run_model IS
'Brings one table up to date. Arguments: the table, as etl.pipeline_steps names it; run id (null: the open run, or a new one); true for a full refresh. Errors: DW003 unknown table, and see etl.run_models.';
