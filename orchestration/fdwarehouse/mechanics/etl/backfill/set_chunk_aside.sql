CREATE FUNCTION etl.set_chunk_aside(p_run_id bigint, p_failure etl.failure) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no right on the log itself
{{- settings.pinned() }}
AS $$
BEGIN
    PERFORM etl.require_own_run(p_run_id);
    IF NOT etl.concerns_one_table(p_failure.error_code, p_failure.message) THEN
        RETURN false;
    END IF;
    UPDATE etl.chunks
    SET failed_run_id = p_run_id, failure = p_failure
    WHERE model = p_failure.model AND run_id IS NULL;
    RETURN FOUND;
END;
$$;
COMMENT ON FUNCTION etl.set_chunk_aside IS
'Leaves a table that cannot be loaded to the next backfill, so that this one continues with the others. Arguments: the run, the failure. Returns whether the failure concerns only that table.';
