CREATE FUNCTION etl.finish_backfill(p_run_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no privileges on the log
{{- settings.pinned() }}
AS $$
BEGIN
    BEGIN
        PERFORM etl.require_own_run(p_run_id);
    EXCEPTION WHEN SQLSTATE 'DW004' THEN
        IF etl.is_done_by_others(p_run_id) THEN
            RETURN;
        END IF;
        RAISE;
    END;
    IF etl.is_backfilled(p_run_id) THEN
        PERFORM FROM etl.runs
        WHERE run_id = p_run_id AND begun_by = 'etl.backfill'
        FOR UPDATE SKIP LOCKED;
        IF FOUND THEN -- otherwise another session still works on it
            PERFORM etl.end_run(p_run_id, 'succeeded');
        END IF;
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.finish_backfill IS
'Ends the run of a backfill if all tables are loaded and no other session works on it. Argument: the run.';
