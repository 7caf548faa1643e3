-- When all its chunks are loaded, a table is in the same state as after one long extraction that
-- began at the fence: the next run reads what has changed since. Its reconciliation, which is due
-- immediately, finds the rows that were deleted in the meantime.
CREATE FUNCTION etl.complete_backfill() RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_model text;
    v_fence_run_id bigint;
BEGIN
    FOR v_model, v_fence_run_id IN
        SELECT c.model, c.fence_run_id
        FROM etl.chunks AS c
        WHERE NOT EXISTS (SELECT FROM etl.watermarks AS w WHERE w.model = c.model)
        GROUP BY c.model, c.fence_run_id
        HAVING bool_and(c.run_id IS NOT NULL)
        ORDER BY c.model
    LOOP
        PERFORM FROM etl.pipeline_steps WHERE model = v_model FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND -- another session completes it
            OR EXISTS (SELECT FROM etl.watermarks WHERE model = v_model); -- or has done so
        PERFORM {{ lock.show_step('v_model') }};

        WITH parts AS (
            DELETE FROM etl.bucket_hashes
            WHERE model = v_model AND chunk > 0
            RETURNING bucket, row_count, hash
        )

        INSERT INTO etl.bucket_hashes AS t (model, chunk, bucket, row_count, hash)
        SELECT v_model, 0, bucket, sum(row_count), bit_xor(hash)
        FROM parts
        GROUP BY bucket
        ON CONFLICT (model, chunk, bucket) DO UPDATE
            SET row_count = t.row_count + excluded.row_count,
                hash = int8xor(t.hash, excluded.hash);

        PERFORM etl.create_deferred_indexes(v_model);
        EXECUTE format('ANALYZE %s', v_model::regclass);

        INSERT INTO etl.watermarks (
            model, run_id, fence, snapshot_xmin, utc_offset, changed_run_id, advanced_at
        )
        SELECT
            m.model,
            f.run_id,
            f.fence,
            f.snapshot_xmin,
            f.utc_offset,
            (SELECT max(c.run_id) FROM etl.chunks AS c WHERE c.model = v_model),
            CASE WHEN m.interval_between IS NULL THEN clock_timestamp() ELSE '-infinity' END
        FROM etl.pipeline_steps AS m
        INNER JOIN etl.fences AS f ON m.source_name = f.source_name AND f.run_id = v_fence_run_id
        WHERE m.table_name = v_model
        ON CONFLICT (model) DO UPDATE SET changed_run_id = excluded.changed_run_id, advanced_at = excluded.advanced_at;
        RETURN v_model;
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION etl.complete_backfill IS
'Completes one table whose chunks are all loaded: creates its indexes, statistics and watermark. Returns the table (null: none).';
