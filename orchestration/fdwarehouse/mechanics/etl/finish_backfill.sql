CREATE FUNCTION etl.finish_backfill(p_run_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no right on the log itself
{{- settings.pinned() }}
AS $$
BEGIN
    IF etl.is_backfilled()
        AND pg_try_advisory_xact_lock({{ lock.run('p_run_id') }}) -- else another session goes on
    THEN
        PERFORM etl.end_run(p_run_id, 'succeeded');
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.finish_backfill IS
'Ends the run of a backfill when all is loaded and no other session works on it. Argument: the run.';
