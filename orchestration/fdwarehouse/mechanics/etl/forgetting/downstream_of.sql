CREATE FUNCTION etl.downstream_of(p_table text) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE downstream AS (
        SELECT
            m.model,
            m.table_name,
            m.position
        FROM etl.pipeline_steps AS m
        WHERE p_table = ANY(m.reads)
        UNION
        SELECT
            m.model,
            m.table_name,
            m.position
        FROM downstream AS d
        INNER JOIN etl.pipeline_steps AS m ON d.table_name = ANY(m.reads)
    )

    SELECT coalesce(array_agg(d.model ORDER BY d.position), '{}')
    FROM downstream AS d;
END;
COMMENT ON FUNCTION etl.downstream_of IS
'Returns the models that read a table, directly or through others, in topological order. Argument: the table.';
