-- The counterpart of etl.build_models: one transaction of a session of a backfill.
CREATE FUNCTION etl.advance_backfill(
    p_run_id bigint, p_chunk_rows bigint, p_attempt integer DEFAULT 1
) RETURNS etl.failure
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no privileges on bronze
{{- settings.pinned() }}
AS $$
DECLARE
    v_chunk etl.chunks;
    v_failure etl.failure;
    v_storage jsonb;
    v_schema text;
BEGIN
    PERFORM etl.require_own_run(p_run_id);
    PERFORM etl.require_own_transaction(p_run_id, '{}');
    PERFORM etl.require_backfill(p_run_id);
    SET LOCAL lock_timeout = {{ timeouts.lock | literal }};
    SET LOCAL transaction_timeout = {{ timeouts.step | literal }};
    v_failure.model := 'etl.backfill';
    PERFORM etl.lock_run(p_run_id);
    PERFORM pg_sleep(2 ^ (p_attempt - 1) - 1);

    IF EXISTS (
        SELECT FROM etl.pipeline_steps AS m
        WHERE m.loads_chunks
            AND NOT EXISTS (SELECT FROM etl.drift AS d WHERE d.breaks = m.table_name)
            AND NOT EXISTS (SELECT FROM etl.watermarks AS w WHERE w.model = m.model)
            AND NOT EXISTS (SELECT FROM etl.chunks AS c WHERE c.model = m.model)
    ) THEN
        SET LOCAL transaction_timeout = 0;
        SET LOCAL transaction_timeout = {{ timeouts.source | literal }}; -- reads only statistics
        PERFORM etl.plan_backfill(p_run_id, p_chunk_rows);
        UPDATE etl.runs SET lease_until = clock_timestamp() + lease WHERE run_id = p_run_id;
        RETURN v_failure;
    END IF;

    SELECT c.* INTO v_chunk
    FROM etl.chunks AS c
    INNER JOIN etl.pipeline_steps AS m ON c.model = m.model
    WHERE c.run_id IS NULL
        AND NOT EXISTS ( -- the next backfill retries a failed table
            SELECT FROM etl.chunks AS f
            WHERE f.model = c.model AND f.failed_run_id = p_run_id
        )
    ORDER BY m.position, c.chunk
    LIMIT 1
    FOR UPDATE OF c SKIP LOCKED; -- another session loads it
    IF FOUND THEN
        v_failure.model := v_chunk.model;
        v_storage := etl.expected_storage(ARRAY[v_chunk.model]);
        SET LOCAL transaction_timeout = 0; -- a running timer must be stopped before it is set again
        SET LOCAL transaction_timeout = {{ timeouts.source | literal }};
        EXECUTE format(
            'SELECT %I.require_session()',
            (SELECT m.source_name FROM etl.pipeline_steps AS m WHERE m.model = v_chunk.model)
        );
        SET LOCAL transaction_timeout = 0;
        SET LOCAL transaction_timeout = {{ timeouts.step | literal }};
        PERFORM etl.load_chunk(p_run_id, v_chunk);
        PERFORM etl.require_same_source(p_run_id, v_storage);
    ELSE
        v_failure.model := etl.complete_backfill();
    END IF;
    UPDATE etl.runs SET lease_until = clock_timestamp() + lease WHERE run_id = p_run_id;
    RETURN v_failure;
EXCEPTION WHEN query_canceled OR OTHERS THEN
    {{ failure.catch() | indent(4) }}
    IF etl.is_done_by_others(p_run_id) THEN -- whatever failed, nothing is left to do
        RETURN NULL;
    END IF;
    RETURN v_failure;
END;
$$;
COMMENT ON FUNCTION etl.advance_backfill IS
'Does the next piece of work of a backfill: divides the tables into chunks, loads a chunk that no other session loads, or completes a table. Renews the lease. Arguments: the run, the rows per chunk, the number of the attempt (1 to 5; they wait for 0, 1, 3, 7, 15 seconds). Returns the model that was worked on, with the error if it was rolled back; null when nothing is left to do.';
