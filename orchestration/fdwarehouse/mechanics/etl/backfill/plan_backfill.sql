CREATE FUNCTION etl.plan_backfill(p_run_id bigint, p_chunk_rows bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source text;
BEGIN
    PERFORM FROM etl.sources ORDER BY source_name FOR UPDATE; -- one session plans for all sessions
    FOR v_source IN
        SELECT DISTINCT source_name
        FROM etl.pipeline_steps
        WHERE loads_chunks
        ORDER BY source_name
    LOOP
        EXECUTE format('SELECT %I.plan_chunks($1, $2)', v_source) USING p_run_id, p_chunk_rows;
    END LOOP;
    PERFORM etl.defer_indexes(
        (SELECT array_agg(model) FROM etl.chunks WHERE fence_run_id = p_run_id),
        p_keeps_keys => true
    );
END;
$$;
COMMENT ON FUNCTION etl.plan_backfill IS
'Divides the tables that were never loaded into chunks. Tables that already have chunks keep them. Arguments: the run, the rows per chunk.';
