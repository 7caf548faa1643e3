CREATE FUNCTION etl.observe_again(p_run_id bigint, p_models text[], p_is_full boolean)
RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no right on the log itself
{{- settings.pinned() }}
SET lock_timeout = {{ timeouts.lock | literal }} -- another step of the run may hold its row
AS $$
DECLARE
    v_source text;
    v_models text[];
BEGIN
    PERFORM etl.require_own_run(p_run_id);
    PERFORM etl.work_on_run(p_run_id);
    FOR v_source IN
        SELECT DISTINCT source_name FROM etl.models
        WHERE model = ANY(p_models) AND layer = 'bronze'
        ORDER BY source_name
    LOOP
        EXECUTE format('SELECT %I.observe_storage($1, $2)', v_source) USING p_run_id, p_models;
    END LOOP;
    v_models := etl.with_reconciliations(p_models);
    IF v_models <> p_models THEN
        PERFORM etl.plan_steps(p_run_id, v_models, p_is_full);
    END IF;
    RETURN v_models;
END;
$$;
COMMENT ON FUNCTION etl.observe_again IS
'After DW018: notes the files of tables again, in a transaction of its own before they are read again. Arguments: the run, the models, whether everything is computed. Returns the models with the reconciliations that are due now. Errors: DW004 the run has been ended, DW006 a deploy is under way, and those of the connection.';
