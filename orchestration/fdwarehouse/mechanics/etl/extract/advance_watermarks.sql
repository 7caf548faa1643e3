CREATE FUNCTION etl.advance_watermarks(
    p_run_id bigint, p_models text[], p_is_full boolean, p_has_changed boolean
) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH chunks_left AS ( -- of an unfinished backfill
        DELETE FROM etl.chunks WHERE model = ANY(p_models) AND p_is_full
    ),

    reconciled_tables AS ( -- marked by the fence of this run or an earlier one
        DELETE FROM etl.unreconciled AS u
        USING etl.pipeline_steps AS m
        WHERE
            m.model = ANY(p_models)
            AND u.model = m.table_name
            AND (p_is_full OR m.interval_between IS NOT NULL)
            AND u.run_id <= p_run_id
    ),

    reconciled_changes AS ( -- the watermark of a table says when it has changed
        UPDATE etl.watermarks AS w
        SET changed_run_id = p_run_id
        FROM etl.pipeline_steps AS m
        WHERE m.model = ANY(p_models) AND m.model <> m.table_name AND w.model = m.table_name
            AND p_has_changed
    )

    INSERT INTO etl.watermarks AS w (
        model, run_id, fence, snapshot_xmin, utc_offset, changed_run_id
    )
    SELECT
        m.model,
        p_run_id,
        f.fence,
        f.snapshot_xmin,
        f.utc_offset,
        p_run_id
    FROM etl.pipeline_steps AS m
    LEFT JOIN etl.fences AS f ON m.source_name = f.source_name AND f.run_id = p_run_id
    WHERE
        m.model = ANY(p_models)
        -- a table that was read as a whole is also reconciled
        OR (p_is_full AND m.interval_between IS NOT NULL AND m.table_name = ANY(p_models))
    ON CONFLICT (model) DO UPDATE
        SET run_id = excluded.run_id,
            fence = excluded.fence,
            snapshot_xmin = excluded.snapshot_xmin,
            utc_offset = excluded.utc_offset,
            changed_run_id = CASE
                WHEN p_has_changed THEN p_run_id ELSE coalesce(w.changed_run_id, p_run_id)
            END,
            advanced_at = clock_timestamp();
END;
COMMENT ON FUNCTION etl.advance_watermarks IS
'Advances the watermarks of models to a run, for bronze with the fence of that run. Arguments: the run, the models, whether they were refreshed in full, whether rows of their tables have changed.';
