CREATE FUNCTION etl.enter_steps(p_run_id bigint, p_models text[], p_is_full boolean) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO etl.steps AS s (run_id, model, layer, position, is_full)
    SELECT p_run_id, m.model, m.layer, m.position, p_is_full
    FROM etl.pipeline_steps AS m
    WHERE m.model = ANY(p_models)
    ORDER BY m.position -- the order of execution, so that a retry waits and does not deadlock
    ON CONFLICT (run_id, model) DO UPDATE
        SET status = 'pending', is_full = s.is_full OR excluded.is_full
        WHERE s.status <> 'succeeded' OR (excluded.is_full AND NOT s.is_full);

    PERFORM etl.defer_indexes(p_models);

    UPDATE etl.runs SET lease_until = clock_timestamp() + lease
    WHERE run_id = p_run_id AND lease IS NOT NULL;
END;
$$;
COMMENT ON FUNCTION etl.enter_steps IS
'Enters the steps of a run in the log before they run, so that other sessions can see them. A step that has succeeded keeps its status. Renews the lease.';
