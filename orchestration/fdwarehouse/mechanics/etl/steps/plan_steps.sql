CREATE FUNCTION etl.plan_steps(p_run_id bigint, p_models text[], p_is_full boolean)
RETURNS etl.failure
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no right on the log itself
{{- settings.pinned() }}
SET lock_timeout = {{ timeouts.lock | literal }} -- another step of the run may hold its row
AS $$
BEGIN
    PERFORM etl.require_own_run(p_run_id);
    RETURN etl.attempt(
        format('SELECT etl.enter_steps(%s, %L, %L)', p_run_id, p_models, p_is_full)
    );
END;
$$;
COMMENT ON FUNCTION etl.plan_steps IS
'Enters the steps of a run in the log, see etl.enter_steps. Arguments: the run, the models, whether it is a full refresh. Returns the error (null: none). Errors: DW004 the run is not open.';
