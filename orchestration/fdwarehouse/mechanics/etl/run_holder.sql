-- Which server process holds a run: the session that runs the whole of it, or one of its steps.
CREATE FUNCTION etl.run_holder(p_run_id bigint) RETURNS integer
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT min(l.pid)
    FROM pg_locks AS l
    WHERE
        {{ lock.held('run', 'l') | indent(8) }}
        AND l.objid = p_run_id::integer::oid;
END;
COMMENT ON FUNCTION etl.run_holder IS 'Process id that holds the run now, null when none does.';
