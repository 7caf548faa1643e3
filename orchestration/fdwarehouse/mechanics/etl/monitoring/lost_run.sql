-- A session that ends its run releases its lock shortly before it commits, so the test is repeated.
-- Locks are those of now, but the caller may see rows as of an earlier snapshot: a run is not lost
-- if a transaction that this snapshot does not see has changed its row.
CREATE FUNCTION etl.lost_run() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER -- who only watches may not call etl.run_owner
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_run_id bigint;
BEGIN
    FOR v_look IN 1..2 LOOP
        SELECT run_id INTO v_run_id
        FROM etl.runs
        WHERE status = 'running'
            AND (lease IS NULL OR lease_until < clock_timestamp())
            AND NOT etl.is_changed_later(xmax);
        IF v_run_id IS NULL OR etl.run_owner(v_run_id) IS NOT NULL THEN
            RETURN NULL;
        END IF;
        PERFORM pg_sleep(0.05);
    END LOOP;
    RETURN v_run_id;
END;
$$;
COMMENT ON FUNCTION etl.lost_run IS
'Returns the run that is open although no session works on it and its lease, if it has one, has expired (null: none). The next run marks it as abandoned.';
