-- Which server process works on a run: the session that runs the whole of it, or one of its steps.
-- A session can outlive its run, and keep its lock, where a COMMIT failed: it was cut off from a
-- source then. It has no transaction open, which pg_locks tells everybody.
CREATE FUNCTION etl.run_holder(p_run_id bigint) RETURNS integer
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT min(l.pid)
    FROM pg_locks AS l
    WHERE
        {{ lock.held('run', 'l') | indent(8) }}
        AND l.objid = p_run_id::integer::oid
        AND EXISTS (
            SELECT FROM pg_locks AS t
            WHERE t.locktype = 'virtualxid' AND t.pid = l.pid AND t.granted
        );
END;
COMMENT ON FUNCTION etl.run_holder IS 'Process id that works on the run now, null when none does.';
