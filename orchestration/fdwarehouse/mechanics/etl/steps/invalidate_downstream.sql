-- An incremental build does not see removed rows: rows that a full refresh deletes, or versions of
-- a dimension that a late-arriving change replaces.
CREATE FUNCTION etl.invalidate_downstream(p_model text, p_is_full boolean) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH later_models AS (
        SELECT later.model
        FROM etl.pipeline_steps AS m
        INNER JOIN etl.pipeline_steps AS later ON m.position < later.position
        WHERE
            m.model = p_model
            AND m.layer IN ('silver', 'gold')
            AND (later.layer = 'gold' OR m.model = ANY(later.reads))
            AND (
                p_is_full
                OR EXISTS (
                    SELECT FROM pg_constraint AS c
                    WHERE c.contype = 'f' AND c.confrelid = m.table_name::regclass
                )
            )
    )

    DELETE FROM etl.watermarks
    WHERE model IN (SELECT l.model FROM later_models AS l);
END;
COMMENT ON FUNCTION etl.invalidate_downstream IS
'After a full refresh, or a step that removed rows that other tables refer to: makes the next builds of its downstream tables in its layer, and of all later tables of gold, full refreshes. Arguments: the model, whether it was refreshed in full.';
