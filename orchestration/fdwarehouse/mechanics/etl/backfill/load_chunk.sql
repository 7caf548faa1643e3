CREATE FUNCTION etl.load_chunk(p_run_id bigint, p_chunk etl.chunks) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_model etl.pipeline_steps;
    v_started_at timestamptz := clock_timestamp();
    v_counts etl.row_counts;
BEGIN
    SELECT * INTO STRICT v_model FROM etl.pipeline_steps WHERE model = p_chunk.model;
    PERFORM etl.require_no_drift(v_model.table_name);
    IF p_chunk.from_key IS NULL AND p_chunk.before_key IS NULL THEN
        EXECUTE format('SELECT * FROM %s($1, 0)', v_model.writer) INTO v_counts USING p_run_id;
    ELSE
        EXECUTE format('SELECT * FROM %s($1, 0, $2, $3, $4)', v_model.writer)
        INTO v_counts
        USING p_run_id, p_chunk.chunk, p_chunk.from_key, p_chunk.before_key;
    END IF;

    UPDATE etl.chunks
    SET run_id = p_run_id,
        rows_read = v_counts.rows_read,
        started_at = v_started_at,
        finished_at = clock_timestamp()
    WHERE model = p_chunk.model AND chunk = p_chunk.chunk;
END;
$$;
COMMENT ON FUNCTION etl.load_chunk IS
'Loads a chunk of a backfill, which may be a whole table, and records it. Arguments: the run, the chunk. Errors: DW013 drift, and those of the table.';
