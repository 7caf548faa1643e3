CREATE FUNCTION etl.is_done_by_others(p_run_id bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER -- the loader has no right on the log itself
{{- settings.pinned() }}
BEGIN ATOMIC
    SELECT count(*) > 0
    FROM etl.runs
    WHERE run_id = p_run_id AND begun_by = 'etl.backfill' AND status = 'succeeded';
END;
COMMENT ON FUNCTION etl.is_done_by_others IS
'Whether another session has finished the backfill that this session joined. Argument: the run.';
