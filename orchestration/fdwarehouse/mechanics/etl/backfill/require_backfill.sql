-- A watermark is the fence of the run that loaded the table: the fence is read first.
CREATE FUNCTION etl.require_backfill(p_run_id bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM etl.runs
        WHERE run_id = p_run_id AND begun_by = 'etl.backfill' AND etl.has_fence(run_id)
    ) THEN
        RAISE EXCEPTION 'run % is not a backfill that has read its fence', p_run_id
            USING ERRCODE = 'DW004', HINT = 'CALL etl.backfill() begins one.';
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.require_backfill IS
'Raises an error for a run that is not a backfill, or has not read the fence of each source. Argument: the run. Errors: DW004.';
