CREATE FUNCTION etl.observe_again(p_run_id bigint, p_models text[]) RETURNS etl.failure
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no right on the log itself
{{- settings.pinned() }}
SET lock_timeout = {{ timeouts.lock | literal }} -- another step of the run may hold its row
AS $$
BEGIN
    PERFORM etl.require_own_run(p_run_id);
    RETURN etl.attempt(format('SELECT etl.observe_storage(%s, %L)', p_run_id, p_models));
END;
$$;
COMMENT ON FUNCTION etl.observe_again IS
'After DW018: records the files of tables again, in a transaction of its own, before the tables are read again. Arguments: the run, the models. Returns the error (null: none). Errors: DW004 the run is not open.';
