CREATE FUNCTION etl.expected_storage(p_models text[]) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT jsonb_object_agg(s.source_name, s.relations)
    FROM (
        SELECT
            m.source_name,
            jsonb_object_agg(m.table_name, t.relations) AS relations
        FROM etl.pipeline_steps AS m
        LEFT JOIN etl.storage AS t ON m.table_name = t.model
        WHERE m.model = ANY(p_models) AND m.layer = 'bronze'
        GROUP BY m.source_name
    ) AS s;
END;
COMMENT ON FUNCTION etl.expected_storage IS
'Returns the recorded files of tables of the sources. Call it before the sources are read, because another session may record them again meanwhile. Argument: models. Returns, by source and table in bronze, the relations (null: unknown); null if no model is in bronze.';
