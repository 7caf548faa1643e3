-- The counterpart of acquire_run.
CREATE FUNCTION etl.release_run(p_run etl.acquired_run, p_models text[] DEFAULT NULL)
RETURNS etl.failure
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no right on the log itself
{{- settings.pinned() }}
SET lock_timeout = {{ timeouts.lock | literal }} -- another step of the run may hold its row
AS $$
DECLARE
    v_spans_sessions boolean;
BEGIN
    PERFORM etl.require_own_run(p_run.run_id);
    IF p_run.is_new THEN
        PERFORM etl.conclude_run(p_run.run_id);
        RETURN etl.failure_of(p_run.run_id, p_models);
    END IF;

    UPDATE etl.runs
    SET lease_until = clock_timestamp() + lease
    WHERE run_id = p_run.run_id
    RETURNING lease IS NOT NULL INTO v_spans_sessions;
    -- The procedure of this session that began the run raises the failure at its end.
    RETURN CASE WHEN v_spans_sessions THEN etl.failure_of(p_run.run_id, p_models) END;
END;
$$;
COMMENT ON FUNCTION etl.release_run IS
'Ends a run that the caller began, and renews the lease of any other run. Arguments: the result of acquire_run, the models that were built (null: all of the run). Returns the failure to raise (null: none). Errors: DW001 another session works on it, DW004 the run is not open.';
