-- Models that are published together are built in one transaction: bronze is one snapshot of
-- production, gold one star schema. Each silver table that has changed has its own.
CREATE FUNCTION etl.batches(p_models text[])
RETURNS TABLE (models text[], is_divided boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER -- the loader has no privileges on the catalog
{{- settings.pinned() }}
AS $$
DECLARE
    v_unknown text;
BEGIN
    SELECT model INTO v_unknown
    FROM unnest(p_models) AS asked (model)
    WHERE NOT EXISTS (SELECT FROM etl.pipeline_steps AS m WHERE m.model = asked.model)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'unknown model %', quote_literal(v_unknown)
            USING ERRCODE = 'DW003', HINT = 'SELECT model FROM etl.pipeline_steps ORDER BY position;';
    END IF;

    RETURN QUERY
    WITH wanted AS (
        SELECT m.model, m.layer, m.position
        FROM etl.pipeline_steps AS m
        WHERE p_models IS NULL OR m.model = ANY(p_models)
        UNION
        SELECT fence.model, fence.layer, fence.position -- bronze is never read without its fence
        FROM etl.pipeline_steps AS m
        INNER JOIN etl.pipeline_steps AS fence ON m.source_name = fence.source_name
        WHERE m.model = ANY(p_models) AND fence.layer = 'source'
    )

    SELECT array_agg(model ORDER BY position), layer = 'silver'
    FROM wanted
    GROUP BY layer
    ORDER BY min(position);
END;
$$;
COMMENT ON FUNCTION etl.batches IS
'Returns the given models (null: all) in topological order, those of a layer together, and whether each that has changed is built in a transaction of its own. Errors: DW003 unknown model.';
