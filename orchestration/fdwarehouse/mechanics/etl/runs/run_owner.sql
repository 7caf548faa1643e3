-- The server process that works on a run: on all of it, or on one of its steps. A session whose
-- COMMIT failed because it lost its connection to a source can outlive its run and keep the
-- advisory lock. pg_locks shows that such a session has no open transaction. For a moment, the same
-- is true of a session between two transactions, so the test is repeated before it is ignored.
CREATE FUNCTION etl.run_owner(p_run_id bigint) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_owner integer;
    v_is_at_work boolean;
BEGIN
    FOR v_look IN 1..5 LOOP
        SELECT
            l.pid,
            EXISTS (
                SELECT FROM pg_locks AS t
                WHERE t.locktype = 'virtualxid' AND t.pid = l.pid AND t.granted
            ) AS is_at_work
        INTO v_owner, v_is_at_work
        FROM etl.runs AS r
        INNER JOIN pg_locks AS l
            ON {{ lock.is_sign_of_life('l', 'r.sign_of_life') | indent(16) }}
        WHERE r.run_id = p_run_id
            AND (r.lease IS NOT NULL OR l.pid = r.backend_pid)
            AND {{ lock.is_shown_by_worker('l') | indent(12) }}
        ORDER BY is_at_work DESC, l.pid
        LIMIT 1;
        IF v_owner IS NULL OR v_is_at_work THEN
            RETURN v_owner;
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION etl.run_owner IS 'Returns the id of the process that works on a run, or null.';
