-- What a step removes leaves no trace for an incremental build: neither rows that a full build
-- takes away, nor versions of a dimension that turn out never to have been (a change that was
-- committed late was stamped before they were seen).
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
'After a full build, or one that removed rows of a table that others refer to: lets what is made of it in its layer, and all tables of gold that come later, be computed anew. Arguments: the model, whether all of it was computed.';
